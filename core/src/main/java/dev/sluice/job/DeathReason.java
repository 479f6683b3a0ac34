package dev.sluice.job;

/// Why a job is [JobState#DEAD].
public enum DeathReason {
  /// Its last allowed attempt failed.
  EXHAUSTED,
  /// Its handler said that trying again is useless.
  BURIED,
  /// It did not start within its time to start.
  EXPIRED,
  /// Its worker died with it too often.
  POISON
}
