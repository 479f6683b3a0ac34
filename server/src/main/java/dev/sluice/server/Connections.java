package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// All open connections. Helidon limits how many there are and how long their parts may be; that
/// each part comes in time, and that no address has too many, is seen to here.
///
/// Threading: thread-safe. A loop looks at every connection a few times in the shortest of the
/// limits.
final class Connections implements ServerConnectionSelector, AutoCloseable {
  private static final long LONGEST_PAUSE_NANOS = 500_000_000;

  private final ServerConnectionSelector http;
  private final HttpLimits limits;
  private final boolean countAddresses;
  private final Environment environment;
  private final Environment.Clock clock;
  private final Set<Connection> open = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> byAddress = new ConcurrentHashMap<>();
  private final long pauseNanos;
  private final Loop looking;

  /// @param http makes the connections that are watched
  /// @param countAddresses whether the address of a connection is its client's
  Connections(
      ServerConnectionSelector http,
      HttpLimits limits,
      boolean countAddresses,
      Environment environment) {
    this.http = http;
    this.limits = limits;
    this.countAddresses = countAddresses;
    this.environment = environment;
    this.clock = environment.clock();
    long shortest =
        Math.min(
            Math.min(limits.idle().toNanos(), limits.headerTime().toNanos()),
            Math.min(limits.bodyTime().toNanos(), limits.writeTime().toNanos()));
    pauseNanos = Math.min(LONGEST_PAUSE_NANOS, shortest / 4);
    looking = environment.threads().loop("sluice-connections", this::step);
  }

  private long step() {
    long now = clock.monotonicNanos();
    open.forEach(connection -> connection.check(now));
    return pauseNanos;
  }

  @Override
  public int bytesToIdentifyConnection() {
    return http.bytesToIdentifyConnection();
  }

  @Override
  public Support supports(BufferData data) {
    return http.supports(data);
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return http.supportedApplicationProtocols();
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    return new Connection(context, http, this, limits, environment);
  }

  /// Counts a connection.
  ///
  /// @throws CloseConnectionException when its address has too many
  void opened(Connection connection) {
    if (isCounted(connection.address())
        && byAddress.merge(connection.address(), 1, Integer::sum)
            > limits.maxConnectionsPerAddress()) {
      forget(connection.address());
      throw new CloseConnectionException("The address has too many connections");
    }
    open.add(connection);
  }

  void closed(Connection connection) {
    if (open.remove(connection) && isCounted(connection.address())) {
      forget(connection.address());
    }
  }

  private void forget(String address) {
    byAddress.computeIfPresent(address, (_, count) -> count == 1 ? null : count - 1);
  }

  /// This machine's own clients are not strangers.
  private boolean isCounted(String address) {
    return countAddresses && !isLoopback(address);
  }

  static boolean isLoopback(String address) {
    try {
      return InetAddress.ofLiteral(address).isLoopbackAddress();
    } catch (IllegalArgumentException noLiteral) {
      return address.equals("localhost");
    }
  }

  @Override
  public void close() {
    looking.stop();
  }
}
