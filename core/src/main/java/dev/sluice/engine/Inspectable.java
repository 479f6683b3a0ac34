package dev.sluice.engine;

import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The role of an engine that can show what it holds. No answer scans: counts are kept, not
/// counted, and a page costs its own length.
public interface Inspectable {
  /// Most jobs of one page.
  int MAX_PAGE = 1000;

  /// Checks the length of a page.
  ///
  /// @throws IllegalArgumentException when it is not between 1 and [#MAX_PAGE]
  static void requirePage(int limit) {
    if (limit < 1 || limit > MAX_PAGE) {
      throw new IllegalArgumentException("limit: " + limit + " must be 1 to " + MAX_PAGE);
    }
  }

  /// The job of that id, if it is kept.
  Optional<JobView> find(JobId id);

  /// The newest job of that key in the queue, if it is kept.
  Optional<JobView> findByKey(String queue, String key);

  /// Names of all queues that hold or held jobs, sorted.
  List<String> queues();

  /// How many jobs the queue holds in each state. A queue never heard of counts 0 everywhere.
  Counts counts(String queue);

  /// Jobs of one queue in one state: READY in starting order, SCHEDULED by due time, RUNNING by id,
  /// ended ones by the time they ended, oldest first.
  Page list(String queue, JobState state, int limit, @Nullable String cursor);

  /// A part of a list.
  ///
  /// @param jobs the jobs
  /// @param next hands on to the page after this one; null when this is the last
  record Page(List<JobView> jobs, @Nullable String next) {
    public Page {
      Objects.requireNonNull(jobs, "jobs: must not be null");
    }
  }

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
