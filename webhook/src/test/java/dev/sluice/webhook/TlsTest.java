package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Deliveries over TLS: the connection goes to the checked address, the name stays in SNI and in
/// the check of the certificate.
@Timeout(60)
final class TlsTest {
  private static final String HOST = "hooks.example";
  private static final char[] PASSWORD = "password".toCharArray();

  @TempDir static Path directory;
  private static SSLContext context;

  @BeforeAll
  static void makeACertificate() throws Exception {
    Path store = directory.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "test",
                "-keyalg",
                "EC",
                "-validity",
                "2",
                "-dname",
                "CN=" + HOST,
                "-ext",
                "san=dns:" + HOST,
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                store.toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("test", keys.getCertificate("test"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
  }

  /// Notes the names that clients ask for in the handshake.
  private static LocalTarget target(Queue<SNIServerName> names) throws IOException {
    return target(
        (_, out) -> LocalTarget.write(out, "HTTP/1.1 200 OK\nContent-Length: 0\n\n"), names);
  }

  private static LocalTarget target(LocalTarget.Script script, Queue<SNIServerName> names)
      throws IOException {
    SSLServerSocket server =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
    return new LocalTarget(
        server,
        script,
        socket -> {
          SSLSocket tls = (SSLSocket) socket;
          tls.startHandshake();
          names.addAll(((ExtendedSSLSession) tls.getSession()).getRequestedServerNames());
        });
  }

  private static Webhook webhook(String host, LocalTarget target) {
    return Webhook.to("https://" + host + ":" + target.port() + "/hook", target.reach());
  }

  private static final Outside.Names LOOPBACK =
      host -> List.of(Deliveries.address(host, "127.0.0.1"));

  @Test
  void theNameIsAskedForAndChecked() throws Exception {
    Queue<SNIServerName> names = new ConcurrentLinkedQueue<>();
    Deliveries deliveries = Deliveries.recorded();
    try (LocalTarget target = target(names);
        WebhookHandler handler = deliveries.handler(webhook(HOST, target), LOOPBACK, context)) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(target.take().header("host")).contains(HOST + ":" + target.port());
      assertThat(target.connections()).isEqualTo(1);
      assertThat(names).containsExactly(new SNIHostName(HOST));
    }
  }

  @Test
  void aCertificateForAnotherNameIsRefused() throws Exception {
    try (LocalTarget target = target(new ConcurrentLinkedQueue<>())) {
      for (String host : List.of("other.example", "127.0.0.1")) {
        try (WebhookHandler handler =
            Deliveries.recorded().handler(webhook(host, target), LOOPBACK, context)) {
          assertThat(Deliveries.note(Deliveries.deliver(handler)))
              .startsWith("no TLS with " + host + ":" + target.port() + ": ");
        }
      }
    }
  }

  @Test
  void aCertificateThatNobodyTrustsIsRefused() throws Exception {
    try (LocalTarget target = target(new ConcurrentLinkedQueue<>());
        WebhookHandler handler = Deliveries.recorded().handler(webhook(HOST, target), LOOPBACK)) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .startsWith("no TLS with " + HOST + ":" + target.port() + ": ");
    }
  }

  @Test
  void anInterruptEndsAHandshake() throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    LocalTarget.Greeting silent =
        _ -> {
          connected.countDown();
          assertThatThrownBy(() -> new CountDownLatch(1).await()).isNotNull();
        };
    ServerSocket server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
    try (LocalTarget target = new LocalTarget(server, (_, _) -> {}, silent)) {
      assertInterruptible(target, connected);
    }
  }

  @Test
  void anInterruptEndsTheWaitForAnAnswer() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    LocalTarget.Script silent =
        (_, _) -> {
          asked.countDown();
          new CountDownLatch(1).await();
        };
    try (LocalTarget target = target(silent, new ConcurrentLinkedQueue<>())) {
      assertInterruptible(target, asked);
    }
  }

  private static void assertInterruptible(LocalTarget target, CountDownLatch moment)
      throws Exception {
    Webhook patient =
        webhook(HOST, target)
            .withConnectTimeout(Duration.ofMinutes(1))
            .withResponseTimeout(Duration.ofHours(1));
    try (WebhookHandler handler = Deliveries.recorded().handler(patient, LOOPBACK, context)) {
      Deliveries.Attempt attempt = Deliveries.start(handler);
      assertThat(moment.await(30, TimeUnit.SECONDS)).isTrue();
      attempt.thread.interrupt();
      assertThatThrownBy(attempt::outcome)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void aBodyThatNeverComesIsNotWaitedForLong() throws Exception {
    LocalTarget.Script silent =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 200 OK\nContent-Length: 100\n\nbegun");
          new CountDownLatch(1).await();
        };
    try (LocalTarget target = target(silent, new ConcurrentLinkedQueue<>());
        WebhookHandler handler =
            Deliveries.recorded()
                .handler(
                    webhook(HOST, target).withResponseTimeout(Duration.ofHours(1)),
                    LOOPBACK,
                    context)) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    }
  }

  @Test
  void aTargetThatSpeaksNoTlsIsRefused() throws Exception {
    try (LocalTarget target = LocalTarget.answering("HTTP/1.1 200 OK\n\n");
        WebhookHandler handler =
            Deliveries.recorded()
                .handler(
                    webhook(HOST, target).withConnectTimeout(Duration.ofMillis(500)), LOOPBACK)) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .isEqualTo("no connection to " + HOST + ":" + target.port() + " within PT0.5S");
    }
  }
}
