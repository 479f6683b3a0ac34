package dev.sluice.sqlite;

import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.util.List;

/// The small numbers that stand for words in the file. A place in a list is a word's number for
/// ever: new words go to the end, whatever becomes of the enums.
///
/// Threading: immutable.
final class Codes {
  private static final List<JobState> STATES =
      List.of(
          JobState.SCHEDULED,
          JobState.READY,
          JobState.RUNNING,
          JobState.SUCCEEDED,
          JobState.DEAD,
          JobState.CANCELLED);

  // In starting order, so that an index on it has the lines in starting order.
  private static final List<Priority> PRIORITIES =
      List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW);

  private static final List<DeathReason> REASONS =
      List.of(DeathReason.EXHAUSTED, DeathReason.BURIED, DeathReason.EXPIRED, DeathReason.POISON);

  private static final List<AttemptOutcome> OUTCOMES =
      List.of(
          AttemptOutcome.SUCCEEDED,
          AttemptOutcome.FAILED,
          AttemptOutcome.TIMED_OUT,
          AttemptOutcome.CANCELLED,
          AttemptOutcome.LOST,
          AttemptOutcome.RETURNED,
          AttemptOutcome.SNOOZED,
          AttemptOutcome.PARKED,
          AttemptOutcome.EXPIRED);

  static final int HIGH = 0;
  static final int NORMAL = 1;
  static final int LOW = 2;

  /// How many lines a queue has.
  static final int LINES = 3;

  private Codes() {}

  static int of(JobState state) {
    return STATES.indexOf(state);
  }

  static JobState state(int code) {
    return STATES.get(code);
  }

  static int of(Priority priority) {
    return PRIORITIES.indexOf(priority);
  }

  static Priority priority(int code) {
    return PRIORITIES.get(code);
  }

  static int of(DeathReason reason) {
    return REASONS.indexOf(reason);
  }

  static DeathReason reason(int code) {
    return REASONS.get(code);
  }

  static int of(AttemptOutcome outcome) {
    return OUTCOMES.indexOf(outcome);
  }

  static AttemptOutcome outcome(int code) {
    return OUTCOMES.get(code);
  }
}
