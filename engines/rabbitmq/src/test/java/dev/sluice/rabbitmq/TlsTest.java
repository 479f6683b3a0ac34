package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.nodes.RabbitNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A broker that speaks TLS, with a certificate for `localhost` and for no address.
final class TlsTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);

  @TempDir private static Path folder;
  private static Authority authority;
  private static Authority other;
  private static Broker broker;
  private static int port;

  @BeforeAll
  static void startBroker() throws IOException, InterruptedException {
    authority = new Authority(folder, "authority");
    other = new Authority(folder, "other");
    authority.sign("broker", "dns:localhost");
    port = RabbitNode.freePort(RandomGenerator.getDefault());
    broker = Broker.own(TlsTest::configure);
  }

  private static void configure(RabbitNode node) throws IOException {
    for (String file : new String[] {"authority.pem", "broker.pem", "broker-key.pem"}) {
      Files.copy(folder.resolve(file), node.outside(file));
    }
    node.configure(
        """
        listeners.ssl.1 = 127.0.0.1:%d
        ssl_options.cacertfile = %s
        ssl_options.certfile = %s
        ssl_options.keyfile = %s
        """
            .formatted(
                port,
                node.inside("authority.pem"),
                node.inside("broker.pem"),
                node.inside("broker-key.pem")));
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  private static String url(String host, Authority trusted) {
    return "amqps://" + host + ":" + port + "?ca=" + trusted.certificatePem();
  }

  @Test
  void aBrokerOfAPrivateAuthorityIsTrustedWhenTheUrlNamesIt() {
    try (Crew crew = new Crew(url("localhost", authority), LIMIT)) {
      RabbitEngine engine = crew.engine();
      Set<JobId> accepted = crew.accept(engine, 100);
      for (Claim claim : crew.claim(engine, 100)) {
        assertThat(accepted.remove(claim.job().id())).isTrue();
        assertThat(crew.settle(engine, claim, Settlement.Complete.INSTANCE))
            .isEqualTo(Settled.APPLIED);
      }
      assertThat(engine.trouble()).isEmpty();
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefusedInASentence() {
    refused(
        url("localhost", other),
        "the broker's certificate is signed by nobody in " + other.certificatePem());
    refused(
        "amqps://localhost:" + port,
        "the broker's certificate is signed by nobody whom this JVM trusts; the option ca=FILE"
            + " names a private authority");
  }

  @Test
  void aCertificateForAnotherHostIsRefusedInASentence() {
    refused(
        url("127.0.0.1", authority),
        "the broker's certificate is not for 127.0.0.1 (No subject alternative names matching IP"
            + " address 127.0.0.1 found), and its host name must be in it");
  }

  @Test
  void whoSpeaksNoTlsIsToldInASentence() {
    refused(
        "amqps://localhost:" + broker.node().port(),
        "TLS failed: Unsupported or unrecognized SSL message");
    refused("amqp://localhost:" + port, "the connection broke");
  }

  private static void refused(String url, String words) {
    String shown = url.replaceFirst("[?].*", "");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open(url, Environment.system(), LIMIT).close())
        .withMessage("no connection to " + shown + ": " + words);
  }

  /// More than the sockets between hold, so the one who writes is stuck until the link is cut.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoWritesToAFrozenBrokerIsFreedInTime(boolean tls) {
    Duration limit = Duration.ofSeconds(2);
    try (Crew crew = new Crew(tls ? url("localhost", authority) : broker.url(), limit)) {
      RabbitEngine engine = crew.engine();
      crew.accept(engine, 1);
      byte[] payload = new byte[1 << 20];
      List<Job> large = Stream.generate(() -> crew.job(payload)).limit(32).toList();
      broker.freeze();
      try {
        long begun = System.nanoTime();
        assertThatExceptionOfType(EngineUnavailableException.class)
            .isThrownBy(() -> crew.accept(engine, large))
            .withMessageStartingWith("nobody knows whether the broker took what was sent");
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(limit.plusSeconds(2));
        crew.await(() -> engine.trouble().isPresent(), "it to be told");
      } finally {
        broker.thaw();
      }
      crew.await(() -> engine.trouble().isEmpty(), "the connection to be back");
      crew.accept(engine, 1);
    }
  }

  @Test
  void aFileOfNoUseIsRefusedInASentence() throws IOException {
    Path empty = Files.writeString(folder.resolve("empty.pem"), "");
    Path text = Files.writeString(folder.resolve("text.pem"), "hello\n");
    unfit(folder.resolve("missing.pem"), "must be a file that can be read");
    unfit(folder, "must be a file that can be read");
    unfit(empty, "must hold certificates in PEM, and nothing else");
    unfit(text, "must hold certificates in PEM, and nothing else");
    unfit(folder.resolve("broker-key.pem"), "must hold certificates in PEM, and nothing else");
  }

  private static void unfit(Path file, String rule) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RabbitEngine.open("amqps://localhost:" + port + "?ca=" + file).close())
        .withMessage("engine: ca '" + file + "' " + rule);
  }
}
