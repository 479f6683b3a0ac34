package dev.sluice.webhook;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Where the deliveries of a [Webhook] may go. [#internet] is the narrow beginning: `https`, port
/// 443, public addresses. Everything else is opened by name.
///
/// Threading: immutable.
///
/// @param http whether plain `http` is allowed, and with it port 80. What is delivered can then be
///   read and changed on the way. Defaults to false.
/// @param ports allowed besides 443 (and 80 with `http`), each 1 to 65535. Defaults to none.
/// @param networks ranges that are allowed although they are not public, such as `10.1.0.0/16`,
///   `127.0.0.1` or `fd12:3456::/32`, at most 64. Each must lie within a private, loopback,
///   carrier-grade NAT or unique local range: link-local, multicast and reserved addresses cannot
///   be opened, because the metadata services of clouds live there. Some of those services also
///   have an address in `fc00::/7` or `100.64.0.0/10`: open no more than you need. Defaults to
///   none.
public record Reach(boolean http, Set<Integer> ports, List<String> networks) {
  private static final Reach INTERNET = new Reach(false, Set.of(), List.of());
  private static final int MAX_NETWORKS = 64;

  /// @throws IllegalArgumentException when a value is not allowed; the message names field, value
  ///   and rule
  public Reach {
    ports = Set.copyOf(ports);
    networks = List.copyOf(networks);
    for (int port : ports) {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException("ports: " + port + " must be between 1 and 65535");
      }
    }
    if (networks.size() > MAX_NETWORKS) {
      throw new IllegalArgumentException(
          "networks: " + networks.size() + " entries must be at most " + MAX_NETWORKS);
    }
    networks.forEach(AddressRules::requireOpenable);
  }

  /// Public addresses over `https` on port 443.
  public static Reach internet() {
    return INTERNET;
  }

  /// Also plain `http`, and port 80.
  public Reach withHttp() {
    return new Reach(true, ports, networks);
  }

  /// Also these ports, instead of those named before.
  public Reach withPorts(Integer... values) {
    return new Reach(http, Set.copyOf(List.of(values)), networks);
  }

  /// Also these ranges, instead of those named before.
  public Reach withNetworks(String... values) {
    return new Reach(http, ports, List.of(values));
  }

  AddressRules rules() {
    return new AddressRules(networks.stream().map(AddressRules::requireOpenable).toList());
  }

  Set<Integer> allPorts() {
    Set<Integer> all = new TreeSet<>(ports);
    all.add(443);
    if (http) {
      all.add(80);
    }
    return all;
  }
}
