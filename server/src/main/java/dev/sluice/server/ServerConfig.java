package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import dev.sluice.webhook.Reach;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// How the server listens and what it takes.
///
/// Threading: immutable.
///
/// @param host where it listens; default 127.0.0.1
/// @param port 0 takes a free one; default 8080
/// @param maxPayload largest payload of one job in bytes, 1 KiB to 16 MiB; default 256 KiB
/// @param behindProxy whether a proxy in front does TLS and tells the client's address; default
///   false
/// @param tls the certificate; empty for plain HTTP, the default
/// @param audit the file that is told who changed what; empty for none, the default
/// @param limits what clients may ask of it
/// @param queues the queues; default: `default` and no other
/// @param reach where webhooks may go; default: public addresses over https
public record ServerConfig(
    String host,
    int port,
    int maxPayload,
    boolean behindProxy,
    Optional<TlsFiles> tls,
    Optional<Path> audit,
    HttpLimits limits,
    QueueList queues,
    Reach reach) {
  private static final int LEAST_PAYLOAD = 1 << 10;
  private static final int MOST_PAYLOAD = 16 << 20;
  private static final ServerConfig DEFAULTS =
      new ServerConfig(
          "127.0.0.1",
          8080,
          256 << 10,
          false,
          Optional.empty(),
          Optional.empty(),
          HttpLimits.defaults(),
          QueueList.defaults(),
          Reach.internet());

  public ServerConfig {
    if (host.isBlank()) {
      throw new IllegalArgumentException("host: '" + host + "' must name a host or an address");
    }
    HttpLimits.require("port", port, 0, 65_535);
    HttpLimits.require("max-payload", maxPayload, LEAST_PAYLOAD, MOST_PAYLOAD);
  }

  public static ServerConfig defaults() {
    return DEFAULTS;
  }

  public ServerConfig withHost(String value) {
    return new ServerConfig(
        value, port, maxPayload, behindProxy, tls, audit, limits, queues, reach);
  }

  public ServerConfig withPort(int value) {
    return new ServerConfig(
        host, value, maxPayload, behindProxy, tls, audit, limits, queues, reach);
  }

  public ServerConfig withMaxPayload(int value) {
    return new ServerConfig(host, port, value, behindProxy, tls, audit, limits, queues, reach);
  }

  public ServerConfig withBehindProxy(boolean value) {
    return new ServerConfig(host, port, maxPayload, value, tls, audit, limits, queues, reach);
  }

  public ServerConfig withTls(TlsFiles value) {
    return new ServerConfig(
        host, port, maxPayload, behindProxy, Optional.of(value), audit, limits, queues, reach);
  }

  public ServerConfig withAudit(Path value) {
    return new ServerConfig(
        host, port, maxPayload, behindProxy, tls, Optional.of(value), limits, queues, reach);
  }

  public ServerConfig withLimits(HttpLimits value) {
    return new ServerConfig(host, port, maxPayload, behindProxy, tls, audit, value, queues, reach);
  }

  public ServerConfig withQueues(QueueList value) {
    return new ServerConfig(host, port, maxPayload, behindProxy, tls, audit, limits, value, reach);
  }

  public ServerConfig withReach(Reach value) {
    return new ServerConfig(host, port, maxPayload, behindProxy, tls, audit, limits, queues, value);
  }

  /// Reads the object `http` of a configuration: `host`, `port`, `max-payload`, `behind-proxy`,
  /// `tls: {certificate, key}`, `limits`. What is not there has its default.
  ///
  /// @param pointer where the object stands
  /// @throws BadField when there is something else
  public static ServerConfig read(JsonNode node, String pointer) {
    Fields fields = new Fields(node, pointer);
    ServerConfig config =
        new ServerConfig(
            fields.text("host", ServerConfig::named).orElse(DEFAULTS.host),
            fields.whole("port", 0, 65_535).map(Math::toIntExact).orElse(DEFAULTS.port),
            fields
                .bytes("maxPayload", LEAST_PAYLOAD, MOST_PAYLOAD)
                .map(Math::toIntExact)
                .orElse(DEFAULTS.maxPayload),
            fields.flag("behindProxy").orElse(false),
            fields.object("tls").map(ServerConfig::tls),
            Optional.empty(),
            fields.object("limits").map(HttpLimits::read).orElse(DEFAULTS.limits),
            DEFAULTS.queues,
            DEFAULTS.reach);
    fields.done();
    return config;
  }

  /// This with where webhooks may go, read from the object `webhooks` of a configuration: `http`,
  /// `ports`, `networks`.
  ///
  /// @param pointer where the object stands
  /// @throws BadField when there is something else
  public ServerConfig withWebhooks(JsonNode node, String pointer) {
    return withReach(ReachJson.read(node, pointer));
  }

  /// The object `webhooks` of this, complete.
  public Map<String, Object> webhooksJson() {
    return ReachJson.json(reach);
  }

  /// The object `http` of this, complete.
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("host", host);
    json.put("port", port);
    json.put("maxPayload", ByteSizes.text(maxPayload));
    json.put("behindProxy", behindProxy);
    tls.ifPresent(files ->
        json.put(
            "tls",
            Map.of("certificate", files.certificate().toString(), "key", files.key().toString())));
    json.put("limits", limits.json());
    return json;
  }

  private static String named(String host) {
    if (host.isBlank()) {
      throw new IllegalArgumentException("must name a host or an address");
    }
    return host;
  }

  private static TlsFiles tls(Fields fields) {
    TlsFiles files = new TlsFiles(file(fields, "certificate"), file(fields, "key"));
    fields.done();
    return files;
  }

  private static Path file(Fields fields, String name) {
    return fields
        .text(name, Path::of)
        .orElseThrow(() -> new BadField(fields.at(name), "must name a file in PEM"));
  }

  /// Looks at what this names outside itself, as a start does: where webhooks lead to, their
  /// secrets, the certificate. Whether it may be reached is another question, see [#refusal].
  ///
  /// @throws BadField when something breaks a rule; its pointer begins at the configuration's root
  public void check() {
    queues
        .named()
        .forEach(
            (name, spec) -> WebhookDeliveries.check(spec, reach, "/queues" + BadField.step(name)));
    queues
        .autoCreate()
        .ifPresent(
            it -> WebhookDeliveries.check(it.template(), reach, "/queues/autoCreate/template"));
    tls.ifPresent(files -> {
      try (Certificates _ = new Certificates(files, Environment.system())) {
        // Read, and that is all.
      } catch (SluiceException unfit) {
        throw new BadField("/http/tls", BadField.ruleOf("tls", unfit));
      }
    });
  }

  /// Why a server of this configuration must not be started; empty when it may. Only this machine
  /// can reach a loopback address, so there, and only there, a token and encryption can be spared.
  ///
  /// @param open whether callers need no token
  public Optional<String> refusal(boolean open) {
    if (behindProxy) {
      return open
          ? Optional.of(
              "behind-proxy: true lets others in through the proxy, so a token is needed first"
                  + " (./sluice token create, with the same data folder)")
          : Optional.empty();
    }
    if (isLoopback()) {
      return Optional.empty();
    }
    if (open) {
      return Optional.of(
          "host: '"
              + host
              + "' can be reached from elsewhere, so a token is needed first"
              + " (./sluice token create, with the same data folder)");
    }
    return tls.isPresent()
        ? Optional.empty()
        : Optional.of(
            "host: '"
                + host
                + "' can be reached from elsewhere, so TLS is needed (tls-cert and tls-key),"
                + " or behind-proxy when a proxy does it");
  }

  /// Whether only this machine can reach it.
  ///
  /// @throws IllegalArgumentException when the host is unknown
  public boolean isLoopback() {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException unknown) {
      throw new IllegalArgumentException(
          "host: '" + host + "' must be a host that can be resolved", unknown);
    }
  }
}
