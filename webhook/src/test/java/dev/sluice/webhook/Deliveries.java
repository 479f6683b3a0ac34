package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.JobContext;
import dev.sluice.Outcome;
import dev.sluice.engine.Environment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/// Makes deliveries in tests: with a wall clock that stands, and with sockets and a resolver that
/// never leave the machine.
final class Deliveries {
  static final long NOW_MILLIS = 1_700_000_000_999L;
  static final byte[] PAYLOAD = "{\"order\":42}".getBytes(StandardCharsets.UTF_8);

  /// The addresses that sockets were about to connect to.
  final Queue<InetSocketAddress> connects = new ConcurrentLinkedQueue<>();

  private Deliveries() {}

  static Deliveries recorded() {
    return new Deliveries();
  }

  static Environment environment() {
    Environment system = Environment.system();
    Environment.Clock clock =
        new Environment.Clock() {
          @Override
          public long wallMillis() {
            return NOW_MILLIS;
          }

          @Override
          public long monotonicNanos() {
            return system.clock().monotonicNanos();
          }
        };
    return new Environment(clock, system.random(), system.threads());
  }

  static WebhookHandler handler(Webhook webhook) {
    return new WebhookHandler(webhook, environment());
  }

  WebhookHandler handler(Webhook webhook, Outside.Names names) {
    return handler(webhook, names, trustOfTheJdk());
  }

  WebhookHandler handler(Webhook webhook, Outside.Names names, SSLContext tls) {
    return new WebhookHandler(webhook, environment(), new Outside(names, tls, this::record));
  }

  // The last line before the network: a test that would leave the machine fails here instead.
  private void record(InetSocketAddress place) {
    connects.add(place);
    assertThat(place.getAddress().isLoopbackAddress()).as("%s is on this machine", place).isTrue();
  }

  private static SSLContext trustOfTheJdk() {
    try {
      return SSLContext.getDefault();
    } catch (NoSuchAlgorithmException broken) {
      throw new IllegalStateException(broken);
    }
  }

  /// Addresses from a list with commas; `raw:` and 32 hex digits stay 16 bytes whatever they mean.
  static List<InetAddress> addresses(String host, String list) throws UnknownHostException {
    if (list.isEmpty()) {
      throw new UnknownHostException(host);
    }
    return List.of(list.split(",")).stream().map(text -> address(host, text)).toList();
  }

  static InetAddress address(String host, String text) {
    try {
      byte[] bytes =
          text.startsWith("raw:")
              ? HexFormat.of().parseHex(text.substring(4))
              : InetAddress.ofLiteral(text).getAddress();
      return text.startsWith("raw:")
          ? Inet6Address.getByAddress(host, bytes, -1)
          : InetAddress.getByAddress(host, bytes);
    } catch (UnknownHostException unfit) {
      throw new IllegalArgumentException(text, unfit);
    }
  }

  /// An attempt on a virtual thread, as Sluice makes them.
  static final class Attempt {
    private final FutureTask<Outcome> task;
    final Thread thread;

    Attempt(WebhookHandler handler, JobContext job, byte[] payload) {
      task = new FutureTask<>(() -> handler.handle(payload, job));
      thread = Thread.ofVirtual().start(task);
    }

    Outcome outcome() throws Exception {
      return task.get(30, TimeUnit.SECONDS);
    }
  }

  static Attempt start(WebhookHandler handler) {
    return new Attempt(handler, FakeJob.PLAIN, PAYLOAD);
  }

  static Outcome deliver(WebhookHandler handler) throws Exception {
    return start(handler).outcome();
  }

  static String note(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Outcome.Retry.class);
    return ((Outcome.Retry) outcome).note();
  }
}
