package dev.sluice.webhook;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which addresses deliveries may go to: those of the public internet, and the private ones that
/// were opened by name.
///
/// Sources: the special-purpose address registries of IANA (RFC 6890), and the forms of IPv6 that
/// carry an IPv4 address. All of the latter are denied, whatever they carry: a gateway may take
/// them anywhere.
///
/// Threading: immutable.
final class AddressRules {
  private record Rule(String name, Network network) {
    @Override
    public String toString() {
      return name + " (" + network + ")";
    }
  }

  /// What an allow list may open. Link-local addresses are not among it: the metadata services of
  /// clouds, which hand out credentials, live there.
  private static final List<Network> OPENABLE =
      List.of(
          Network.parse("127.0.0.0/8"),
          Network.parse("10.0.0.0/8"),
          Network.parse("172.16.0.0/12"),
          Network.parse("192.168.0.0/16"),
          Network.parse("100.64.0.0/10"),
          Network.parse("::1"),
          Network.parse("fc00::/7"));

  /// The first that fits gives the reason, so a range stands before the one it lies in.
  private static final List<Rule> DENIED =
      List.of(
          rule("unspecified", "0.0.0.0/8"),
          rule("private", "10.0.0.0/8"),
          rule("carrier-grade NAT", "100.64.0.0/10"),
          rule("loopback", "127.0.0.0/8"),
          rule("host of a cloud", "168.63.129.16/32"),
          rule("link-local", "169.254.0.0/16"),
          rule("private", "172.16.0.0/12"),
          rule("protocol assignments", "192.0.0.0/24"),
          rule("documentation", "192.0.2.0/24"),
          rule("6to4 relay", "192.88.99.0/24"),
          rule("private", "192.168.0.0/16"),
          rule("benchmark", "198.18.0.0/15"),
          rule("documentation", "198.51.100.0/24"),
          rule("documentation", "203.0.113.0/24"),
          rule("multicast", "224.0.0.0/4"),
          rule("broadcast", "255.255.255.255/32"),
          rule("reserved", "240.0.0.0/4"),
          rule("unspecified", "::/128"),
          rule("loopback", "::1/128"),
          rule("IPv4-compatible", "::/96"),
          // Read from text it would become a range of IPv4.
          new Rule("IPv4-mapped", Network.ofGroups("::ffff:0:0/96", 96, 0, 0, 0, 0, 0, 0xffff)),
          rule("IPv4-translated", "::ffff:0:0:0/96"),
          rule("NAT64", "64:ff9b::/96"),
          rule("local NAT64", "64:ff9b:1::/48"),
          rule("discard", "100::/64"),
          rule("dummy", "100:0:0:1::/64"),
          rule("Teredo", "2001::/32"),
          rule("protocol assignments", "2001::/23"),
          rule("documentation", "2001:db8::/32"),
          rule("6to4", "2002::/16"),
          rule("documentation", "3fff::/20"),
          rule("segment routing", "5f00::/16"),
          rule("unique local", "fc00::/7"),
          rule("link-local", "fe80::/10"),
          rule("site-local", "fec0::/10"),
          rule("multicast", "ff00::/8"));

  private static final Network GLOBAL_IPV6 = Network.parse("2000::/3");

  private final List<Network> opened;

  /// @param opened ranges that were [#requireOpenable]
  AddressRules(List<Network> opened) {
    this.opened = List.copyOf(opened);
  }

  private static Rule rule(String name, String network) {
    return new Rule(name, Network.parse(network));
  }

  /// Reads a range of an allow list.
  ///
  /// @throws IllegalArgumentException when it is none, or one that must stay closed
  static Network requireOpenable(String text) {
    Network network = Network.parse(text);
    if (OPENABLE.stream().noneMatch(network::isWithin)) {
      throw new IllegalArgumentException(
          "networks: '" + network + "' must lie within one of " + OPENABLE);
    }
    return network;
  }

  /// The rule by which an address is denied, or null when deliveries may go there.
  @Nullable String denies(InetAddress address) {
    if (address instanceof Inet6Address scoped && scoped.getScopeId() != 0) {
      return "zone id (an address of one link)";
    }
    byte[] bytes = address.getAddress();
    if (opened.stream().anyMatch(network -> network.contains(bytes))) {
      return null;
    }
    for (Rule rule : DENIED) {
      if (rule.network.contains(bytes)) {
        return rule.toString();
      }
    }
    if (bytes.length == 16) {
      return deniesGlobal(bytes);
    }
    return null;
  }

  private static @Nullable String deniesGlobal(byte[] bytes) {
    if (!GLOBAL_IPV6.contains(bytes)) {
      return "reserved (outside of " + GLOBAL_IPV6 + ")";
    }
    // RFC 5214: the second half is 00-00-5E-FE or 02-00-5E-FE, and an IPv4 address.
    boolean isatap = (bytes[8] & ~2) == 0 && bytes[9] == 0;
    return isatap && bytes[10] == 0x5e && bytes[11] == (byte) 0xfe
        ? "ISATAP (carries an IPv4 address)"
        : null;
  }
}
