package dev.sluice.job;

/// How one attempt of a job ended.
public enum AttemptOutcome {
  SUCCEEDED,
  FAILED,
  TIMED_OUT,
  CANCELLED,
  /// The lease ended without a word from the worker.
  LOST,
  /// Given back by a worker that stops; the attempt does not count.
  RETURNED,
  /// The handler asked to run again later; the attempt does not count.
  SNOOZED,
  /// No handler is registered for its type here; the attempt does not count.
  PARKED,
  /// The job came to a worker after its time to start; the attempt does not count.
  EXPIRED
}
