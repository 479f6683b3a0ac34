package dev.sluice.rabbitmq;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/// A certificate authority for tests, made with the JDK's `keytool`.
///
/// Threading: confined to the test.
final class Authority {
  private static final String PASSWORD = "no-secret";

  private final Path store;
  private final String name;

  /// @param folder where its files are
  Authority(Path folder, String name) throws IOException, InterruptedException {
    this.store = folder.resolve(name + ".p12");
    this.name = name;
    keytool("-alias", name, "-dname", "CN=" + name, "-ext", "bc:c");
    try {
      write(certificatePem(), "CERTIFICATE", keys().getCertificate(name).getEncoded());
    } catch (GeneralSecurityException failure) {
      throw new IOException(failure);
    }
  }

  /// The file with its own certificate.
  Path certificatePem() {
    return store.resolveSibling(name + ".pem");
  }

  /// Signs a certificate for hosts and writes it, and its key, beside its own: `OWNER.pem` and
  /// `OWNER-key.pem`.
  ///
  /// @param hosts as keytool writes them, as `dns:localhost`
  void sign(String owner, String hosts) throws IOException, InterruptedException {
    keytool("-alias", owner, "-dname", "CN=" + owner, "-signer", name, "-ext", "san=" + hosts);
    try {
      KeyStore keys = keys();
      Certificate certificate = keys.getCertificate(owner);
      write(store.resolveSibling(owner + ".pem"), "CERTIFICATE", certificate.getEncoded());
      byte[] key = keys.getKey(owner, PASSWORD.toCharArray()).getEncoded();
      write(store.resolveSibling(owner + "-key.pem"), "PRIVATE KEY", key);
    } catch (GeneralSecurityException failure) {
      throw new IOException(failure);
    }
  }

  private KeyStore keys() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream file = Files.newInputStream(store)) {
      keys.load(file, PASSWORD.toCharArray());
    }
    return keys;
  }

  private static void write(Path file, String kind, byte[] content) throws IOException {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    Files.writeString(
        file,
        "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n",
        US_ASCII);
  }

  private void keytool(String... which) throws IOException, InterruptedException {
    String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    List<String> always =
        List.of(
            tool,
            "-genkeypair",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-keystore",
            store.toString(),
            "-storepass",
            PASSWORD);
    Process process =
        new ProcessBuilder(Stream.concat(always.stream(), Stream.of(which)).toList())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String words = new String(process.getInputStream().readAllBytes(), US_ASCII);
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + words);
    }
  }
}
