package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.job.SluiceException;
import io.helidon.common.tls.Tls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The server's certificate and key, read again when their files change: a renewed certificate
/// needs no restart, and a broken one leaves the old one in use.
///
/// Threading: `tls` by anybody; the loop alone watches.
final class Certificates implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server.tls");
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final List<String> KEY_KINDS = List.of("RSA", "EC", "EdDSA");
  private static final Map<String, String> SIGNED_WITH =
      Map.of("RSA", "SHA256withRSA", "EC", "SHA256withECDSA");
  private static final byte[] SIGNED = "one pair".getBytes(StandardCharsets.US_ASCII);
  private static final long LOOK_AGAIN_NANOS = 1_000_000_000;

  private final TlsFiles files;
  private final Tls tls;
  private final Loop watching;
  private final Rereading<Versions> rereading;

  private record Versions(
      Optional<Rereading.Version> certificate, Optional<Rereading.Version> key) {
    static Versions of(TlsFiles files) {
      try {
        return new Versions(
            Rereading.Version.of(files.certificate()), Rereading.Version.of(files.key()));
      } catch (IOException failure) {
        throw cannotRead(failure);
      }
    }
  }

  /// Reads both.
  ///
  /// @throws SluiceException when they cannot be used
  Certificates(TlsFiles files, Environment environment) {
    this.files = files;
    rereading = new Rereading<>(() -> Versions.of(files));
    tls = read();
    watching = environment.threads().loop("sluice-tls", this::step);
  }

  Tls tls() {
    return tls;
  }

  private long step() {
    rereading.look(
        () -> {
          tls.reload(read());
          LOG.log(System.Logger.Level.INFO, "tls: the certificate was read again");
        },
        bad ->
            LOG.log(
                System.Logger.Level.WARNING,
                "tls: the certificate of before stays in use: " + bad.getMessage()));
    return LOOK_AGAIN_NANOS;
  }

  private Tls read() {
    List<X509Certificate> chain = chain(files.certificate());
    PrivateKey key = key(files.key());
    try {
      if (!areOnePair(key, chain.getFirst().getPublicKey())) {
        throw new SluiceException(
            "tls: " + files.key() + " is not the key of " + files.certificate());
      }
    } catch (GeneralSecurityException bad) {
      throw new SluiceException(
          "tls: " + files.key() + " cannot be used: " + bad.getMessage(), bad);
    }
    try {
      return Tls.builder().privateKey(key).privateKeyCertChain(chain).build();
    } catch (RuntimeException bad) {
      throw new SluiceException(
          "tls: " + files.certificate() + " and its key cannot be used: " + bad.getMessage(), bad);
    }
  }

  /// Whether the certificate verifies what the key signs. Nothing else would notice before the
  /// first client does.
  private static boolean areOnePair(PrivateKey key, PublicKey certified)
      throws GeneralSecurityException {
    String kind = key.getAlgorithm();
    if (!kind.equals(certified.getAlgorithm())) {
      return false;
    }
    // EdDSA is called the same as its keys are.
    String algorithm = SIGNED_WITH.getOrDefault(kind, kind);
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(key);
    signing.update(SIGNED);
    byte[] signature = signing.sign();
    Signature verifying = Signature.getInstance(algorithm);
    verifying.initVerify(certified);
    verifying.update(SIGNED);
    try {
      return verifying.verify(signature);
    } catch (SignatureException _) {
      // Keys of another length or curve sign in another form.
      return false;
    }
  }

  private static List<X509Certificate> chain(Path file) {
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (chain.isEmpty()) {
        throw new SluiceException("tls: " + file + " holds no certificate in PEM");
      }
      return chain;
    } catch (GeneralSecurityException bad) {
      throw new SluiceException("tls: " + file + " holds no certificate in PEM", bad);
    } catch (IOException failure) {
      throw cannotRead(failure);
    }
  }

  private static PrivateKey key(Path file) {
    byte[] encoded;
    try {
      Matcher matcher = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
      if (!matcher.find()) {
        throw noKey(file);
      }
      encoded = Base64.getMimeDecoder().decode(matcher.group(1));
    } catch (IOException failure) {
      throw cannotRead(failure);
    }
    for (String kind : KEY_KINDS) {
      try {
        return KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (GeneralSecurityException _) {
        // Then it is of another kind.
      }
    }
    throw noKey(file);
  }

  private static SluiceException cannotRead(IOException failure) {
    return new SluiceException("tls: cannot read " + failure.getMessage(), failure);
  }

  private static SluiceException noKey(Path file) {
    return new SluiceException(
        "tls: " + file + " holds no private key in PEM (BEGIN PRIVATE KEY, without a password)");
  }

  @Override
  public void close() {
    watching.stop();
  }
}
