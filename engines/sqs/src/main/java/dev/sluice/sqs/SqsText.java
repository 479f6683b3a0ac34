package dev.sluice.sqs;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The characters that SQS lets into a body: tab, line feed, carriage return, and everything from
/// the space on but surrogates alone, U+FFFE and U+FFFF.
///
/// Threading: immutable, no state.
final class SqsText {
  private SqsText() {}

  /// The text whose UTF-8 these bytes are; null when they are none, or SQS would refuse it.
  static @Nullable String decoded(byte[] bytes) {
    for (byte b : bytes) {
      if (b >= 0 && b < ' ' && b != '\t' && b != '\n' && b != '\r') {
        return null;
      }
    }
    String text;
    try {
      // A new decoder reports what is malformed, where a String would replace it.
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      return null;
    }
    return text.indexOf('\uFFFE') < 0 && text.indexOf('\uFFFF') < 0 ? text : null;
  }
}
