package dev.sluice.server;

import dev.sluice.Delivery;
import dev.sluice.engine.Environment;
import dev.sluice.webhook.Reach;
import dev.sluice.webhook.Webhook;
import dev.sluice.webhook.WebhookHandler;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Makes the delivery of a queue out of its configuration, and lets go of those that are not used
/// any more.
///
/// Threading: confined to whoever changes queues, one at a time.
final class WebhookDeliveries implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server");

  /// One sentence for whatever is wrong: whoever may change a queue must not learn which files this
  /// machine has, whose they are and how they look inside.
  private static final String SECRETS =
      "must be a file that its owner alone may read (chmod 600), with one signing secret or two in"
          + " two lines; the log says what is wrong";

  private final Reach reach;
  private final Environment environment;
  private final WebhookDelivery.Attempts attempts;

  /// In force. Bounded by the number of queues, as is `prepared`.
  private final Map<String, WebhookDelivery> current = new HashMap<>();

  /// Made, and not in force yet; empty for a queue that workers pull from.
  private final Map<String, Optional<WebhookDelivery>> prepared = new HashMap<>();

  /// @param attempts is told of each attempt, on the attempt's thread
  WebhookDeliveries(Reach reach, Environment environment, WebhookDelivery.Attempts attempts) {
    this.reach = reach;
    this.environment = environment;
    this.attempts = attempts;
  }

  /// The delivery of a queue; the one that it has, when nothing about it changed. Its secrets are
  /// read again. To be followed by [#settle] or [#abandon].
  ///
  /// @param pointer where the configuration of the queue stands
  /// @throws BadField when it cannot be delivered like this; then nothing has changed
  Delivery prepare(String queue, QueueSpec spec, String pointer) {
    Optional<Webhook> wanted =
        spec.webhook().map(it -> webhook(it, reach, pointer + "/delivery/webhook"));
    Optional<WebhookDelivery> next = Optional.ofNullable(current.get(queue));
    if (!next.map(WebhookDelivery::webhook).equals(wanted)) {
      next =
          wanted.map(it -> new WebhookDelivery(it, new WebhookHandler(it, environment), attempts));
    }
    prepared.put(queue, next);
    return next.map(Delivery::to).orElseGet(Delivery::pull);
  }

  /// Lets go of what was prepared and never came into force.
  void abandon(String queue) {
    Optional<WebhookDelivery> unused = prepared.remove(queue);
    if (unused != null) {
      unused.filter(it -> it != current.get(queue)).ifPresent(WebhookDelivery::retire);
    }
  }

  /// Whether the jobs of a queue could be delivered as its configuration says.
  ///
  /// @param pointer where the configuration of the queue stands
  /// @throws BadField when they could not
  static void check(QueueSpec spec, Reach reach, String pointer) {
    spec.webhook().ifPresent(it -> webhook(it, reach, pointer + "/delivery/webhook"));
  }

  private static Webhook webhook(WebhookSpec spec, Reach reach, String pointer) {
    List<String> secrets =
        spec.secretFile().map(file -> secrets(file, pointer + "/secretFile")).orElse(List.of());
    Webhook to = checked(pointer, "url", () -> Webhook.to(spec.url(), reach));
    Webhook with = checked(pointer, "headers", () -> to.withHeaders(spec.headers()));
    return with.withSecrets(secrets.toArray(String[]::new))
        .withMaxInFlight(spec.maxInFlight())
        .withConnectTimeout(spec.connectTimeout())
        .withResponseTimeout(spec.responseTimeout());
  }

  private static List<String> secrets(Path file, String pointer) {
    try {
      List<String> secrets = SecretFile.read(file);
      if (secrets.isEmpty()) {
        throw new IllegalArgumentException("'" + file + "' must hold a secret (whsec_...)");
      }
      // Asked for its own sake, so that the complaint is about the file.
      var _ = Webhook.to("https://example.org").withSecrets(secrets.toArray(String[]::new));
      return secrets;
    } catch (IllegalArgumentException unfit) {
      LOG.log(
          System.Logger.Level.WARNING,
          Call.oneLine("a file of secrets: " + BadField.ruleOf("secrets", unfit)));
      throw new BadField(pointer, SECRETS);
    }
  }

  private static Webhook checked(String pointer, String field, Supplier<Webhook> work) {
    try {
      return work.get();
    } catch (IllegalArgumentException unfit) {
      throw new BadField(pointer + "/" + field, BadField.ruleOf(field, unfit));
    }
  }

  /// What was prepared is in force; lets go of what the queue had before.
  void settle(String queue) {
    Optional<WebhookDelivery> now = prepared.remove(queue);
    if (now == null) {
      return;
    }
    WebhookDelivery before = current.get(queue);
    WebhookDelivery after = now.orElse(null);
    if (before == after) {
      return;
    }
    if (after == null) {
      current.remove(queue);
    } else {
      current.put(queue, after);
    }
    if (before != null) {
      before.retire();
    }
  }

  /// The queue is gone.
  void forget(String queue) {
    abandon(queue);
    WebhookDelivery before = current.remove(queue);
    if (before != null) {
      before.retire();
    }
  }

  /// Takes no more deliveries; those that are under way end as they began.
  @Override
  public void close() {
    current.values().forEach(WebhookDelivery::retire);
    current.clear();
  }
}
