package dev.sluice.job;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A job as it stood when somebody looked.
///
/// Threading: immutable.
///
/// @param job what was handed over
/// @param state where it is
/// @param attempt attempts started; given-back ones do not count
/// @param crashes runs whose worker died
/// @param epoch the fencing token of its newest lease; 0 before the first
/// @param ahead jobs that start before it, counted by place in line: exact, but for jobs that left
///   the line from its middle; -1 when it does not wait in line
/// @param dueAt when a [JobState#SCHEDULED] job may run
/// @param startedAt when its newest attempt began
/// @param finishedAt when it reached a terminal state
/// @param deathReason why it is [JobState#DEAD]
/// @param cancelRequested whether a running job has been asked to stop
/// @param attempts the attempts that did not succeed, oldest first, the newest ones only
public record JobView(
    Job job,
    JobState state,
    int attempt,
    int crashes,
    long epoch,
    long ahead,
    @Nullable Instant dueAt,
    @Nullable Instant startedAt,
    @Nullable Instant finishedAt,
    @Nullable DeathReason deathReason,
    boolean cancelRequested,
    List<AttemptRecord> attempts) {

  public JobView {
    Objects.requireNonNull(job, "job: must not be null");
    Objects.requireNonNull(state, "state: must not be null");
    Objects.requireNonNull(attempts, "attempts: must not be null");
    attempts = List.copyOf(attempts);
  }

  public JobId id() {
    return job.id();
  }

  /// What the newest unsuccessful attempt left behind.
  public Optional<AttemptRecord> lastFailure() {
    return attempts.isEmpty() ? Optional.empty() : Optional.of(attempts.getLast());
  }
}
