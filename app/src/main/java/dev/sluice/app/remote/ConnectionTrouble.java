package dev.sluice.app.remote;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/// What went wrong with a connection, in words for people: the JDK's messages are about its own
/// classes.
///
/// Threading: stateless.
public final class ConnectionTrouble {
  private ConnectionTrouble() {}

  /// The reason, as the end of a sentence that names the server.
  public static String words(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    String lower = message.toLowerCase(Locale.ROOT);
    return switch (failure) {
      case SSLException _ -> tls(message, lower);
      case UnknownHostException _ -> "nobody knows this host";
      case ConnectException refused when refused.getCause() instanceof UnresolvedAddressException ->
          "nobody knows this host";
      case ConnectException _ -> "nobody answers there";
      case HttpTimeoutException _ -> "it does not answer in time";
      default -> {
        if (lower.contains("status line")) {
          yield "it does not answer as HTTP does; does it want https://?";
        }
        yield failure.getMessage() == null
            ? failure.getClass().getSimpleName()
            : Harmless.line(message);
      }
    };
  }

  private static String tls(String message, String lower) {
    if (lower.contains("unable to find valid certification path")
        || lower.contains("path building failed")) {
      return "its certificate comes from nobody that is trusted here";
    }
    if (lower.contains("no subject alternative") || lower.contains("no name matching")) {
      return "its certificate is for another name";
    }
    if (lower.contains("validity check failed") || lower.contains("expired")) {
      return "its certificate is not valid at this time";
    }
    if (lower.contains("unsupported or unrecognized ssl message")) {
      return "it does not speak TLS; does it want http://?";
    }
    return Harmless.line(message);
  }
}
