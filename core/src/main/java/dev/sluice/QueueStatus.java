package dev.sluice;

import dev.sluice.engine.Countable.Counts;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/// A queue at one moment. Counts come from the engine, the rest from this process since it started.
///
/// Threading: immutable.
///
/// @param counts jobs by state, as the engine holds them
/// @param worked whether somebody works on the queue, here or elsewhere
/// @param eta how long a NORMAL job that is handed over now waits until it starts; empty when
///   nothing drains, or nothing was measured yet
/// @param running attempts that run in this process
/// @param zombies handlers that were given up and still run in this process
/// @param drainPerSecond jobs that end for good each second, averaged; 0 while unknown
/// @param accepted enqueues taken
/// @param duplicates enqueues answered with an earlier job
/// @param refused enqueues refused
/// @param started attempts started
/// @param succeeded jobs that ended well
/// @param failed attempts that failed or ran too long
/// @param leasesLost attempts whose end could not be recorded because the lease was gone
/// @param lateResults answers of zombies, discarded
public record QueueStatus(
    String queue,
    QueuePolicy policy,
    Counts counts,
    boolean worked,
    Optional<Duration> eta,
    int running,
    int zombies,
    double drainPerSecond,
    long accepted,
    long duplicates,
    long refused,
    long started,
    long succeeded,
    long failed,
    long leasesLost,
    long lateResults) {
  public QueueStatus {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(policy, "policy: must not be null");
    Objects.requireNonNull(counts, "counts: must not be null");
    Objects.requireNonNull(eta, "eta: must not be null");
  }
}
