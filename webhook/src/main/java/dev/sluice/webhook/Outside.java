package dev.sluice.webhook;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/// The network as deliveries meet it; a test brings its own.
///
/// Threading: immutable; its parts must be thread-safe.
///
/// @param names asked once for each attempt
/// @param tls whom to trust
/// @param connecting told of each address that a socket is about to connect to
record Outside(Names names, SSLContext tls, Consumer<InetSocketAddress> connecting) {

  /// Turns a name into addresses.
  @FunctionalInterface
  interface Names {
    List<InetAddress> resolve(String host) throws UnknownHostException;
  }

  /// The machine's resolver and the JDK's trust.
  static Outside machine() {
    try {
      return new Outside(
          host -> List.of(InetAddress.getAllByName(host)), SSLContext.getDefault(), _ -> {});
    } catch (NoSuchAlgorithmException broken) {
      throw new IllegalStateException("the JDK's TLS settings cannot be used", broken);
    }
  }
}
