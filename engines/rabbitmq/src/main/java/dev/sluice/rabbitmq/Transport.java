package dev.sluice.rabbitmq;

import com.rabbitmq.client.ConnectionFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// What bytes travel on: plain sockets, which can gather what is written, or TLS, where the broker
/// must show a certificate for its host from somebody who is trusted.
///
/// Threading: immutable.
///
/// @param tls null for plain sockets
record Transport(@Nullable SSLContext tls) {

  /// Reads whom the URL trusts. Later changes of that file are not seen.
  ///
  /// @throws IllegalArgumentException when the file cannot be used
  static Transport of(RabbitUrl url) {
    if (!url.tls()) {
      return new Transport(null);
    }
    Path ca = url.ca();
    try {
      return new Transport(ca == null ? SSLContext.getDefault() : trusting(certificates(ca)));
    } catch (GeneralSecurityException | IOException failure) {
      throw new IllegalStateException("this JVM has no TLS", failure);
    }
  }

  private static Collection<? extends Certificate> certificates(Path ca) {
    Collection<? extends Certificate> found;
    try {
      byte[] text = Files.readAllBytes(ca);
      found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(text));
    } catch (IOException failure) {
      throw new IllegalArgumentException(
          "engine: ca '" + ca + "' must be a file that can be read", failure);
    } catch (GeneralSecurityException bad) {
      throw unfit(ca, bad);
    }
    if (found.isEmpty()) {
      throw unfit(ca, null);
    }
    return found;
  }

  private static IllegalArgumentException unfit(Path ca, @Nullable Exception cause) {
    return new IllegalArgumentException(
        "engine: ca '" + ca + "' must hold certificates in PEM, and nothing else", cause);
  }

  private static SSLContext trusting(Collection<? extends Certificate> authorities)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    int number = 0;
    for (Certificate authority : authorities) {
      store.setCertificateEntry("ca" + number++, authority);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  /// Makes the client use it.
  void carry(ConnectionFactory factory) {
    if (tls == null) {
      factory.setSocketFactory(new CorkedSockets());
    } else {
      factory.useSslProtocol(tls);
      factory.enableHostnameVerification();
    }
  }

  /// Threading: immutable.
  private static final class CorkedSockets extends SocketFactory {
    @Override
    public Socket createSocket() {
      return new CorkedSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      throw new SocketException("only unconnected sockets are made here");
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort)
        throws IOException {
      return createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      return createSocket(host.getHostAddress(), port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
        throws IOException {
      return createSocket(host, port);
    }
  }
}
