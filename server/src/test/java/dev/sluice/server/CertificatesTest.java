package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Codec;
import dev.sluice.JobType;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Environment.Step;
import dev.sluice.engine.Environment.Worker;
import dev.sluice.job.SluiceException;
import dev.sluice.memory.MemoryEngine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
final class CertificatesTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private TlsFiles files() {
    return new TlsFiles(directory.resolve("cert.pem"), directory.resolve("key.pem"));
  }

  /// Makes a certificate as people do, with keytool.
  private void make(String name, String algorithm) throws Exception {
    Path store = directory.resolve(name + ".p12");
    Files.deleteIfExists(store);
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "x",
                "-keyalg",
                algorithm,
                "-dname",
                "CN=" + name,
                "-ext",
                "SAN=ip:127.0.0.1",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    pem("CERTIFICATE", keys.getCertificate("x").getEncoded(), files().certificate());
    pem("PRIVATE KEY", keys.getKey("x", PASSWORD).getEncoded(), files().key());
  }

  private static void pem(String what, byte[] bytes, Path file) throws IOException {
    FileTime before = Files.exists(file) ? Files.getLastModifiedTime(file) : null;
    Files.writeString(
        file,
        "-----BEGIN "
            + what
            + "-----\n"
            + Base64.getMimeEncoder().encodeToString(bytes)
            + "\n-----END "
            + what
            + "-----\n");
    if (before != null) {
      Files.setLastModifiedTime(file, FileTime.fromMillis(before.toMillis() + 2000));
    }
  }

  private static final class TrustAll implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static SSLSocket connect(int port) throws GeneralSecurityException, IOException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustAll()}, null);
    return (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
  }

  /// The name in the certificate that the server shows.
  private static String shown(int port, String... protocols)
      throws GeneralSecurityException, IOException {
    try (SSLSocket socket = connect(port)) {
      if (protocols.length > 0) {
        socket.setEnabledProtocols(protocols);
      }
      socket.startHandshake();
      Certificate first = socket.getSession().getPeerCertificates()[0];
      socket
          .getOutputStream()
          .write(
              "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 404");
      return ((X509Certificate) first).getSubjectX500Principal().getName();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void aNewCertificateNeedsNoRestartAndABrokenOneIsLeftAside(String algorithm) throws Exception {
    make("first", algorithm);
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withPort(0).withTls(files()),
                sluice,
                Callers.everybody(),
                Environment.system())) {
      assertThat(shown(server.port(), "TLSv1.3")).isEqualTo("CN=first");
      assertThat(shown(server.port(), "TLSv1.2")).isEqualTo("CN=first");
      assertThatThrownBy(() -> shown(server.port(), "TLSv1.1")).isInstanceOf(IOException.class);

      Files.writeString(files().key(), "broken");
      make("second", algorithm);
      String name = shown(server.port());
      while (!name.equals("CN=second")) {
        assertThat(name).isEqualTo("CN=first");
        name = shown(server.port());
      }
    }
  }

  @Test
  void theAuditLogHasAddressesAndNoNames() throws Exception {
    make("first", "EC");
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults()
                    .withPort(0)
                    .withTls(files())
                    .withAudit(directory.resolve("audit.log")),
                sluice,
                Callers.everybody(),
                Environment.system());
        SSLSocket socket = connect(server.port())) {
      socket
          .getOutputStream()
          .write(
              """
              DELETE /v1/queues/none HTTP/1.1\r
              Host: localhost\r
              Connection: close\r
              \r
              """
                  .getBytes(StandardCharsets.UTF_8));
      socket.getInputStream().readAllBytes();
    }
    assertThat(Files.readString(directory.resolve("audit.log"))).contains("\"from\":\"127.0.0.1\"");
  }

  /// It is read from while it waits, and written to all the same.
  @Test
  void aWaitingWorkerIsAnsweredAndOneThatIsGoneIsNoticed() throws Exception {
    make("first", "EC");
    byte[] lease =
        ("POST /v1/queues/default/jobs:lease HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Length: 14\r\n\r\n{\"wait\":\"60s\"}")
            .getBytes(StandardCharsets.UTF_8);
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withPort(0).withTls(files()),
                sluice,
                Callers.everybody(),
                Environment.system());
        SSLSocket worker = connect(server.port())) {
      worker.getOutputStream().write(lease);
      while (server.live().leases().count() < 1) {
        Thread.onSpinWait();
      }
      sluice.enqueue(new JobType<>("t", Codec.bytes(), "default"), new byte[0]);
      assertThat(new String(worker.getInputStream().readNBytes(15), StandardCharsets.UTF_8))
          .isEqualTo("HTTP/1.1 200 OK");
      worker
          .getOutputStream()
          .write(
              "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      assertThat(new String(worker.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .contains("HTTP/1.1 404");

      try (SSLSocket ghost = connect(server.port())) {
        ghost.getOutputStream().write(lease);
        while (server.live().leases().count() < 1) {
          Thread.onSpinWait();
        }
      }
      while (server.live().leases().count() > 0) {
        Thread.onSpinWait();
      }
      sluice.close(Duration.ZERO);
    }
  }

  /// Leaves the certificate of one pair with the key of another.
  private void mix(String algorithm) throws Exception {
    make("one", algorithm);
    byte[] certificate = Files.readAllBytes(files().certificate());
    make("other", algorithm);
    Files.write(files().certificate(), certificate);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void theKeyOfAnotherCertificateIsRefused(String algorithm) throws Exception {
    mix(algorithm);
    assertThatThrownBy(() -> new Certificates(files(), Environment.system()))
        .isInstanceOf(SluiceException.class)
        .hasMessage("tls: " + files().key() + " is not the key of " + files().certificate());
  }

  @Test
  void theKeyOfAnotherCertificateReplacesNoGoodPair() throws Exception {
    make("first", "EC");
    AtomicReference<Step> watching = new AtomicReference<>();
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withPort(0).withTls(files()),
                sluice,
                Callers.everybody(),
                byHand("sluice-tls", watching))) {
      assertThat(shown(server.port())).isEqualTo("CN=first");
      mix("EC");
      watching.get().step();
      assertThat(shown(server.port())).isEqualTo("CN=first");
      make("second", "EC");
      watching.get().step();
      assertThat(shown(server.port())).isEqualTo("CN=second");
    }
  }

  /// What hindered a reading may go without another change of the files.
  @Test
  void aPairThatCouldNotBeReadIsTriedAgain() throws Exception {
    make("first", "EC");
    AtomicReference<Step> watching = new AtomicReference<>();
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withPort(0).withTls(files()),
                sluice,
                Callers.everybody(),
                byHand("sluice-tls", watching))) {
      make("second", "EC");
      String key = Files.readString(files().key());
      FileTime changed = Files.getLastModifiedTime(files().key());
      Files.writeString(files().key(), "x".repeat(key.length()));
      Files.setLastModifiedTime(files().key(), changed);
      watching.get().step();
      assertThat(shown(server.port())).isEqualTo("CN=first");
      Files.writeString(files().key(), key);
      Files.setLastModifiedTime(files().key(), changed);
      watching.get().step();
      assertThat(shown(server.port())).isEqualTo("CN=second");
    }
  }

  /// The system's environment, but for one loop whose steps the test makes.
  static Environment byHand(String loop, AtomicReference<Step> steps) {
    Environment system = Environment.system();
    Environment.Threads threads =
        new Environment.Threads() {
          @Override
          public Loop loop(String name, Step step) {
            if (!name.equals(loop)) {
              return system.threads().loop(name, step);
            }
            steps.set(step);
            return new Loop() {
              @Override
              public void wake() {}

              @Override
              public void stop() {}
            };
          }

          @Override
          public Worker handler(String name, Runnable body) {
            return system.threads().handler(name, body);
          }
        };
    return new Environment(system.clock(), system.random(), threads);
  }

  @Test
  void whatCannotBeUsedIsSaid() throws Exception {
    Environment environment = Environment.system();
    assertThatThrownBy(() -> new Certificates(files(), environment))
        .isInstanceOf(SluiceException.class)
        .hasMessageContaining("cert.pem");
    make("first", "EC");
    Files.writeString(files().key(), "no key");
    assertThatThrownBy(() -> new Certificates(files(), environment))
        .isInstanceOf(SluiceException.class)
        .hasMessageContaining("key.pem")
        .hasMessageContaining("BEGIN PRIVATE KEY");
    make("first", "EC");
    Files.writeString(files().certificate(), "no certificate");
    assertThatThrownBy(() -> new Certificates(files(), environment))
        .isInstanceOf(SluiceException.class)
        .hasMessageContaining("cert.pem");
  }
}
