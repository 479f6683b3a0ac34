package dev.sluice.job;

/// Where a job is in its life. [Lifecycle] says which steps between states exist.
public enum JobState {
  /// Waits for its time: a delay, a run-at, or the pause before a retry (then attempt > 0).
  SCHEDULED,
  /// Waits for a worker.
  READY,
  /// Taken by a worker under a lease.
  RUNNING,
  /// Ended well.
  SUCCEEDED,
  /// Given up; [DeathReason] says why.
  DEAD,
  /// Stopped by a person or a program before it ended by itself.
  CANCELLED;

  /// Whether the job counts against a queue's capacity.
  public boolean isWaiting() {
    return this == SCHEDULED || this == READY;
  }

  /// Whether the job has ended; only an operator's retry leaves such a state.
  public boolean isTerminal() {
    return this == SUCCEEDED || this == DEAD || this == CANCELLED;
  }
}
