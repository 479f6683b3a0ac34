package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
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
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One or more engines on one set of queues of a broker, in real time, with short words for what
/// tests do to them. A broker brings jobs when it likes, so what is looked for is waited for.
///
/// Threading: confined to the test.
public final class BrokerTrial implements AutoCloseable {
  /// The queue of a test that needs only one.
  public static final String QUEUE = "mail";

  /// A bound that no test reaches by accident.
  public static final Bound WIDE = new Bound(1_000_000, 1L << 40);

  /// How long claims are valid.
  public static final Duration LEASE = Duration.ofSeconds(60);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration GLANCE = Duration.ofMillis(20);

  private final BrokerTopic contract;
  private final String space;
  private final Environment environment = Environment.system();
  private final List<Engine> engines = new ArrayList<>();
  private final Semaphore hints = new Semaphore(0);

  /// On queues of its own.
  public BrokerTrial(BrokerTopic contract) {
    this.contract = contract;
    space = "t" + UUID.randomUUID().toString().substring(0, 8);
    another();
  }

  /// The name of the set of queues that this trial has for itself.
  public String space() {
    return space;
  }

  /// The first engine.
  public Engine engine() {
    return engines.getFirst();
  }

  /// Opens one more engine on the same queues.
  public Engine another() {
    Engine engine = contract.open(space);
    engine.onWork(hints::release);
    engines.add(engine);
    return engine;
  }

  public long now() {
    return environment.clock().wallMillis();
  }

  public Job job() {
    return job(new byte[] {1, 2, 3});
  }

  public Job job(byte[] payload) {
    return job(payload, Priority.NORMAL, JobOptions.NONE);
  }

  public Job job(byte[] payload, Priority priority, JobOptions options) {
    return new Job(newId(), QUEUE, "welcome-email", payload, priority, now(), options);
  }

  /// A job that may run in `delay`.
  public Job delayed(Duration delay) {
    return job(new byte[] {4}, Priority.NORMAL, runAt(now() + delay.toMillis()));
  }

  /// A job that may run in `delay` and waits already: one that was offered, or, where the limits
  /// allow no such delay at enqueue, one that was taken over from elsewhere.
  public Job scheduled(Duration delay) {
    Job job = delayed(delay);
    if (delay.compareTo(engine().limits().delay()) <= 0) {
      return accepted(job);
    }
    Instant due = Instant.ofEpochMilli(job.options().runAtMillis());
    restored(List.of(view(job, JobState.SCHEDULED, due)));
    return job;
  }

  /// A job that waits in another engine and was never started there.
  ///
  /// @param due null for now
  public static JobView view(Job job, JobState state, @Nullable Instant due) {
    return new JobView(job, state, 0, 0, 0, -1, due, null, null, null, false, List.of());
  }

  /// Takes jobs over, all of which must be taken.
  public void restored(List<JobView> views) {
    assertThat(((Restoring) engine()).restore(views))
        .isEqualTo(views.stream().map(view -> new Accepted(view.id())).toList());
  }

  public static JobOptions runAt(long millis) {
    return new JobOptions(millis, null, java.util.Map.of(), 0, 0, 0, null, null);
  }

  private JobId newId() {
    long random = environment.random().nextLong();
    return new JobId((now() << 16) | 0x7000 | (random & 0xFFF), Long.MIN_VALUE | (random >>> 2));
  }

  public Admission offer(Job job, Bound bound) {
    return engine().offer(List.of(new Offer(job, bound))).getFirst();
  }

  /// Offers a job that must be taken.
  public Job accepted(Job job) {
    assertThat(offer(job, WIDE)).isEqualTo(new Accepted(job.id()));
    return job;
  }

  /// Offers jobs in one batch, all of which must be taken.
  public List<Job> accepted(List<Job> jobs) {
    List<Admission> admissions =
        engine().offer(jobs.stream().map(job -> new Offer(job, WIDE)).toList());
    assertThat(admissions).hasSize(jobs.size()).allMatch(Accepted.class::isInstance);
    return jobs;
  }

  public List<Job> jobs(int count) {
    List<Job> jobs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      jobs.add(job(new byte[] {(byte) i, (byte) (i >> 8)}));
    }
    return jobs;
  }

  /// Claims what is there now.
  public List<Claim> glance(Engine engine, int max, Duration lease) {
    return engine.claim(List.of(new ClaimRequest(QUEUE, max, 0, 0, lease))).claims();
  }

  /// Claims until so many came.
  public List<Claim> claim(Engine engine, int count, Duration lease) {
    List<Claim> claims = new ArrayList<>();
    await(
        () -> {
          claims.addAll(glance(engine, count - claims.size(), lease));
          return claims.size() == count;
        },
        () -> count + " claims, of which came " + claims.size());
    return claims;
  }

  public List<Claim> claim(int count) {
    return claim(engine(), count, LEASE);
  }

  public Claim claimOne() {
    return claim(1).getFirst();
  }

  /// A job that runs.
  public Claim started() {
    accepted(job());
    return claimOne();
  }

  public Settled settle(Claim claim, Settlement settlement) {
    return settle(engine(), claim, settlement);
  }

  public Settled settle(Engine engine, Claim claim, Settlement settlement) {
    return engine.settle(List.of(new Settle(claim.lease(), settlement))).getFirst();
  }

  /// Settles, which must be applied.
  public void applied(Claim claim, Settlement settlement) {
    assertThat(settle(claim, settlement)).isEqualTo(Settled.APPLIED);
  }

  /// Ends claims in one batch, all of which must be applied.
  public void complete(List<Claim> claims) {
    List<Settle> settles =
        claims.stream()
            .map(claim -> new Settle(claim.lease(), Settlement.Complete.INSTANCE))
            .toList();
    assertThat(engine().settle(settles))
        .isEqualTo(settles.stream().map(_ -> Settled.APPLIED).toList());
  }

  public AttemptRecord attempt(Claim claim, AttemptOutcome outcome) {
    return new AttemptRecord(
        claim.attempt(),
        outcome,
        outcome == AttemptOutcome.FAILED ? "java.io.IOException: no route" : null,
        Instant.ofEpochMilli(claim.startedAtMillis()),
        Instant.ofEpochMilli(now()));
  }

  public AttemptRecord failed(Claim claim) {
    return attempt(claim, AttemptOutcome.FAILED);
  }

  public Counts counts() {
    return ((Countable) engine()).counts(QUEUE);
  }

  public Redrivable dead() {
    return (Redrivable) engine();
  }

  /// Waits until so many jobs are dead.
  public List<JobView> dead(int count) {
    List<JobView> found = new ArrayList<>();
    await(
        () -> {
          found.clear();
          found.addAll(dead().dead(QUEUE, 100));
          return found.size() == count;
        },
        () -> count + " dead jobs, of which came " + found.size());
    return found;
  }

  /// Waits until the broker holds nothing for this queue.
  public void awaitEmpty() {
    await(
        () -> {
          Counts counts = counts();
          return counts.waiting() + counts.running() == 0;
        },
        () -> "an empty queue, but it is " + counts());
  }

  /// Waits until something is so: looks at once, on each hint, and every now and then.
  public void await(BooleanSupplier condition, java.util.function.Supplier<String> what) {
    long deadline = environment.clock().monotonicNanos() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(environment.clock().monotonicNanos() - deadline)
          .as(() -> "waited " + PATIENCE.toSeconds() + " s for " + what.get())
          .isNegative();
      pause(GLANCE);
    }
  }

  /// Waits for a hint, at most so long.
  public boolean pause(Duration most) {
    try {
      boolean hinted = hints.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS);
      hints.drainPermits();
      return hinted;
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Override
  public void close() {
    engines.forEach(Engine::close);
  }
}
