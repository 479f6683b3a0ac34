package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CodecTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "a", "Grüße", "\uD83D\uDE00", "a\u0000b"})
  void textComesBackAsItWas(String text) {
    assertThat(Codec.string().decode(Codec.string().encode(text))).isEqualTo(text);
  }

  @Test
  void bytesThatAreNoTextAreToldSo() {
    assertThatThrownBy(() -> Codec.string().decode(new byte[] {(byte) 0xC3, 0x28}))
        .isInstanceOf(CodecException.class)
        .hasMessage("the payload is not UTF-8 text");
  }

  @Test
  void bytesAreNotCopied() {
    byte[] bytes = {1, 2};
    assertThat(Codec.bytes().encode(bytes)).isSameAs(bytes);
    assertThat(Codec.bytes().decode(bytes)).isSameAs(bytes);
  }

  @Test
  void twoFunctionsMakeACodec() {
    Codec<Integer> codec =
        Codec.of(number -> new byte[] {number.byteValue()}, bytes -> (int) bytes[0]);
    assertThat(codec.decode(codec.encode(42))).isEqualTo(42);
  }
}
