package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NetworkTest {
  private static boolean contains(String network, String address) {
    return Network.parse(network).contains(InetAddress.ofLiteral(address).getAddress());
  }

  @Test
  void holdsItsFirstAndItsLastAddressAndNoOther() {
    assertThat(contains("172.16.0.0/12", "172.15.255.255")).isFalse();
    assertThat(contains("172.16.0.0/12", "172.16.0.0")).isTrue();
    assertThat(contains("172.16.0.0/12", "172.31.255.255")).isTrue();
    assertThat(contains("172.16.0.0/12", "172.32.0.0")).isFalse();
    assertThat(contains("10.1.2.3", "10.1.2.3")).isTrue();
    assertThat(contains("10.1.2.3", "10.1.2.2")).isFalse();
    assertThat(contains("0.0.0.0/0", "203.0.113.1")).isTrue();
    assertThat(contains("fc00::/7", "fdff::1")).isTrue();
    assertThat(contains("fc00::/7", "fe00::1")).isFalse();
  }

  @Test
  void holdsNothingOfTheOtherFamily() {
    assertThat(contains("::/0", "127.0.0.1")).isFalse();
    assertThat(contains("0.0.0.0/0", "::1")).isFalse();
  }

  @Test
  void liesWithinAWiderOne() {
    Network wide = Network.parse("10.0.0.0/8");
    assertThat(Network.parse("10.2.0.0/16").isWithin(wide)).isTrue();
    assertThat(wide.isWithin(wide)).isTrue();
    assertThat(wide.isWithin(Network.parse("10.2.0.0/16"))).isFalse();
    assertThat(Network.parse("11.0.0.0/8").isWithin(wide)).isFalse();
    assertThat(Network.parse("0.0.0.0/0").isWithin(wide)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
        "10.0.0.1/8", "10/8", "010.0.0.0/8", "10.0.0.0/0x8", "fd00::/129", "fd00::1/8",
            "fe80::1%lo",
        "host/8", "10.0.0.0 /8", "10.0.0.0/٨", "[fd00::]/8", "fd00::/1000"
      })
  void refusesWhatIsNone(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Network.parse(text))
        .withMessageStartingWith("network: '")
        .withMessageEndingWith("must be like 10.0.0.0/8 or fd00::/8");
  }
}
