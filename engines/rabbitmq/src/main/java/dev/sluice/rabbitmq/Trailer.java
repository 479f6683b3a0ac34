package dev.sluice.rabbitmq;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// A job's headers behind its payload: their number, and each name and value with its length before
/// it.
///
/// Threading: all static, without state.
final class Trailer {
  private Trailer() {}

  static int length(Map<String, String> headers) {
    int length = Integer.BYTES;
    for (Map.Entry<String, String> header : headers.entrySet()) {
      length += 2 * Integer.BYTES + utf8(header.getKey()).length + utf8(header.getValue()).length;
    }
    return length;
  }

  static byte[] append(byte[] payload, Map<String, String> headers) {
    ByteBuffer body = ByteBuffer.allocate(payload.length + length(headers));
    body.put(payload).putInt(headers.size());
    headers.forEach((name, value) -> {
      put(body, name);
      put(body, value);
    });
    return body.array();
  }

  private static void put(ByteBuffer body, String text) {
    byte[] bytes = utf8(text);
    body.putInt(bytes.length).put(bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] payload(byte[] body, int length) {
    requireFits(body, length);
    return Arrays.copyOf(body, body.length - length);
  }

  /// @throws IllegalArgumentException when the bytes are not headers
  static Map<String, String> headers(byte[] body, int length) {
    requireFits(body, length);
    ByteBuffer rest = ByteBuffer.wrap(body, body.length - length, length);
    Map<String, String> headers = new HashMap<>();
    try {
      for (int left = rest.getInt(); left > 0; left--) {
        headers.put(text(rest), text(rest));
      }
    } catch (BufferUnderflowException broken) {
      throw new IllegalArgumentException("trailer: it ends too early", broken);
    }
    return headers;
  }

  private static String text(ByteBuffer rest) {
    int length = rest.getInt();
    if (length < 0 || length > rest.remaining()) {
      throw new IllegalArgumentException("trailer: a length of " + length + " does not fit");
    }
    byte[] bytes = new byte[length];
    rest.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void requireFits(byte[] body, int length) {
    if (length < Integer.BYTES || length > body.length) {
      throw new IllegalArgumentException("trailer: " + length + " bytes are not there");
    }
  }
}
