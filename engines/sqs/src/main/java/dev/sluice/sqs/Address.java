package dev.sluice.sqs;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What an engine URL says:
/// `sqs:REGION?endpoint=URL&prefix=NAME-&fifo=true&keys=carry&max-bytes=N`.
///
/// Threading: immutable.
///
/// @param region the AWS region; also needed beside an endpoint, because requests are signed for it
/// @param endpoint a server other than AWS; null for AWS
/// @param prefix what the names of all queues begin with; `sluice-` unless said
/// @param fifo whether the queues are FIFO queues
/// @param carriesKeys whether keys travel with jobs; always so with FIFO queues
/// @param maxBytes the service's limit on one message and on one batch, 1,048,576 unless said
record Address(
    String region,
    @Nullable URI endpoint,
    String prefix,
    boolean fifo,
    boolean carriesKeys,
    int maxBytes) {
  static final int MAX_BYTES = 1 << 20;
  static final int LEAST_BYTES = 64 << 10;
  static final String DEFAULT_PREFIX = "sluice-";

  private static final String FORM =
      "sqs:REGION?endpoint=URL&prefix=NAME-&fifo=true&keys=carry&max-bytes=N";
  private static final Pattern REGION = Pattern.compile("[a-z]{2}[a-z0-9-]{1,30}");
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_-]{0,40}");

  /// Reads a URL.
  ///
  /// @throws IllegalArgumentException when it is not of the form, or an option is not known
  static Address parse(String url) {
    if (!url.startsWith("sqs:")) {
      throw new IllegalArgumentException("engine: '" + url + "' must be of the form " + FORM);
    }
    int question = url.indexOf('?');
    String region = url.substring("sqs:".length(), question < 0 ? url.length() : question);
    if (!REGION.matcher(region).matches()) {
      // Whoever took it for a URL with a login may have written a secret there.
      String shown = region.matches(".*[:@].*") ? "" : " '" + region + "'";
      throw new IllegalArgumentException(
          "engine: the region" + shown + " must be an AWS region, as in sqs:eu-central-1");
    }
    Options options = new Options();
    if (question >= 0 && question + 1 < url.length()) {
      for (String pair : url.substring(question + 1).split("&", -1)) {
        options.take(pair);
      }
    }
    return options.build(region);
  }

  /// Whose queues these are, for sentences.
  String where() {
    return endpoint == null ? "AWS SQS in " + region : "SQS at " + endpoint;
  }

  /// What makes these queues others than those of another address, and nothing else.
  String place() {
    String server = endpoint == null ? "AWS" : server(endpoint);
    return "sqs " + region + " " + server + " " + prefix + (fifo ? "*.fifo" : "*");
  }

  private static String server(URI endpoint) {
    boolean tls = "https".equalsIgnoreCase(endpoint.getScheme());
    int port = endpoint.getPort() != -1 ? endpoint.getPort() : tls ? 443 : 80;
    String path = endpoint.getPath().replaceFirst("/+$", "");
    return endpoint.getHost().toLowerCase(Locale.ROOT) + ":" + port + path;
  }

  private static final class Options {
    private final Set<String> seen = new HashSet<>();
    private @Nullable URI endpoint;
    private String prefix = DEFAULT_PREFIX;
    private boolean fifo;
    private @Nullable Boolean carriesKeys;
    private int maxBytes = MAX_BYTES;

    void take(String pair) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      if (equals < 0) {
        throw new IllegalArgumentException(
            "engine: the option '" + name + "' must be written name=value, as in " + FORM);
      }
      if (!seen.add(name)) {
        throw new IllegalArgumentException("engine: the option '" + name + "' is given twice");
      }
      String value = decoded(name, pair.substring(equals + 1));
      switch (name) {
        case "endpoint" -> endpoint = endpoint(value);
        case "prefix" -> prefix = prefix(value);
        case "fifo" -> fifo = oneOf(name, value, "true", "false");
        case "keys" -> carriesKeys = oneOf(name, value, "carry", "refuse");
        case "max-bytes" -> maxBytes = bytes(value);
        default ->
            throw new IllegalArgumentException(
                "engine: the option '"
                    + name
                    + "' must be one of endpoint, prefix, fifo, keys, max-bytes");
      }
    }

    Address build(String region) {
      if (fifo && Boolean.FALSE.equals(carriesKeys)) {
        throw new IllegalArgumentException(
            "engine: keys=refuse does not go with fifo=true, where the key is the message group");
      }
      boolean carried = fifo || Boolean.TRUE.equals(carriesKeys);
      return new Address(region, endpoint, prefix, fifo, carried, maxBytes);
    }

    private static String decoded(String name, String value) {
      try {
        // A plus sign is a plus sign: these are no forms of a browser.
        return URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException malformed) {
        throw new IllegalArgumentException(
            "engine: the option '" + name + "' has a broken %-escape", malformed);
      }
    }

    private static URI endpoint(String value) {
      URI uri;
      try {
        uri = new URI(value);
      } catch (URISyntaxException malformed) {
        throw new IllegalArgumentException(
            "engine: the endpoint must be a URL, as in http://localhost:9324", malformed);
      }
      boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (!web || uri.getHost() == null || uri.getQuery() != null || uri.getFragment() != null) {
        throw new IllegalArgumentException(
            "engine: the endpoint must be http:// or https:// and a host, without query");
      }
      if (uri.getUserInfo() != null) {
        // Not repeated in the sentence: it may be a secret.
        throw new IllegalArgumentException(
            "engine: the endpoint must not hold a user or password; credentials come from the"
                + " AWS SDK's default chain");
      }
      return uri;
    }

    private static String prefix(String value) {
      if (!PREFIX.matcher(value).matches()) {
        throw new IllegalArgumentException(
            "engine: the prefix '" + value + "' must be at most 40 characters of A-Z a-z 0-9 - _");
      }
      return value;
    }

    private static boolean oneOf(String name, String value, String yes, String no) {
      if (!value.equals(yes) && !value.equals(no)) {
        throw new IllegalArgumentException(
            "engine: " + name + "=" + value + " must be " + name + "=" + yes + " or =" + no);
      }
      return value.equals(yes);
    }

    private static int bytes(String value) {
      try {
        int bytes = Integer.parseInt(value);
        if (bytes >= LEAST_BYTES && bytes <= MAX_BYTES) {
          return bytes;
        }
      } catch (NumberFormatException _) {
        // The sentence below says it.
      }
      throw new IllegalArgumentException(
          "engine: max-bytes=" + value + " must be " + LEAST_BYTES + " to " + MAX_BYTES);
    }
  }
}
