package dev.sluice.contract;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Priority;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One job kept by a [ReferenceEngine].
///
/// Threading: confined to the monitor of the engine.
final class ReferenceJob {
  static final Comparator<ReferenceJob> BY_PLACE = Comparator.comparingLong(entry -> entry.place);
  static final Comparator<ReferenceJob> BY_DUE =
      Comparator.comparingLong((ReferenceJob entry) -> entry.dueMillis)
          .thenComparing(e -> e.job.id());
  static final Comparator<ReferenceJob> IN_STARTING_ORDER =
      Comparator.comparing((ReferenceJob entry) -> entry.job.priority())
          .reversed()
          .thenComparing(BY_PLACE);

  final Job job;
  JobState state;
  long place;
  long ended;
  long epoch;
  int attempt;
  int crashes;
  int parked;
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

  /// What people are shown.
  ///
  /// @param ahead how many start before it, if it is READY
  JobView view(long ahead) {
    return new JobView(
        job,
        state,
        attempt,
        crashes,
        epoch,
        state == JobState.READY ? ahead : -1,
        state == JobState.SCHEDULED ? Instant.ofEpochMilli(dueMillis) : null,
        epoch > 0 ? Instant.ofEpochMilli(startedMillis) : null,
        state.isTerminal() ? Instant.ofEpochMilli(finishedMillis) : null,
        reason,
        state == JobState.RUNNING && cancelRequested,
        history.subList(Math.max(0, history.size() - 20), history.size()));
  }

  /// The order of a list of jobs in `state`.
  static Comparator<ReferenceJob> order(JobState state) {
    return switch (state) {
      case READY -> IN_STARTING_ORDER;
      case SCHEDULED -> BY_DUE;
      case RUNNING -> Comparator.comparing(entry -> entry.job.id());
      case SUCCEEDED, DEAD, CANCELLED -> Comparator.comparingLong(entry -> entry.ended);
    };
  }

  /// Keeps what a settlement says, but for the state.
  void record(Settlement settlement) {
    switch (settlement) {
      case Settlement.Complete _ -> {}
      case Settlement.RunAgain again -> {
        dueMillis = again.atMillis();
        attempt -= again.refund() ? 1 : 0;
        parked += again.parks() ? 1 : 0;
        history.add(again.attempt());
      }
      case Settlement.Bury bury -> {
        reason = bury.reason();
        attempt -= bury.reason() == DeathReason.EXPIRED ? 1 : 0;
        history.add(bury.attempt());
      }
      case Settlement.Release _ -> attempt--;
      case Settlement.Stop stop -> history.add(stop.attempt());
      case Settlement.Crash crash -> {
        crashes++;
        history.add(crash.attempt());
      }
      case Settlement.Poison poison -> {
        crashes++;
        reason = DeathReason.POISON;
        history.add(poison.attempt());
      }
    }
  }

  Claim claim() {
    return new Claim(job, new Lease(job.id(), epoch), attempt, crashes, parked, startedMillis);
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
