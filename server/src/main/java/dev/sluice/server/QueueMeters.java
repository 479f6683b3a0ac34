package dev.sluice.server;

import dev.sluice.QueueStatus;
import dev.sluice.job.JobState;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// What is counted and measured of one queue.
///
/// Threading: thread-safe.
final class QueueMeters {
  private static final String QUEUE = "queue";

  private final String name;
  private final MeterRegistry registry;
  private final Timer startDelay;
  private final Timer runTime;

  /// Bounded by the words that [Metrics] and [WebhookDelivery] have for an outcome.
  private final Map<String, Counter> attempts = new ConcurrentHashMap<>();

  private final Map<String, Counter> deliveries = new ConcurrentHashMap<>();
  private final List<Meter> shown = new ArrayList<>();

  /// What the queue held when somebody looked last.
  private record Look(QueueStatus status, double oldestSeconds) {}

  private volatile @Nullable Look look;

  QueueMeters(String name, MeterRegistry registry) {
    this.name = name;
    this.registry = registry;
    startDelay =
        timer(
            "sluice.start.delay",
            "From the time a job could start to its first start",
            5,
            25,
            100,
            500,
            1000,
            5000,
            30_000,
            60_000,
            300_000,
            1_800_000,
            3_600_000,
            86_400_000);
    runTime =
        timer(
            "sluice.run",
            "How long attempts ran, however they ended",
            5,
            25,
            100,
            500,
            1000,
            5000,
            30_000,
            60_000,
            300_000,
            1_800_000,
            3_600_000);
    for (JobState state : JobState.values()) {
      shown.add(
          gauge("sluice.queue.jobs", status -> status.counts().of(state))
              .tag("state", state.name().toLowerCase(Locale.ROOT))
              .description("Jobs that the engine holds")
              .register(registry));
    }
    show("sluice.queue.waiting.bytes", it -> it.counts().waitingBytes());
    show("sluice.queue.capacity.jobs", it -> it.policy().capacity().jobs());
    show("sluice.queue.capacity.bytes", it -> it.policy().capacity().bytes());
    show("sluice.queue.paused", it -> it.counts().paused() ? 1 : 0);
    show("sluice.queue.running", QueueStatus::running);
    show("sluice.queue.zombies", QueueStatus::zombies);
    show("sluice.queue.drain.rate", QueueStatus::drainPerSecond);
    shown.add(
        Gauge.builder("sluice.queue.oldest", this, QueueMeters::oldestSeconds)
            .tag(QUEUE, name)
            .baseUnit("seconds")
            .description("How long the oldest ready job has waited")
            .register(registry));
    admissions("accepted", QueueStatus::accepted);
    admissions("duplicate", QueueStatus::duplicates);
    admissions("refused", QueueStatus::refused);
    count("sluice.leases.lost", QueueStatus::leasesLost);
    count("sluice.late.results", QueueStatus::lateResults);
  }

  static Duration[] buckets(long... millis) {
    return LongStream.of(millis).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }

  private Timer timer(String meter, String description, long... millis) {
    Timer timer =
        Timer.builder(meter)
            .description(description)
            .tag(QUEUE, name)
            .serviceLevelObjectives(buckets(millis))
            .register(registry);
    shown.add(timer);
    return timer;
  }

  private double now(ToDoubleFunction<QueueStatus> value) {
    Look last = look;
    return last == null ? 0 : value.applyAsDouble(last.status);
  }

  private double oldestSeconds() {
    Look last = look;
    return last == null ? 0 : last.oldestSeconds;
  }

  private Gauge.Builder<QueueMeters> gauge(String meter, ToDoubleFunction<QueueStatus> value) {
    return Gauge.builder(meter, this, it -> it.now(value)).tag(QUEUE, name);
  }

  private void show(String meter, ToDoubleFunction<QueueStatus> value) {
    shown.add(gauge(meter, value).register(registry));
  }

  private void admissions(String answer, ToDoubleFunction<QueueStatus> value) {
    shown.add(
        FunctionCounter.builder("sluice.admissions", this, it -> it.now(value))
            .tag(QUEUE, name)
            .tag("answer", answer)
            .description("Answers to enqueues")
            .register(registry));
  }

  private void count(String meter, ToDoubleFunction<QueueStatus> value) {
    shown.add(
        FunctionCounter.builder(meter, this, it -> it.now(value))
            .tag(QUEUE, name)
            .register(registry));
  }

  String name() {
    return name;
  }

  void started(long delayMillis) {
    startDelay.record(delayMillis, TimeUnit.MILLISECONDS);
  }

  void ran(long nanos) {
    runTime.record(nanos, TimeUnit.NANOSECONDS);
  }

  void ended(String outcome) {
    attempts.computeIfAbsent(outcome, it -> counter("sluice.attempts", it)).increment();
  }

  void delivered(String outcome) {
    deliveries.computeIfAbsent(outcome, it -> counter("sluice.webhook.attempts", it)).increment();
  }

  private Counter counter(String meter, String outcome) {
    return Counter.builder(meter).tag(QUEUE, name).tag("outcome", outcome).register(registry);
  }

  /// Takes a look that [Metrics] had for it.
  void look(QueueStatus status, long wallMillis) {
    long since = status.counts().oldestReadyMillis();
    look = new Look(status, since == 0 ? 0 : Math.max(0, wallMillis - since) / 1000.0);
  }

  /// The queue is gone.
  void remove(MeterRegistry from) {
    shown.forEach(from::remove);
    attempts.values().forEach(from::remove);
    deliveries.values().forEach(from::remove);
  }
}
