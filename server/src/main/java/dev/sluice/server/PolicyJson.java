package dev.sluice.server;

import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import dev.sluice.RetryPolicy;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Retention;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A queue's rules as a document, both ways. What a document does not say stays as it was.
///
/// Threading: stateless.
final class PolicyJson {
  private static final long MOST_JOBS = 1_000_000_000_000L;
  private static final long MOST_BYTES = 1L << 50;
  private static final long MOST_BURST = 1_000_000_000;
  private static final String NO_RATE = "none";
  private static final String NEVER = "never";

  private PolicyJson() {}

  /// Reads what the document says of the rules.
  ///
  /// @throws BadField when a value breaks a rule
  static QueuePolicy read(Fields fields, QueuePolicy defaults) {
    return new QueuePolicy(
        capacity(fields, defaults.capacity()),
        (int)
            (long) fields.whole("concurrency", 1, 1_000_000).orElse((long) defaults.concurrency()),
        rate(fields, defaults.rate()),
        fields
            .duration("timeout", Duration.ofMillis(1), Duration.ofDays(365))
            .orElse(defaults.timeout()),
        fields.duration("grace", Duration.ZERO, Duration.ofHours(1)).orElse(defaults.grace()),
        fields
            .duration("lease", Duration.ofSeconds(1), Duration.ofHours(12))
            .orElse(defaults.lease()),
        fields.object("retry").map(it -> retry(it, defaults.retry())).orElse(defaults.retry()),
        fields
            .object("retention")
            .map(it -> retention(it, defaults.retention()))
            .orElse(defaults.retention()),
        timeToStart(fields, defaults.timeToStart()),
        (int) (long) fields.whole("maxCrashes", 1, 100).orElse((long) defaults.maxCrashes()),
        (int) (long) fields.whole("maxZombies", 0, 100_000).orElse((long) defaults.maxZombies()));
  }

  private static Bound capacity(Fields fields, Bound defaults) {
    return fields
        .object("capacity")
        .map(it -> {
          Bound bound =
              new Bound(
                  it.whole("jobs", 1, MOST_JOBS).orElse(defaults.jobs()),
                  it.bytes("bytes", 1, MOST_BYTES).orElse(defaults.bytes()));
          it.done();
          return bound;
        })
        .orElse(defaults);
  }

  private static Optional<Rate> rate(Fields fields, Optional<Rate> defaults) {
    String text = fields.text("rate").orElse(null);
    Optional<Rate> rate =
        text == null
            ? defaults
            : text.equals(NO_RATE) ? Optional.empty() : Optional.of(rate(fields, text, defaults));
    Optional<Long> burst = fields.whole("burst", 1, MOST_BURST);
    if (burst.isPresent() && rate.isEmpty()) {
      throw new BadField(fields.at("burst"), "needs a rate beside it");
    }
    return rate.map(it -> it.withBurst(burst.orElse(it.burst())));
  }

  private static Rate rate(Fields fields, String text, Optional<Rate> defaults) {
    try {
      return Rate.parse(text).withBurst(defaults.map(Rate::burst).orElse(1L));
    } catch (IllegalArgumentException unfit) {
      throw new BadField(
          fields.at("rate"), "must be like 10/s, 100/m or 5/h (or none), at most 999999999/s");
    }
  }

  private static Optional<Duration> timeToStart(Fields fields, Optional<Duration> defaults) {
    if (fields
        .node("timeToStart")
        .filter(it -> it.isString() && it.asString().equals(NEVER))
        .isPresent()) {
      return Optional.empty();
    }
    return fields
        .duration("timeToStart", Duration.ofMillis(1), Duration.ofDays(3650))
        .or(() -> defaults);
  }

  private static RetryPolicy retry(Fields fields, RetryPolicy defaults) {
    Duration year = Duration.ofDays(365);
    Duration delay = fields.duration("delay", Duration.ZERO, year).orElse(defaults.delay());
    Duration maxDelay = fields.duration("maxDelay", delay, year).orElse(defaults.maxDelay());
    RetryPolicy retry =
        new RetryPolicy(
            (int) (long) fields.whole("maxAttempts", 1, 1000).orElse((long) defaults.maxAttempts()),
            delay,
            fields.number("multiplier", 1, 100).orElse(defaults.multiplier()),
            // A longer delay alone takes the bound with it.
            maxDelay.compareTo(delay) < 0 ? delay : maxDelay,
            fields.number("jitter", 0, 1).orElse(defaults.jitter()));
    fields.done();
    return retry;
  }

  private static Retention retention(Fields fields, Retention defaults) {
    Retention retention =
        new Retention(
            fields
                .object("succeeded")
                .map(it -> keep(it, defaults.succeeded()))
                .orElse(defaults.succeeded()),
            fields.object("dead").map(it -> keep(it, defaults.dead())).orElse(defaults.dead()));
    fields.done();
    return retention;
  }

  private static Retention.Keep keep(Fields fields, Retention.Keep defaults) {
    Retention.Keep keep =
        new Retention.Keep(
            fields.duration("age", Duration.ZERO, Duration.ofDays(3650)).orElse(defaults.age()),
            fields.whole("jobs", 0, MOST_JOBS).orElse(defaults.jobs()),
            fields.bytes("bytes", 0, MOST_BYTES).orElse(defaults.bytes()));
    fields.done();
    return keep;
  }

  /// Writes the rules into a document.
  static void write(QueuePolicy policy, Map<String, Object> json) {
    Map<String, Object> capacity = new LinkedHashMap<>();
    capacity.put("jobs", policy.capacity().jobs());
    capacity.put("bytes", ByteSizes.text(policy.capacity().bytes()));
    json.put("capacity", capacity);
    json.put("concurrency", policy.concurrency());
    json.put("rate", policy.rate().map(PolicyJson::text).orElse(NO_RATE));
    policy.rate().ifPresent(rate -> json.put("burst", rate.burst()));
    json.put("timeout", Durations.text(policy.timeout()));
    json.put("grace", Durations.text(policy.grace()));
    json.put("timeToStart", policy.timeToStart().map(Durations::text).orElse(NEVER));
    json.put("lease", Durations.text(policy.lease()));
    json.put("maxCrashes", policy.maxCrashes());
    json.put("maxZombies", policy.maxZombies());
    RetryPolicy retry = policy.retry();
    Map<String, Object> retrying = new LinkedHashMap<>();
    retrying.put("maxAttempts", retry.maxAttempts());
    retrying.put("delay", Durations.text(retry.delay()));
    retrying.put("multiplier", retry.multiplier());
    retrying.put("maxDelay", Durations.text(retry.maxDelay()));
    retrying.put("jitter", retry.jitter());
    json.put("retry", retrying);
    Map<String, Object> retention = new LinkedHashMap<>();
    retention.put("succeeded", keep(policy.retention().succeeded()));
    retention.put("dead", keep(policy.retention().dead()));
    json.put("retention", retention);
  }

  /// A rate as it is read: all that can be read has one of the units as its time.
  private static String text(Rate rate) {
    String unit =
        Durations.text(rate.per()).equals("1ms") ? "ms" : Durations.text(rate.per()).substring(1);
    return rate.permits() + "/" + unit;
  }

  private static Map<String, Object> keep(Retention.Keep keep) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("age", Durations.text(keep.age()));
    json.put("jobs", keep.jobs());
    json.put("bytes", ByteSizes.text(keep.bytes()));
    return json;
  }
}
