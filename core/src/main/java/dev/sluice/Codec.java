package dev.sluice;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Function;

/// Turns the payload of a job type into bytes and back.
///
/// Threading: implementations must be thread-safe; those from here are.
public interface Codec<T> {
  /// Makes bytes of a payload.
  ///
  /// @throws CodecException when the payload cannot be encoded
  byte[] encode(T payload);

  /// Makes a payload of bytes.
  ///
  /// @throws CodecException when the bytes are none of this codec's
  T decode(byte[] bytes);

  /// Text as UTF-8.
  static Codec<String> string() {
    return of(
        text -> text.getBytes(StandardCharsets.UTF_8),
        bytes -> {
          try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
          } catch (CharacterCodingException notUtf8) {
            throw new CodecException("the payload is not UTF-8 text", notUtf8);
          }
        });
  }

  /// The bytes themselves; not copied.
  static Codec<byte[]> bytes() {
    return of(Function.identity(), Function.identity());
  }

  /// A codec of two functions.
  static <T> Codec<T> of(Function<T, byte[]> encoder, Function<byte[], T> decoder) {
    Objects.requireNonNull(encoder, "encoder: must not be null");
    Objects.requireNonNull(decoder, "decoder: must not be null");
    return new Codec<>() {
      @Override
      public byte[] encode(T payload) {
        return encoder.apply(Objects.requireNonNull(payload, "payload: must not be null"));
      }

      @Override
      public T decode(byte[] bytes) {
        return decoder.apply(Objects.requireNonNull(bytes, "bytes: must not be null"));
      }
    };
  }
}
