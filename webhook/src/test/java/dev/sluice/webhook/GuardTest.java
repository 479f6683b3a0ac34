package dev.sluice.webhook;

import static dev.sluice.webhook.Deliveries.address;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Outcome;
import dev.sluice.webhook.Deliveries.Attempt;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Names that resolve to what they should not, and ways around the check.
@Timeout(60)
final class GuardTest {
  private static final String OK = "HTTP/1.1 200 OK\nContent-Length: 0\n\n";
  private static final String HOST = "hooks.example";

  private final Deliveries deliveries = Deliveries.recorded();
  private LocalTarget trap;

  @BeforeEach
  void open() throws IOException {
    trap = LocalTarget.answering(OK);
  }

  @AfterEach
  void close() throws IOException {
    trap.close();
  }

  private Webhook webhook(Reach reach) {
    return Webhook.to("http://" + HOST + ":" + trap.port() + "/", reach);
  }

  private InetSocketAddress place(String address) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), trap.port());
  }

  private Reach strict() {
    return Reach.internet().withHttp().withPorts(trap.port());
  }

  private WebhookHandler handler(Reach reach, Outside.Names names) {
    return deliveries.handler(webhook(reach), names);
  }

  private static Outside.Names oneAfterTheOther(String... answers) {
    Queue<String> left = new ArrayDeque<>(List.of(answers));
    return host -> Deliveries.addresses(host, left.remove());
  }

  private void assertNoConnection() {
    assertThat(deliveries.connects).isEmpty();
    assertThat(trap.connections()).isZero();
  }

  @Test
  void aNoteSaysWhichAddressOfWhichRule() throws Exception {
    try (WebhookHandler handler = handler(strict(), _ -> List.of(address(HOST, "127.0.0.1")))) {
      assertThat(Deliveries.deliver(handler))
          .isEqualTo(
              Outcome.retry(
                  "denied: hooks.example leads to 127.0.0.1, which is loopback (127.0.0.0/8);"
                      + " no connection was made"));
    }
    assertNoConnection();
  }

  @Test
  void oneBadAddressAmongGoodOnesDeniesThemAll() throws Exception {
    for (String mixed :
        List.of(
            "93.184.215.14,127.0.0.1",
            "127.0.0.1,93.184.215.14",
            "93.184.215.14,2606:2800:21f::1,::1")) {
      try (WebhookHandler handler = handler(strict(), oneAfterTheOther(mixed))) {
        assertThat(Deliveries.note(Deliveries.deliver(handler)))
            .contains("which is loopback")
            .endsWith("no connection was made");
      }
    }
    assertNoConnection();
  }

  /// The first answer is one that may be connected to, the second is not; each attempt asks once.
  @Test
  void aNameThatChangesItsAddressIsCheckedAtEveryAttempt() throws Exception {
    Reach reach = strict().withNetworks("127.0.0.2");
    AtomicInteger lookups = new AtomicInteger();
    Outside.Names rebinding =
        host -> List.of(address(host, lookups.getAndIncrement() == 0 ? "127.0.0.2" : "127.0.0.1"));
    try (LocalTarget good =
            new LocalTarget(
                new ServerSocket(trap.port(), 5, InetAddress.ofLiteral("127.0.0.2")),
                (_, out) -> {
                  LocalTarget.write(out, OK);
                  throw new IOException("wanted: the next attempt needs a connection of its own");
                });
        WebhookHandler handler = handler(reach, rebinding)) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(lookups).hasValue(1);
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .startsWith("denied: hooks.example leads to 127.0.0.1, which is loopback");
      assertThat(lookups).hasValue(2);
      assertThat(good.connections()).isEqualTo(1);
    }
    assertThat(deliveries.connects).containsExactly(place("127.0.0.2"));
    assertThat(trap.connections()).isZero();
  }

  @Test
  void aConnectionThatIsKeptDoesNotExcuseTheCheck() throws Exception {
    Reach reach = strict().withNetworks("127.0.0.1");
    try (WebhookHandler handler =
        handler(reach, oneAfterTheOther("127.0.0.1", "169.254.169.254", "127.0.0.1"))) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(Deliveries.note(Deliveries.deliver(handler))).contains("169.254.169.254");
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    }
    assertThat(trap.connections()).isEqualTo(1);
  }

  @Test
  void theNameStaysInTheHostHeader() throws Exception {
    Reach reach = strict().withNetworks("127.0.0.0/8");
    try (WebhookHandler handler = handler(reach, host -> List.of(address(host, "127.0.0.1")))) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    }
    assertThat(trap.take().header("host")).contains(HOST + ":" + trap.port());
    assertThat(deliveries.connects).containsExactly(place("127.0.0.1"));
  }

  @Test
  void theNextAddressIsTriedWhenOneRefuses() throws Exception {
    Reach reach = strict().withNetworks("127.0.0.0/8");
    try (WebhookHandler handler =
        handler(reach, host -> Deliveries.addresses(host, "127.0.0.9,127.0.0.1"))) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    }
    assertThat(deliveries.connects).hasSize(2);
  }

  @Test
  void noMoreThanEightAddressesAreTried() throws Exception {
    Reach reach = strict().withNetworks("127.0.0.0/8");
    String many =
        "127.1.0.1,127.1.0.2,127.1.0.3,127.1.0.4,127.1.0.5,127.1.0.6,127.1.0.7,127.1.0.8,127.0.0.1";
    try (WebhookHandler handler = handler(reach, host -> Deliveries.addresses(host, many))) {
      assertThat(Deliveries.note(Deliveries.deliver(handler))).contains("Connection refused");
    }
    assertThat(deliveries.connects).hasSize(8);
    assertThat(trap.connections()).isZero();
  }

  @Test
  void aNameWithoutAnAddressIsAFailure() throws Exception {
    List<Outside.Names> unhelpful =
        List.of(
            _ -> List.of(),
            host -> {
              throw new UnknownHostException(host);
            });
    for (Outside.Names names : unhelpful) {
      try (WebhookHandler handler = handler(strict(), names)) {
        assertThat(Deliveries.deliver(handler))
            .isEqualTo(Outcome.retry("hooks.example could not be resolved"));
      }
    }
  }

  @Test
  void aLookupThatHangsIsGivenUpAndEndedByAnInterrupt() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Outside.Names hanging =
        _ -> {
          asked.countDown();
          boolean interrupted = false;
          while (go.getCount() > 0) {
            try {
              go.await();
            } catch (InterruptedException _) {
              interrupted = true;
            }
          }
          assertThat(interrupted).isFalse();
          return List.of();
        };
    Webhook impatient = webhook(strict()).withConnectTimeout(Duration.ofMillis(200));
    try (WebhookHandler handler = deliveries.handler(impatient.withMaxInFlight(1), hanging)) {
      for (int i = 0; i < 3; i++) {
        assertThat(Deliveries.note(Deliveries.deliver(handler)))
            .isEqualTo("hooks.example was not resolved within PT0.2S");
      }
    }
    try (WebhookHandler handler = deliveries.handler(webhook(strict()), hanging)) {
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      Attempt attempt = Deliveries.start(handler);
      attempt.thread.interrupt();
      assertThatThrownBy(attempt::outcome)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(InterruptedException.class);
    }
    go.countDown();
    assertNoConnection();
  }

  @Test
  void theSocketItselfRefusesWhatIsDenied() throws Exception {
    Queue<InetSocketAddress> connects = new ConcurrentLinkedQueue<>();
    InetSocketAddress place = place("127.0.0.1");
    try (GuardedSocket socket = new GuardedSocket(strict().rules(), connects::add)) {
      assertThatThrownBy(() -> socket.connect(place))
          .hasMessage("denied: 127.0.0.1 is loopback (127.0.0.0/8); no connection was made");
      assertThatThrownBy(() -> socket.connect(place, 100)).hasMessageStartingWith("denied: ");
      assertThatThrownBy(
              () -> socket.connect(InetSocketAddress.createUnresolved(HOST, trap.port())))
          .hasMessage("denied: no checked address; no connection was made");
      assertThat(socket.isConnected()).isFalse();
    }
    assertThat(connects).isEmpty();
    assertThat(trap.connections()).isZero();
  }

  @Test
  void noProxyIsAskedFor() throws Exception {
    Queue<URI> asked = new ConcurrentLinkedQueue<>();
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI uri) {
            asked.add(uri);
            return List.of(new Proxy(Proxy.Type.SOCKS, place("127.0.0.1")));
          }

          @Override
          public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
        });
    try (LocalTarget target = LocalTarget.answering(OK);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    } finally {
      ProxySelector.setDefault(before);
    }
    assertThat(asked).isEmpty();
    assertThat(trap.connections()).isZero();
  }
}
