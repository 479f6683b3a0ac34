package dev.sluice.job;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What is remembered of one attempt that did not succeed.
///
/// Threading: immutable.
///
/// @param attempt which attempt, from 1
/// @param outcome how it ended
/// @param error what went wrong, cut to a bounded length; null when there is nothing to tell
/// @param startedAt when a worker took the job, wall clock
/// @param endedAt when the attempt ended, wall clock
public record AttemptRecord(
    int attempt,
    AttemptOutcome outcome,
    @Nullable String error,
    Instant startedAt,
    Instant endedAt) {
  public AttemptRecord {
    Objects.requireNonNull(outcome, "outcome: must not be null");
    Objects.requireNonNull(startedAt, "started-at: must not be null");
    Objects.requireNonNull(endedAt, "ended-at: must not be null");
  }
}
