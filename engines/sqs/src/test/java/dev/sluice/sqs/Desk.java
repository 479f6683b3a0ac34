package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/// One engine on one server with short words for what tests do to it. Each has queues of its own.
///
/// Threading: confined to the test, but for what the engine calls.
final class Desk implements AutoCloseable {
  static final Bound WIDE = new Bound(1_000_000, 1L << 40);
  static final String QUEUE = "mail";
  static final Duration LEASE = Duration.ofSeconds(30);
  static final Duration SOON = Duration.ofSeconds(20);
  static final Tuning TUNING =
      Tuning.defaults().withLongPoll(Duration.ofSeconds(1)).withIdle(Duration.ofSeconds(2));

  final Environment environment = Environment.system();
  final String prefix;
  final SqsEngine engine;
  final LinkedBlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
  private final Semaphore work = new Semaphore(0);
  private Duration lease = LEASE;
  private String queue = QUEUE;

  Desk(URI endpoint, String options, Tuning tuning) {
    this(endpoint, "t" + UUID.randomUUID().toString().substring(0, 8) + "-", options, tuning);
  }

  Desk(URI endpoint, String prefix, String options, Tuning tuning) {
    this.prefix = prefix;
    engine = open(endpoint, prefix, options, environment, tuning);
    engine.onWork(work::release);
    engine.onLost(lost::add);
  }

  static SqsEngine open(
      URI endpoint, String prefix, String options, Environment environment, Tuning tuning) {
    return SqsEngine.open(
        "sqs:eu-central-1?endpoint=" + endpoint + "&prefix=" + prefix + options,
        environment,
        tuning,
        StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")));
  }

  Desk lease(Duration duration) {
    lease = duration;
    return this;
  }

  Desk queue(String name) {
    queue = name;
    return this;
  }

  long millis() {
    return environment.clock().wallMillis();
  }

  static JobId newId() {
    UUID uuid = UUID.randomUUID();
    return new JobId(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
  }

  Job job(byte[] payload, JobOptions options) {
    return new Job(newId(), queue, "welcome-email", payload, Priority.NORMAL, millis(), options);
  }

  Job job() {
    return job(new byte[] {1, 2, 3}, JobOptions.NONE);
  }

  Job keyed(String key) {
    return job(new byte[] {1}, options(0, key, Map.of()));
  }

  Job delayed(Duration delay) {
    return job(new byte[] {1}, options(millis() + delay.toMillis(), null, Map.of()));
  }

  static JobOptions options(long runAt, @Nullable String key, Map<String, String> headers) {
    return new JobOptions(runAt, key, headers, 0, 0, 0, null, null);
  }

  Admission offer(Job job, Bound bound) {
    return engine.offer(List.of(new Offer(job, bound))).getFirst();
  }

  JobId accepted(Job job) {
    assertThat(offer(job, WIDE)).isEqualTo(new Admission.Accepted(job.id()));
    return job.id();
  }

  /// Offers many in one call, all of which must be taken.
  List<Job> accepted(int count) {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      jobs.add(job());
    }
    List<Admission> answers = engine.offer(jobs.stream().map(job -> new Offer(job, WIDE)).toList());
    assertThat(answers).hasSize(count).allMatch(Admission.Accepted.class::isInstance);
    return jobs;
  }

  List<Claim> claimNow(int max) {
    return engine.claim(List.of(new ClaimRequest(queue, max, 0, 0, lease))).claims();
  }

  /// Claims until there are `count`, as a dispatcher would: when hinted, and once in a while.
  List<Claim> claim(int count) {
    List<Claim> claims = new ArrayList<>();
    until(
        "claim " + count,
        () -> {
          claims.addAll(claimNow(count - claims.size()));
          return claims.size() == count;
        });
    return claims;
  }

  Claim claimOne() {
    return claim(1).getFirst();
  }

  /// Waits for a hint, or looks by itself, until it is so.
  void until(String what, BooleanSupplier so) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!so.getAsBoolean()) {
      assertThat(System.nanoTime()).as("time to " + what).isLessThan(deadline);
      pause(Duration.ofMillis(50));
    }
  }

  /// Waits for a hint, at most so long.
  void pause(Duration most) {
    try {
      var _ = work.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  /// That nothing can be claimed for a while.
  void nothingFor(Duration time) {
    long deadline = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < deadline) {
      assertThat(claimNow(1)).isEmpty();
      pause(Duration.ofMillis(50));
    }
  }

  Settled settle(Claim claim, Settlement settlement) {
    return engine.settle(List.of(new Settle(claim.lease(), settlement))).getFirst();
  }

  void applied(Claim claim, Settlement settlement) {
    assertThat(settle(claim, settlement)).isEqualTo(Settled.APPLIED);
  }

  void completed(Claim claim) {
    applied(claim, Settlement.Complete.INSTANCE);
  }

  Control redriven(JobId id, Bound bound) {
    return engine.redrive(queue, Set.of(id), bound).getOrDefault(id, Control.NOT_FOUND);
  }

  AttemptRecord attempt(Claim claim, AttemptOutcome outcome) {
    return new AttemptRecord(
        claim.attempt(),
        outcome,
        outcome == AttemptOutcome.FAILED ? "java.io.IOException: no route" : null,
        Instant.ofEpochMilli(claim.startedAtMillis()),
        Instant.ofEpochMilli(millis()));
  }

  Settlement retryIn(Claim claim, Duration delay) {
    return new Settlement.RunAgain(
        millis() + delay.toMillis(), false, attempt(claim, AttemptOutcome.FAILED));
  }

  @Override
  public void close() {
    engine.close();
  }
}
