package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Engines on one set of queues, with short words for what tests do to them.
///
/// Threading: offering is thread-safe, everything else is confined to the test.
final class Crew implements AutoCloseable {
  static final String QUEUE = "mail";
  static final Bound WIDE = new Bound(1_000_000, 1L << 40);

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String url;
  private final Duration limit;
  private final String prefix = "c" + UUID.randomUUID().toString().substring(0, 8);
  private final Environment environment = Environment.system();
  private final Semaphore hints = new Semaphore(0);
  private final List<RabbitEngine> engines = new ArrayList<>();

  Crew(Broker broker, Duration limit) {
    this(broker.url(), limit);
  }

  Crew(String url, Duration limit) {
    this.url = url;
    this.limit = limit;
  }

  String prefix() {
    return prefix;
  }

  RabbitEngine engine() {
    return engines.isEmpty() ? another() : engines.getFirst();
  }

  RabbitEngine another() {
    RabbitEngine engine = apart();
    engines.add(engine);
    return engine;
  }

  /// One that the caller closes.
  RabbitEngine apart() {
    RabbitEngine engine = RabbitEngine.open(Broker.url(url, prefix), environment, limit);
    engine.onWork(hints::release);
    return engine;
  }

  long now() {
    return environment.clock().wallMillis();
  }

  Job job(long runAtMillis) {
    return job(QUEUE, runAtMillis);
  }

  Job job(byte[] payload) {
    return job(QUEUE, 0, payload);
  }

  Job job(String queue, long runAtMillis) {
    return job(queue, runAtMillis, new byte[100]);
  }

  Job job(Priority priority) {
    return job(QUEUE, priority, 0, new byte[100]);
  }

  private Job job(String queue, long runAtMillis, byte[] payload) {
    return job(queue, Priority.NORMAL, runAtMillis, payload);
  }

  private Job job(String queue, Priority priority, long runAtMillis, byte[] payload) {
    long random = environment.random().nextLong();
    JobId id =
        new JobId((now() << 16) | 0x7000 | (random & 0xFFF), Long.MIN_VALUE | (random >>> 2));
    JobOptions options =
        runAtMillis == 0
            ? JobOptions.NONE
            : new JobOptions(runAtMillis, null, Map.of(), 0, 0, 0, null, null);
    return new Job(id, queue, "welcome-email", payload, priority, now(), options);
  }

  Admission offer(RabbitEngine engine, Bound bound) {
    return engine.offer(List.of(new Offer(job(0), bound))).getFirst();
  }

  Set<JobId> accept(RabbitEngine engine, int count) {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      jobs.add(job(0));
    }
    return accept(engine, jobs);
  }

  Set<JobId> accept(RabbitEngine engine, List<Job> jobs) {
    List<Admission> answers = engine.offer(jobs.stream().map(job -> new Offer(job, WIDE)).toList());
    assertThat(answers).allMatch(Accepted.class::isInstance);
    return new HashSet<>(jobs.stream().map(Job::id).toList());
  }

  /// Offers until they are taken, as a producer does that is told that the broker is away.
  Set<JobId> acceptSoon(RabbitEngine engine, int count) {
    return acceptSoon(engine, () -> IntStream.range(0, count).mapToObj(_ -> job(0)).toList());
  }

  /// As [#acceptSoon(RabbitEngine, int)], with new jobs each time.
  Set<JobId> acceptSoon(RabbitEngine engine, Supplier<List<Job>> jobs) {
    Set<JobId> accepted = new HashSet<>();
    await(
        () -> {
          try {
            accepted.addAll(accept(engine, jobs.get()));
            return true;
          } catch (EngineUnavailableException away) {
            assertThat(away.getMessage()).isNotBlank();
            return false;
          }
        },
        "the broker to take jobs");
    return accepted;
  }

  List<Claim> glance(RabbitEngine engine, int max) {
    return glance(engine, QUEUE, max);
  }

  List<Claim> glance(RabbitEngine engine, String queue, int max) {
    return engine
        .claim(List.of(new ClaimRequest(queue, max, 0, 0, Duration.ofMinutes(1))))
        .claims();
  }

  List<Claim> claim(RabbitEngine engine, int count) {
    return claim(engine, QUEUE, count);
  }

  List<Claim> claim(RabbitEngine engine, String queue, int count) {
    List<Claim> claims = new ArrayList<>();
    await(
        () -> {
          claims.addAll(glance(engine, queue, count - claims.size()));
          return claims.size() == count;
        },
        count + " claims");
    return claims;
  }

  static Set<JobId> ids(List<Claim> claims) {
    return claims.stream().map(claim -> claim.job().id()).collect(Collectors.toSet());
  }

  /// How many messages wait in a queue of the broker.
  static long messages(Channel channel, String queue) {
    try {
      return channel.messageCount(queue);
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  Settled settle(RabbitEngine engine, Claim claim, Settlement settlement) {
    return engine.settle(List.of(new Settle(claim.lease(), settlement))).getFirst();
  }

  AttemptRecord failed(Claim claim) {
    Instant now = Instant.ofEpochMilli(now());
    return new AttemptRecord(claim.attempt(), AttemptOutcome.FAILED, "no route", now, now);
  }

  Lease next(BlockingQueue<Lease> leases) {
    try {
      Lease lease = leases.poll(20, TimeUnit.SECONDS);
      assertThat(lease).as("a lost lease").isNotNull();
      return lease;
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /// Waits until something is so: looks at once, on each hint, and every now and then.
  void await(BooleanSupplier condition, String what) {
    await(condition, () -> what);
  }

  void await(BooleanSupplier condition, Supplier<String> what) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as(() -> "waiting for " + what.get()).isNegative();
      glanceAround();
    }
  }

  private void glanceAround() {
    try {
      if (hints.tryAcquire(10, TimeUnit.MILLISECONDS)) {
        hints.drainPermits();
      }
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Override
  public void close() {
    engines.forEach(RabbitEngine::close);
  }
}
