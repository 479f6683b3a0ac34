package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AddressRulesTest {
  private static final AddressRules STRICT = Reach.internet().rules();

  private static @Nullable String denies(AddressRules rules, String address) {
    return rules.denies(Deliveries.address("host.example", address));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2400:1::5eff:7f00:1",
        "3ffe::1"
      })
  void publicAddressesAreAllowed(String address) {
    assertThat(denies(STRICT, address)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0, unspecified (0.0.0.0/8)",
    "10.255.255.255, private (10.0.0.0/8)",
    "100.64.0.0, carrier-grade NAT (100.64.0.0/10)",
    "100.127.255.255, carrier-grade NAT (100.64.0.0/10)",
    "127.255.255.255, loopback (127.0.0.0/8)",
    "168.63.129.16, host of a cloud (168.63.129.16/32)",
    "169.254.169.254, link-local (169.254.0.0/16)",
    "172.31.255.255, private (172.16.0.0/12)",
    "192.0.0.10, protocol assignments (192.0.0.0/24)",
    "192.0.2.255, documentation (192.0.2.0/24)",
    "192.88.99.2, 6to4 relay (192.88.99.0/24)",
    "192.168.255.255, private (192.168.0.0/16)",
    "198.19.255.255, benchmark (198.18.0.0/15)",
    "198.51.100.1, documentation (198.51.100.0/24)",
    "203.0.113.1, documentation (203.0.113.0/24)",
    "239.255.255.255, multicast (224.0.0.0/4)",
    "255.255.255.255, broadcast (255.255.255.255/32)",
    "240.0.0.1, reserved (240.0.0.0/4)",
    "::, unspecified (::/128)",
    "::1, loopback (::1/128)",
    "::8.8.8.8, IPv4-compatible (::/96)",
    "raw:00000000000000000000ffff08080808, IPv4-mapped (::ffff:0:0/96)",
    "::ffff:0:8.8.8.8, IPv4-translated (::ffff:0:0:0/96)",
    "64:ff9b::8.8.8.8, NAT64 (64:ff9b::/96)",
    "64:ff9b:1:2::1, local NAT64 (64:ff9b:1::/48)",
    "100::1, discard (100::/64)",
    "100:0:0:1::1, dummy (100:0:0:1::/64)",
    "2001:0:1::1, Teredo (2001::/32)",
    "2001:1ff::1, protocol assignments (2001::/23)",
    "2001:db8::1, documentation (2001:db8::/32)",
    "2002:808:808::1, 6to4 (2002::/16)",
    "2606:4700::5efe:8.8.8.8, ISATAP (carries an IPv4 address)",
    "2606:4700::200:5efe:8.8.8.8, ISATAP (carries an IPv4 address)",
    "3fff::1, documentation (3fff::/20)",
    "4000::1, reserved (outside of 2000::/3)",
    "5f00::1, segment routing (5f00::/16)",
    "fd00::1, unique local (fc00::/7)",
    "fe80::1, link-local (fe80::/10)",
    "fec0::1, site-local (fec0::/10)",
    "ff02::1, multicast (ff00::/8)"
  })
  void othersAreDeniedByName(String address, String rule) {
    assertThat(denies(STRICT, address)).isEqualTo(rule);
  }

  @Test
  void anAddressOfOneLinkIsDenied() throws UnknownHostException {
    byte[] bytes = InetAddress.ofLiteral("2606:4700::1").getAddress();
    assertThat(STRICT.denies(Inet6Address.getByAddress("host.example", bytes, 3)))
        .isEqualTo("zone id (an address of one link)");
  }

  @Test
  void whatWasOpenedIsAllowedAndNothingBesideIt() {
    AddressRules rules =
        Reach.internet().withNetworks("10.1.0.0/16", "127.0.0.1", "fd12::/32").rules();
    assertThat(Stream.of("10.1.255.255", "127.0.0.1", "fd12::1", "1.1.1.1"))
        .allSatisfy(address -> assertThat(denies(rules, address)).isNull());
    assertThat(
            Stream.of(
                "10.2.0.0",
                "127.0.0.2",
                "fd13::1",
                "::1",
                "169.254.169.254",
                "::ffff:127.0.0.2",
                "raw:00000000000000000000ffff7f000001",
                "::127.0.0.1",
                "2002:7f00:1::"))
        .allSatisfy(address -> assertThat(denies(rules, address)).isNotNull());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0",
        "169.254.169.254",
        "169.254.0.0/16",
        "168.63.129.16",
        "224.0.0.1",
        "10.0.0.0/7",
        "fe80::/10",
        "fe80::1",
        "64:ff9b::/96",
        "2002::/16",
        "::/96",
        "8.8.8.8",
        "2606:4700::1",
        "192.0.2.0/24",
        "255.255.255.255"
      })
  void whatIsNotPrivateCannotBeOpened(String network) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Reach(false, Set.of(), List.of(network)))
        .withMessageStartingWith("networks: '" + network + "' must lie within one of [127.0.0.0/8");
  }
}
