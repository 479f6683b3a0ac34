package dev.sluice.engine;

import dev.sluice.job.JobState;
import java.util.List;
import java.util.Objects;

/// The role of an engine that can tell how much it holds. No answer scans: counts are kept, not
/// counted. Whether they are exact is in [Limits#exactCounts].
public interface Countable {
  /// Names of all queues that hold or held jobs, sorted.
  List<String> queues();

  /// How many jobs the queue holds in each state. A queue never heard of counts 0 everywhere.
  Counts counts(String queue);

  /// What a queue holds at one moment.
  ///
  /// @param waitingBytes bytes of READY and SCHEDULED jobs: payloads, keys and headers
  /// @param oldestReadyMillis when the oldest job at the head of a line was handed over, Unix
  ///   milliseconds; 0 when no job is READY
  /// @param paused whether the queue gives out no jobs
  record Counts(
      long scheduled,
      long ready,
      long running,
      long succeeded,
      long dead,
      long cancelled,
      long waitingBytes,
      long oldestReadyMillis,
      boolean paused) {

    /// Jobs that count against the capacity.
    public long waiting() {
      return scheduled + ready;
    }

    public long of(JobState state) {
      Objects.requireNonNull(state, "state: must not be null");
      return switch (state) {
        case SCHEDULED -> scheduled;
        case READY -> ready;
        case RUNNING -> running;
        case SUCCEEDED -> succeeded;
        case DEAD -> dead;
        case CANCELLED -> cancelled;
      };
    }
  }
}
