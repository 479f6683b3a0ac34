package dev.sluice.engine;

import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/// What an engine can hold and promises, published so that nobody has to find out in production.
///
/// Threading: immutable.
///
/// @param engine short name, as in the engine's URL
/// @param durable whether Accepted survives the end of the process
/// @param brokered whether a broker stands behind it, which gives the jobs to the workers of every
///   process, moves those that are due and takes back lost ones by itself, and can fail for one
///   queue while it works for the others
/// @param exactBound whether a queue's bound is never overshot
/// @param singleHolder whether two workers can never hold valid leases of one job
/// @param exactCounts whether [Countable#counts] is exact; if not, it is shown with a `~`
/// @param priorities whether HIGH and LOW are honoured; if not, they are refused at enqueue
/// @param keys what the key of a job does
/// @param batch most jobs in one call
/// @param payloadBytes largest payload
/// @param delay longest time between enqueue and run-at
/// @param lease longest lease
public record Limits(
    String engine,
    boolean durable,
    boolean brokered,
    boolean exactBound,
    boolean singleHolder,
    boolean exactCounts,
    boolean priorities,
    Keys keys,
    int batch,
    int payloadBytes,
    Duration delay,
    Duration lease) {

  /// What the key of a job does on an engine.
  public enum Keys {
    /// A second job of the key is answered Duplicate for as long as the first is kept.
    UNIQUE,
    /// The key travels with the job, for its handler to look at; nothing is promised of it.
    CARRIED,
    /// Jobs of one key start one after another, in the order in which they came, and one that comes
    /// back keeps its place. For a short while after the first, a second job of the key is not
    /// kept: it is answered Duplicate where the first was offered, and Accepted elsewhere. How a
    /// job came back is known where that was recorded; elsewhere it counts as a crash.
    ORDERED,
    /// A job with a key is refused, because the key would do nothing.
    REFUSED
  }

  public Limits {
    Objects.requireNonNull(engine, "limits.engine: must not be null");
    Objects.requireNonNull(keys, "limits.keys: must not be null");
    Objects.requireNonNull(delay, "limits.delay: must not be null");
    requireLease("limits.lease", lease);
    if (batch < 1) {
      throw new IllegalArgumentException("limits.batch: " + batch + " must be at least 1");
    }
    if (payloadBytes < 1) {
      throw new IllegalArgumentException(
          "limits.payload-bytes: " + payloadBytes + " must be at least 1");
    }
    if (delay.isNegative()) {
      throw new IllegalArgumentException("limits.delay: " + delay + " must not be negative");
    }
  }

  /// What an engine promises that keeps every rule to the letter.
  public static Limits exact(
      String engine, boolean durable, int batch, int payloadBytes, Duration delay) {
    return new Limits(
        engine,
        durable,
        false,
        true,
        true,
        true,
        true,
        Keys.UNIQUE,
        batch,
        payloadBytes,
        delay,
        Duration.ofDays(3_650));
  }

  /// Checks that a call is no larger than a batch.
  ///
  /// @param field what the call holds, as the error shall call it
  /// @throws IllegalArgumentException when it is
  public void requireBatch(String field, List<?> call) {
    requireEach(field, call);
    if (call.size() > batch) {
      throw new IllegalArgumentException(
          field + ": " + call.size() + " must be at most " + batch + " in one call");
    }
  }

  /// Checks that a call holds what it lists.
  ///
  /// @param field what the call holds, as the error shall call it
  /// @throws NullPointerException when something in it is null
  public static void requireEach(String field, List<?> call) {
    Objects.requireNonNull(field, "field: must not be null");
    Objects.requireNonNull(call, () -> field + ": must not be null");
    for (Object one : call) {
      Objects.requireNonNull(one, () -> field + ": must not hold null");
    }
  }

  /// Checks how long a lease is asked to be.
  ///
  /// @param field what it is, as the error shall call it
  /// @throws IllegalArgumentException when it would be over already
  public static void requireLease(String field, Duration value) {
    Objects.requireNonNull(field, "field: must not be null");
    Objects.requireNonNull(value, () -> field + ": must not be null");
    if (!value.isPositive()) {
      throw new IllegalArgumentException(field + ": " + value + " must be positive");
    }
  }

  /// Checks how many a call asks for at most.
  ///
  /// @throws IllegalArgumentException when it is less than none
  public static void requireMost(int max) {
    if (max < 0) {
      throw new IllegalArgumentException("max: " + max + " must be at least 0");
    }
  }

  /// Checks that the engine can take offers, as every [Engine#offer] begins.
  ///
  /// @throws IllegalArgumentException when they are more than a batch, or a job cannot be held
  public void requireOffers(List<Offer> offers, long nowMillis) {
    requireBatch("offers", offers);
    for (Offer offer : offers) {
      requireHolds(offer.job(), nowMillis);
    }
  }

  /// Checks that the engine can take jobs over, as every [Restoring#restore] begins.
  ///
  /// @param nowMillis the time from which delays count; [Long#MAX_VALUE] for an engine that keeps a
  ///   due time of any distance
  /// @throws IllegalArgumentException when they are more than a batch, one is in a state in which
  ///   it cannot move, or a job cannot be held
  public void requireRestorable(List<JobView> jobs, long nowMillis) {
    requireBatch("jobs", jobs);
    for (JobView job : jobs) {
      if (!job.state().isWaiting() && job.state() != JobState.DEAD) {
        throw new IllegalArgumentException(
            "state: " + job.state() + " must be SCHEDULED, READY or DEAD to move");
      }
      requireHolds(job.job(), nowMillis);
    }
  }

  /// Checks that the engine can hold a job and honour what was asked for it.
  ///
  /// @throws IllegalArgumentException when its payload is too large, its run-at too far away, or
  ///   its priority or key would do nothing
  public void requireHolds(Job job, long nowMillis) {
    Objects.requireNonNull(job, "job: must not be null");
    if (job.payload().length > payloadBytes) {
      throw beyond("payload", job.payload().length + " bytes", "must be at most " + payloadBytes);
    }
    long runAt = job.options().runAtMillis();
    if (runAt > nowMillis && runAt - nowMillis > delay.toMillis()) {
      throw beyond("run-at", Instant.ofEpochMilli(runAt), "must be at most " + delay + " from now");
    }
    if (!priorities && job.priority() != Priority.NORMAL) {
      throw beyond("priority", job.priority(), "must be NORMAL");
    }
    if (keys == Keys.REFUSED && job.options().key() != null) {
      throw beyond(
          "key", "'" + job.options().key() + "'", "must not be set, it would make nothing unique");
    }
  }

  /// Checks that the engine can keep the leases of a queue.
  ///
  /// @throws IllegalArgumentException when it cannot
  public void requireKeeps(Duration asked) {
    Objects.requireNonNull(asked, "lease: must not be null");
    if (asked.compareTo(lease) > 0) {
      throw beyond("lease", asked, "must be at most " + lease);
    }
  }

  private IllegalArgumentException beyond(String field, Object value, String rule) {
    return new IllegalArgumentException(
        field + ": " + value + " " + rule + " for the engine '" + engine + "'");
  }
}
