package dev.sluice.app.remote;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/// Trust in the certificates of a file.
///
/// Threading: stateless.
public final class Trust {
  private Trust() {}

  /// In the certificates of the file, and in no others.
  ///
  /// @throws IllegalArgumentException when the file holds no certificates
  public static SSLContext in(Path file) {
    return in(file, false);
  }

  /// In the certificates of the file, and in those that the system trusts.
  ///
  /// @throws IllegalArgumentException when the file holds no certificates
  public static SSLContext besides(Path file) {
    return in(file, true);
  }

  private static SSLContext in(Path file, boolean others) {
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> certificates =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (certificates.isEmpty()) {
        throw new IllegalArgumentException("ca-file: '" + file + "' holds no certificate");
      }
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (Certificate certificate : certificates) {
        store.setCertificateEntry("ca-" + number++, certificate);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      if (others) {
        trust.init((KeyStore) null);
        for (TrustManager manager : trust.getTrustManagers()) {
          if (manager instanceof X509TrustManager known) {
            for (Certificate certificate : known.getAcceptedIssuers()) {
              store.setCertificateEntry("ca-" + number++, certificate);
            }
          }
        }
      }
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException failure) {
      throw new IllegalArgumentException("ca-file: '" + file + "' cannot be read", failure);
    } catch (GeneralSecurityException bad) {
      throw new IllegalArgumentException(
          "ca-file: '" + file + "' must hold certificates in PEM", bad);
    }
  }
}
