package dev.sluice.sqlite;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A job's headers as bytes: for each name and each value its length in bytes, then its UTF-8.
///
/// Threading: immutable.
final class Headers {
  private Headers() {}

  static byte[] encode(Map<String, String> headers) {
    byte[][] texts = new byte[headers.size() * 2][];
    int size = 0;
    int next = 0;
    for (Map.Entry<String, String> header : headers.entrySet()) {
      texts[next++] = header.getKey().getBytes(StandardCharsets.UTF_8);
      texts[next++] = header.getValue().getBytes(StandardCharsets.UTF_8);
      size += 8 + texts[next - 2].length + texts[next - 1].length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(size);
    for (byte[] text : texts) {
      bytes.putInt(text.length).put(text);
    }
    return bytes.array();
  }

  static Map<String, String> decode(byte @Nullable [] encoded) {
    if (encoded == null) {
      return Map.of();
    }
    Map<String, String> headers = new HashMap<>();
    ByteBuffer bytes = ByteBuffer.wrap(encoded);
    while (bytes.hasRemaining()) {
      String name = text(bytes);
      headers.put(name, text(bytes));
    }
    return headers;
  }

  private static String text(ByteBuffer bytes) {
    byte[] text = new byte[bytes.getInt()];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
