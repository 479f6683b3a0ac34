package dev.sluice.simulation;

/// Defects that can be planted, to see that the simulation finds each of them. All have happened to
/// systems of this kind.
public enum Bug {
  /// No defect.
  NONE,
  /// Accepted before it was forced to disk: gone after a crash.
  ACCEPTED_BEFORE_FSYNC,
  /// Accepted, and then forgotten.
  ACCEPTED_AND_DROPPED,
  /// A late worker settles the job of its successor.
  STALE_SETTLE,
  /// A late worker extends the lease of its successor.
  STALE_EXTEND,
  /// The attempt is not raised at the claim.
  ATTEMPT_NOT_RAISED,
  /// Crashes are not counted, so a poison job runs for ever.
  CRASH_NOT_COUNTED,
  /// One job too many is let in.
  BOUND_OFF_BY_ONE,
  /// The bound in bytes is not looked at.
  BYTES_UNBOUNDED,
  /// Two jobs of one key.
  KEY_IGNORED,
  /// A refused job is stored all the same.
  REFUSED_BUT_STORED,
  /// One job goes to two workers.
  CLAIMED_TWICE,
  /// The wall clock decides over leases.
  LEASE_BY_WALL_CLOCK,
  /// Nobody takes back what crashed.
  NEVER_RECLAIMED,
  /// A rescuer overwrites a job that has completed.
  COMPLETED_RESCUED,
  /// A settlement is confirmed and not recorded.
  SETTLE_DROPPED,
  /// A payload is stored in part.
  PAYLOAD_TORN,
  /// Last in, first out.
  ORDER_REVERSED,
  /// A paused queue gives out jobs.
  PAUSE_IGNORED,
  /// Scheduled jobs start early.
  STARTED_EARLY,
  /// A cancel is confirmed and not done.
  CANCEL_FORGOTTEN,
  /// A job is told to run now, and goes on waiting for its time.
  RUN_NOW_FORGOTTEN,
  /// A job is deleted, and stays.
  DELETE_FORGOTTEN,
  /// A job that has not ended is deleted.
  DELETED_TOO_EARLY,
  /// Wake-ups get lost and nobody looks by himself.
  WAKE_UP_LOST,
  /// The rate's clock runs too fast.
  RATE_TOO_FAST
}
