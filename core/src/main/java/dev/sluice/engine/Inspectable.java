package dev.sluice.engine;

import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The role of an engine that can show each job it holds. No answer scans: a page costs its own
/// length.
public interface Inspectable extends Countable {
  /// Most jobs of one page.
  int MAX_PAGE = 1000;

  /// A page ends early once its payloads are longer than this in bytes, so that nobody has to hold
  /// a thousand large ones.
  long MAX_PAGE_BYTES = 16 << 20;

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
}
