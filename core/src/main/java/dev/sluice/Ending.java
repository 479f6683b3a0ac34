package dev.sluice;

import org.jspecify.annotations.Nullable;

/// How a run ended, before anybody decided what that means for the job.
///
/// Threading: immutable.
sealed interface Ending {

  /// The handler answered.
  record Returned(Outcome outcome) implements Ending {
    static final Returned DONE = new Returned(Outcome.done());
  }

  /// The handler gave no answer.
  sealed interface Failed extends Ending {
    /// The failure in words, cut to a bounded length.
    String error();

    /// Why the run had been interrupted before it failed; null when it had not.
    @Nullable Interruption interruption();
  }

  /// The handler threw, or its payload could not be decoded.
  record Threw(String error, @Nullable Interruption interruption) implements Failed {}

  /// The handler heeded no interrupt and was given up.
  record Abandoned(String error, @Nullable Interruption interruption) implements Failed {}

  /// No handler is registered for the job's type.
  record Unhandled() implements Ending {}

  /// The firing belongs to a schedule that has changed since it was planned.
  record Withdrawn() implements Ending {}

  /// The job came too late to be started.
  record Expired() implements Ending {}

  /// The job's workers died too often. Told at the start of a run by an engine whose crashes nobody
  /// takes back, because its broker just gives the job to the next worker.
  record Poisoned() implements Ending {}

  /// Why a run was interrupted. What is asked first is what counts.
  enum Interruption {
    TIMEOUT,
    CANCEL,
    LEASE_LOST,
    STOPPING
  }
}
