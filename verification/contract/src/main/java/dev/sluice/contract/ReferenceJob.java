package dev.sluice.contract;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Lease;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Priority;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One job kept by a [ReferenceEngine].
///
/// Threading: confined to the monitor of the engine.
final class ReferenceJob {
  final Job job;
  JobState state;
  long place;
  long ended;
  long epoch;
  int attempt;
  int crashes;
  long dueMillis;
  long startedMillis;
  long finishedMillis;
  long deadlineNanos;
  boolean cancelRequested;
  @Nullable DeathReason reason;
  final List<AttemptRecord> history = new ArrayList<>();

  ReferenceJob(Job job, JobState state) {
    this.job = job;
    this.state = state;
  }

  void take(Lifecycle step) {
    state = step.apply(state);
  }

  Claim claim() {
    return new Claim(job, new Lease(job.id(), epoch), attempt, crashes, startedMillis);
  }

  boolean late(long nowNanos) {
    return nowNanos - deadlineNanos >= 0;
  }

  /// Where the page after this job begins.
  String cursor() {
    String numbers = place + " " + dueMillis + " " + ended;
    return state + " " + job.id() + " " + job.priority() + " " + numbers;
  }

  /// What the last job of a page was like when the page was made.
  static ReferenceJob ofCursor(JobState state, String cursor) {
    List<String> parts = List.of(cursor.split(" ", -1));
    if (parts.size() != 6 || !parts.getFirst().equals(state.name())) {
      throw new IllegalArgumentException("cursor: must be the next of an earlier page");
    }
    Priority priority = Priority.valueOf(parts.get(2));
    JobId id = JobId.parse(parts.get(1));
    Job job = new Job(id, "", "", new byte[0], priority, 0, JobOptions.NONE);
    ReferenceJob last = new ReferenceJob(job, state);
    last.place = Long.parseLong(parts.get(3));
    last.dueMillis = Long.parseLong(parts.get(4));
    last.ended = Long.parseLong(parts.get(5));
    return last;
  }
}
