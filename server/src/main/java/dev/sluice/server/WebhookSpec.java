package dev.sluice.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Where a queue's jobs are delivered to, as its configuration says.
///
/// Threading: immutable.
///
/// @param url where to
/// @param secretFile holds one signing secret, or two in two lines during a rotation, the new one
///   first; only its owner may read it. None: deliveries are not signed.
/// @param headers fields that every delivery gets besides its own
/// @param maxInFlight most deliveries at once, 1 to 1,000; default 16. The queue's concurrency
///   holds too, where it is smaller
/// @param connectTimeout for a connection, 1 ms to 1 min; default 5 s
/// @param responseTimeout the longest silence of the target, 1 ms to 1 h; default 30 s
public record WebhookSpec(
    String url,
    Optional<Path> secretFile,
    Map<String, String> headers,
    int maxInFlight,
    Duration connectTimeout,
    Duration responseTimeout) {
  static final String MASK = "***";

  public WebhookSpec {
    headers = Map.copyOf(headers);
  }

  /// Reads one.
  ///
  /// @param defaults what holds for what the document does not say; empty when nothing does, and
  ///   then the document must name a URL. Secrets and headers are for the host they were given for:
  ///   a URL that leads elsewhere takes none of them along.
  /// @throws BadField when a value breaks a rule
  static WebhookSpec read(JsonNode document, String pointer, Optional<WebhookSpec> defaults) {
    Fields fields = new Fields(document, pointer);
    String url =
        fields
            .text("url")
            .or(() -> defaults.map(WebhookSpec::url))
            .orElseThrow(() -> new BadField(pointer + "/url", "must be given"));
    Optional<WebhookSpec> same = defaults.filter(it -> host(it.url).equals(host(url)));
    Optional<Path> secretFile =
        fields
            .text("secretFile", WebhookSpec::path)
            .or(() -> same.flatMap(WebhookSpec::secretFile));
    Map<String, String> headers =
        fields.texts("headers").orElseGet(() -> same.map(WebhookSpec::headers).orElse(Map.of()));
    headers.forEach((name, value) -> {
      if (value.equals(MASK)) {
        throw new BadField(
            fields.at("headers") + BadField.step(name), "must be the value itself, not its mask");
      }
    });
    WebhookSpec spec =
        new WebhookSpec(
            url,
            secretFile,
            headers,
            fields
                .whole("maxInFlight", 1, 1000)
                .map(Long::intValue)
                .orElse(defaults.map(WebhookSpec::maxInFlight).orElse(16)),
            fields
                .duration("connectTimeout", Duration.ofMillis(1), Duration.ofMinutes(1))
                .or(() -> defaults.map(WebhookSpec::connectTimeout))
                .orElse(Duration.ofSeconds(5)),
            fields
                .duration("responseTimeout", Duration.ofMillis(1), Duration.ofHours(1))
                .or(() -> defaults.map(WebhookSpec::responseTimeout))
                .orElse(Duration.ofSeconds(30)));
    fields.done();
    return spec;
  }

  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("must name a file");
    }
    // An invalid path is an IllegalArgumentException already.
    return Path.of(text);
  }

  /// The document of this. Values of headers often let whoever has them in: they are masked.
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("url", shown(url));
    secretFile.ifPresent(file -> json.put("secretFile", file.toString()));
    if (!headers.isEmpty()) {
      Map<String, String> masked = new LinkedHashMap<>();
      headers.keySet().stream().sorted().forEach(name -> masked.put(name, MASK));
      json.put("headers", masked);
    }
    json.put("maxInFlight", maxInFlight);
    json.put("connectTimeout", Durations.text(connectTimeout));
    json.put("responseTimeout", Durations.text(responseTimeout));
    return json;
  }

  /// Queries often hold tokens.
  static String shown(String url) {
    int query = url.indexOf('?');
    return query < 0 ? url : url.substring(0, query + 1) + MASK;
  }

  /// This as those may see it who cannot change it: many receivers keep what lets somebody in in
  /// the path.
  WebhookSpec withoutPath() {
    return new WebhookSpec(
        origin(url), secretFile, headers, maxInFlight, connectTimeout, responseTimeout);
  }

  /// A URL without what follows its host.
  static String origin(String url) {
    String host = host(url);
    return host.length() == url.length() ? url : host + "/...";
  }

  /// Scheme, host and port of a URL, as they are written.
  private static String host(String url) {
    int scheme = url.indexOf("://");
    for (int i = scheme < 0 ? 0 : scheme + 3; i < url.length(); i++) {
      if ("/?#\\".indexOf(url.charAt(i)) >= 0) {
        return url.substring(0, i);
      }
    }
    return url;
  }

  /// Without values that let somebody in.
  @Override
  public String toString() {
    return "WebhookSpec" + withoutPath().json();
  }
}
