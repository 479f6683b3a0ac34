package dev.sluice.server;

import dev.sluice.QueuePolicy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What is configured for a queue: its rules, and how its jobs get to whoever does their work.
///
/// Threading: immutable.
///
/// @param policy its rules
/// @param webhook where its jobs are delivered to; empty when workers pull them, the default
public record QueueSpec(QueuePolicy policy, Optional<WebhookSpec> webhook) {
  private static final String PULL = "pull";

  private static final QueueSpec DEFAULTS = new QueueSpec(QueuePolicy.defaults(), Optional.empty());

  public static QueueSpec defaults() {
    return DEFAULTS;
  }

  /// Reads one: `{capacity {jobs, bytes}, concurrency, rate, burst, timeout, grace, timeToStart,
  /// lease, maxCrashes, maxZombies, retry {maxAttempts, delay, multiplier, maxDelay, jitter},
  /// retention {succeeded {age, jobs, bytes}, dead {...}}, delivery}`, all of it optional. Keys may
  /// be written `max-crashes` too.
  ///
  /// @param pointer where it stands in its document
  /// @param defaults what holds for what it does not say
  /// @throws BadField when a value breaks a rule, or nobody knows a key
  public static QueueSpec read(JsonNode document, String pointer, QueueSpec defaults) {
    Fields fields = new Fields(document, pointer);
    QueueSpec spec =
        new QueueSpec(PolicyJson.read(fields, defaults.policy), delivery(fields, defaults.webhook));
    fields.done();
    return spec;
  }

  /// Reads one upon the defaults.
  ///
  /// @throws BadField when a value breaks a rule, or nobody knows a key
  public static QueueSpec read(JsonNode document, String pointer) {
    return read(document, pointer, DEFAULTS);
  }

  private static Optional<WebhookSpec> delivery(Fields fields, Optional<WebhookSpec> defaults) {
    JsonNode node = fields.node("delivery").orElse(null);
    if (node == null) {
      return defaults;
    }
    String at = fields.at("delivery");
    if (node.isString() && node.asString().equals(PULL)) {
      return Optional.empty();
    }
    if (!node.isObject()) {
      throw new BadField(at, "must be pull, or an object with a webhook");
    }
    Fields delivery = new Fields(node, at);
    JsonNode webhook =
        delivery.node("webhook").orElseThrow(() -> new BadField(at + "/webhook", "must be given"));
    WebhookSpec spec = WebhookSpec.read(webhook, delivery.at("webhook"), defaults);
    delivery.done();
    return Optional.of(spec);
  }

  /// This as it holds: a queue starts no more than its webhook sends at once, for an attempt that
  /// waits for its turn would use up its time without a request.
  QueueSpec bounded() {
    return webhook
        .map(WebhookSpec::maxInFlight)
        .filter(most -> most < policy.concurrency())
        .map(most -> new QueueSpec(policy.withConcurrency(most), webhook))
        .orElse(this);
  }

  /// This as those may see it who cannot change it.
  QueueSpec withoutPath() {
    return new QueueSpec(policy, webhook.map(WebhookSpec::withoutPath));
  }

  /// The document of this, complete. What would let somebody in is masked.
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    PolicyJson.write(policy, json);
    json.put("delivery", webhook.<Object>map(it -> Map.of("webhook", it.json())).orElse(PULL));
    return json;
  }
}
