package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The door for workers elsewhere, who take jobs of a queue with [Delivery.Pull], extend their
/// leases while they work, and tell how it ended. Slots, rate, timeout and retry policy of the
/// queue hold for them as for handlers.
///
/// A worker that says nothing until its lease ends counts as crashed; the job goes to another one,
/// and what the first one says later is answered with a lost lease.
///
/// Threading: thread-safe.
public final class Workers {
  /// Most jobs of one lease call.
  public static final int MAX_JOBS = 1000;

  /// Shortest and longest lease.
  public static final Duration MIN_LEASE = Duration.ofSeconds(1);

  public static final Duration MAX_LEASE = Duration.ofHours(12);

  /// Longest wait for jobs.
  public static final Duration MAX_WAIT = Duration.ofSeconds(60);

  private static final Duration RECORDING = Duration.ofSeconds(30);

  /// A job that a worker elsewhere holds.
  ///
  /// Threading: immutable.
  ///
  /// @param lease the right to extend and to settle it
  /// @param attempt which attempt this is, from 1
  /// @param expiresAt when the lease ends unless it is extended, by the wall clock
  public record Leased(Job job, Lease lease, int attempt, Instant expiresAt) {
    public Leased {
      Objects.requireNonNull(job, "job: must not be null");
      Objects.requireNonNull(lease, "lease: must not be null");
      Objects.requireNonNull(expiresAt, "expires-at: must not be null");
    }
  }

  /// What a worker tells of a job that it holds.
  ///
  /// Threading: immutable.
  ///
  /// @param outcome how the work ended; empty when it was not done and the job is given back with
  ///   its attempt
  public record Report(Lease lease, Optional<Outcome> outcome) {
    public Report {
      Objects.requireNonNull(lease, "lease: must not be null");
      Objects.requireNonNull(outcome, "outcome: must not be null");
    }

    public static Report of(Lease lease, Outcome outcome) {
      return new Report(
          lease, Optional.of(Objects.requireNonNull(outcome, "outcome: must not be null")));
    }

    public static Report release(Lease lease) {
      return new Report(lease, Optional.empty());
    }
  }

  private final Engine engine;
  private final Environment.Clock clock;
  private final Queues queues;
  private final Runs runs;
  private final Runnable wakeDispatcher;

  Workers(
      Engine engine, Environment.Clock clock, Queues queues, Runs runs, Runnable wakeDispatcher) {
    this.engine = engine;
    this.clock = clock;
    this.queues = queues;
    this.runs = runs;
    this.wakeDispatcher = wakeDispatcher;
  }

  /// Takes jobs that may start now; waits for the first one if there is none.
  ///
  /// @param max most jobs, 1 to [#MAX_JOBS]
  /// @param lease how long they are held unless extended, 1 s to 12 h
  /// @param wait how long to wait, 0 to 60 s; an interrupt ends the waiting and stays set
  /// @return what was taken; empty when there was nothing, or this process stops
  /// @throws IllegalArgumentException when the queue is unknown or no queue of workers elsewhere,
  ///   or a value is out of bounds
  public List<Leased> lease(String queue, int max, Duration lease, Duration wait) {
    Objects.requireNonNull(lease, "lease: must not be null");
    Objects.requireNonNull(wait, "wait: must not be null");
    QueueRuntime runtime = queues.require(queue);
    if (!(runtime.delivery() instanceof Delivery.Pull)) {
      throw new IllegalArgumentException(
          "queue: '" + queue + "' delivers its jobs itself; no worker can lease them");
    }
    QueuePolicy.requireBetween("max", max, 1, MAX_JOBS);
    QueuePolicy.requireBetween("lease", lease, MIN_LEASE, MAX_LEASE);
    QueuePolicy.requireBetween("wait", wait, Duration.ZERO, MAX_WAIT);
    runtime.pulledAtNanos = clock.monotonicNanos();
    List<PulledRun> taken = runtime.pulls.await(max, lease, wait, wakeDispatcher);
    runtime.pulledAtNanos = clock.monotonicNanos();
    return taken.stream().map(run -> leased(run, lease)).toList();
  }

  private static Leased leased(PulledRun run, Duration lease) {
    Instant started = Instant.ofEpochMilli(run.claim.startedAtMillis());
    return new Leased(run.claim.job(), run.claim.lease(), run.attempt(), started.plus(lease));
  }

  /// Moves the deadline of leases to `by` from now.
  ///
  /// @param leases at most [#MAX_JOBS]
  /// @param by 1 s to 12 h
  /// @return for each lease, in order, whether it holds, and whether the work should stop
  /// @throws IllegalArgumentException when there are too many, or `by` is out of bounds
  /// @throws EngineUnavailableException when the engine could not; the leases may have been
  ///   extended
  public List<Extension> extend(List<Lease> leases, Duration by) {
    Limits.requireEach("leases", leases);
    QueuePolicy.requireBetween("leases", leases.size(), 0, MAX_JOBS);
    QueuePolicy.requireBetween("lease", by, MIN_LEASE, MAX_LEASE);
    List<PulledRun> open =
        leases.stream()
            .flatMap(lease -> runs.pulled(lease).stream())
            .filter(PulledRun::isOpen)
            .distinct()
            .toList();
    Map<Lease, Extension> answers = new HashMap<>();
    int batch = engine.limits().batch();
    for (int from = 0; from < open.size(); from += batch) {
      List<PulledRun> part = open.subList(from, Math.min(open.size(), from + batch));
      List<Extension> extended =
          engine.extend(part.stream().map(run -> run.claim.lease()).toList(), by);
      for (int i = 0; i < part.size(); i++) {
        PulledRun run = part.get(i);
        answers.put(run.claim.lease(), heed(run, extended.get(i)));
      }
    }
    return leases.stream().map(lease -> answers.getOrDefault(lease, Extension.LEASE_LOST)).toList();
  }

  private Extension heed(PulledRun run, Extension answer) {
    long now = clock.monotonicNanos();
    run.heed(answer, now);
    if (answer == Extension.LEASE_LOST || run.interruption() == null) {
      return answer;
    }
    run.told(now);
    // The end of its time is told in the same way as a cancel: stop.
    return Extension.CANCEL_REQUESTED;
  }

  /// Tells people how far the work of a job is.
  ///
  /// @param fraction from 0 to 1
  /// @param message what is going on, at most 256 characters are kept
  /// @return false when the lease is lost
  /// @throws IllegalArgumentException when `fraction` is not between 0 and 1
  public boolean progress(Lease lease, double fraction, String message) {
    Objects.requireNonNull(lease, "lease: must not be null");
    Objects.requireNonNull(message, "message: must not be null");
    Optional<PulledRun> run = runs.pulled(lease).filter(PulledRun::isOpen);
    run.ifPresent(open -> open.progress(fraction, message));
    return run.isPresent();
  }

  /// Whether a queue is paused, so that its workers should take no more jobs. Known without asking
  /// the engine, so it is cheap to ask often; what another process changes is seen some seconds
  /// later.
  ///
  /// @return false also when there is no such queue
  public boolean isPaused(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    QueueRuntime runtime = queues.find(queue);
    return runtime != null && runtime.paused;
  }

  /// Records how work ended. The jobs of one call share a commit with what ends elsewhere at that
  /// time. Repeating a report is safe.
  ///
  /// @param reports at most [#MAX_JOBS]
  /// @return for each report, in order, whether the lease still held
  /// @throws IllegalArgumentException when there are too many
  /// @throws EngineUnavailableException when the engine cannot record; what was reported is
  ///   recorded later all the same, if the lease lasts
  public List<Settled> settle(List<Report> reports) {
    Limits.requireEach("reports", reports);
    QueuePolicy.requireBetween("reports", reports.size(), 0, MAX_JOBS);
    // All are ended before the first is waited for, so that they are recorded together.
    List<Told> all = reports.stream().map(this::tell).toList();
    Map<Lease, Settled> repeated = repeated(all);
    return all.stream()
        .map(told ->
            told.run() == null
                ? repeated.getOrDefault(told.report().lease(), Settled.LEASE_LOST)
                : told.run().awaitRecorded(told.ending(), RECORDING))
        .toList();
  }

  /// A report, and what became of it here.
  ///
  /// @param run null when the lease is not held here any more
  private record Told(Report report, @Nullable PulledRun run, Ending ending) {}

  private Told tell(Report report) {
    PulledRun run = runs.pulled(report.lease()).orElse(null);
    Ending ending = ending(run == null ? null : run.interruption(), report);
    if (run != null) {
      run.end(ending);
    }
    return new Told(report, run, ending);
  }

  /// @param why the run was told to stop; null when it was not
  private static Ending ending(Ending.@Nullable Interruption why, Report report) {
    Outcome outcome = report.outcome().orElse(null);
    return switch (outcome) {
      // A failure after the job was told to stop is the stop, and so is giving it back.
      case null -> new Ending.Threw("given back", why == null ? Ending.Interruption.STOPPING : why);
      case Outcome.Retry(_, var note) when why != null -> new Ending.Threw(note, why);
      // It would come back although somebody wants it gone.
      case Outcome.Snooze _ when why == Ending.Interruption.CANCEL ->
          new Ending.Threw("snoozed", why);
      case Outcome.Done _, Outcome.Retry _, Outcome.Snooze _, Outcome.Bury _ ->
          new Ending.Returned(outcome);
    };
  }

  /// The answers for leases that are not held here any more: a completion that is told again is
  /// known to the engine; everything else is too late.
  private Map<Lease, Settled> repeated(List<Told> all) {
    List<Settle> settles =
        all.stream()
            .filter(told -> told.run() == null && told.ending().equals(Ending.Returned.DONE))
            .map(told -> new Settle(told.report().lease(), Settlement.Complete.INSTANCE))
            .toList();
    Map<Lease, Settled> answers = new HashMap<>();
    int batch = engine.limits().batch();
    for (int from = 0; from < settles.size(); from += batch) {
      List<Settle> part = settles.subList(from, Math.min(settles.size(), from + batch));
      List<Settled> settled = engine.settle(part);
      for (int i = 0; i < part.size(); i++) {
        answers.put(part.get(i).lease(), settled.get(i));
      }
    }
    return answers;
  }
}
