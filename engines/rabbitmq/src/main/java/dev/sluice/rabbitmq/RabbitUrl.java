package dev.sluice.rabbitmq;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Where the broker is and how Sluice uses it, read from
/// `amqp[s]://user:password@host:port/vhost?keys=carry&prefix=sluice.&ca=/etc/ssl/broker.pem`.
///
/// No message of this class, and no text form of it, holds the password.
///
/// Threading: immutable.
///
/// @param tls whether the connection is encrypted and the host's certificate checked (`amqps`)
/// @param host name or address of the broker
/// @param port defaults to 5672, with TLS to 5671
/// @param user defaults to `guest`
/// @param password defaults to `guest`
/// @param vhost virtual host, defaults to `/`
/// @param prefix what names of queues and exchanges begin with, defaults to `sluice.`
/// @param carriesKeys whether jobs may have a key, which then promises nothing (`keys=carry`)
/// @param ca a file with the certificates of those who may have signed the broker's, for TLS alone;
///   null for the JVM's trust store
record RabbitUrl(
    boolean tls,
    String host,
    int port,
    String user,
    String password,
    String vhost,
    String prefix,
    boolean carriesKeys,
    @Nullable Path ca) {
  private static final int MAX_PREFIX = 64;
  private static final String FORM = "amqp://user:password@host:port/vhost";

  /// Reads a URL.
  ///
  /// @throws IllegalArgumentException with a sentence on what is wrong, without the password
  static RabbitUrl parse(String text) {
    Objects.requireNonNull(text, "engine: must not be null");
    try {
      return of(new URI(text));
    } catch (URISyntaxException broken) {
      throw new IllegalArgumentException(
          "engine: the URL is not of the form " + FORM + ": " + broken.getReason());
    }
  }

  /// As [#parse].
  static RabbitUrl of(URI uri) {
    Objects.requireNonNull(uri, "engine: must not be null");
    String scheme = uri.getScheme();
    boolean tls = "amqps".equalsIgnoreCase(scheme);
    if (!tls && !"amqp".equalsIgnoreCase(scheme)) {
      throw new IllegalArgumentException(
          "engine: the scheme '" + scheme + "' must be amqp or amqps");
    }
    String host = uri.getHost();
    if (host == null || host.isEmpty()) {
      throw new IllegalArgumentException(
          "engine: the URL must name a host, and write @ : / in a password as %40 %3A %2F: "
              + FORM);
    }
    int port = uri.getPort() != -1 ? uri.getPort() : tls ? 5671 : 5672;
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("engine: the port " + port + " must be 1 to 65535");
    }
    if (uri.getRawFragment() != null) {
      throw new IllegalArgumentException("engine: the URL must not have a part after '#'");
    }
    if (isMisread(uri)) {
      throw new IllegalArgumentException(
          "engine: the URL has an '@' behind the host; in user and password '/' is written as %2F,"
              + " '?' as %3F and '@' as %40");
    }
    Login login = Login.of(uri.getRawUserInfo());
    Options options = Options.of(uri.getRawQuery());
    if (options.ca != null && !tls) {
      throw new IllegalArgumentException(
          "engine: ca '"
              + options.ca
              + "' must be left out with amqp, which knows no certificates");
    }
    return new RabbitUrl(
        tls,
        host,
        port,
        login.user,
        login.password,
        vhost(uri.getRawPath()),
        options.prefix,
        options.carriesKeys,
        options.ca);
  }

  /// Whether a part of the password may stand behind the host, where it would be shown.
  private static boolean isMisread(URI uri) {
    return (uri.getRawPath() + "?" + uri.getRawQuery()).indexOf('@') >= 0;
  }

  private static String vhost(@Nullable String rawPath) {
    if (rawPath == null || rawPath.isEmpty() || rawPath.equals("/")) {
      return "/";
    }
    if (rawPath.indexOf('/', 1) >= 0) {
      throw new IllegalArgumentException(
          "engine: the virtual host '" + rawPath.substring(1) + "' must write '/' as %2F");
    }
    return decoded(rawPath.substring(1));
  }

  private static String decoded(String raw) {
    // A plus is a plus, but in the query of an HTML form.
    return URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /// The URL without user, password and options, for people.
  String shown() {
    String path = vhost.equals("/") ? "" : "/" + vhost.replace("/", "%2F");
    return (tls ? "amqps://" : "amqp://") + host + ":" + port + path;
  }

  @Override
  public String toString() {
    return shown();
  }

  /// Who comes.
  private record Login(String user, String password) {
    static Login of(@Nullable String rawUserInfo) {
      if (rawUserInfo == null) {
        return new Login("guest", "guest");
      }
      int colon = rawUserInfo.indexOf(':');
      return colon < 0
          ? new Login(decoded(rawUserInfo), "")
          : new Login(
              decoded(rawUserInfo.substring(0, colon)), decoded(rawUserInfo.substring(colon + 1)));
    }

    @Override
    public String toString() {
      return user;
    }
  }

  /// What stands behind the question mark.
  private record Options(String prefix, boolean carriesKeys, @Nullable Path ca) {
    static Options of(@Nullable String rawQuery) {
      String prefix = "sluice.";
      boolean carriesKeys = false;
      Path ca = null;
      for (String part : rawQuery == null ? new String[0] : rawQuery.split("&", -1)) {
        int equals = part.indexOf('=');
        String name = decoded(equals < 0 ? part : part.substring(0, equals));
        String value = equals < 0 ? "" : decoded(part.substring(equals + 1));
        switch (name) {
          case "prefix" -> prefix = requirePrefix(value);
          case "keys" -> carriesKeys = carries(value);
          case "ca" -> ca = file(value);
          default ->
              throw new IllegalArgumentException(
                  "engine: the option '" + name + "' must be one of ca, keys, prefix");
        }
      }
      return new Options(prefix, carriesKeys, ca);
    }

    private static Path file(String value) {
      try {
        if (!value.isEmpty()) {
          return Path.of(value);
        }
      } catch (InvalidPathException _) {
        // As one that is empty.
      }
      throw new IllegalArgumentException(
          "engine: ca '" + value + "' must be the path of a file with certificates in PEM");
    }

    private static boolean carries(String value) {
      return switch (value) {
        case "carry" -> true;
        case "refuse" -> false;
        default ->
            throw new IllegalArgumentException(
                "engine: keys '" + value + "' must be carry or refuse");
      };
    }

    private static String requirePrefix(String value) {
      if (value.isEmpty() || value.length() > MAX_PREFIX || !value.matches("[A-Za-z0-9._-]+")) {
        throw new IllegalArgumentException(
            "engine: prefix '" + value + "' must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
      }
      return value;
    }
  }
}
