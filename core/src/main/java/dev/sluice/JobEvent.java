package dev.sluice;

import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import java.time.Instant;

/// Something that happened to a job, after it was recorded.
///
/// Threading: immutable.
public sealed interface JobEvent {
  Job job();

  /// Which attempt it is about, from 1.
  int attempt();

  /// A handler was started.
  record Started(Job job, int attempt) implements JobEvent {}

  /// The job ended well. `runNanos` is how long its handler ran.
  record Succeeded(Job job, int attempt, long runNanos) implements JobEvent {}

  /// An attempt failed, and there will be another one.
  record Retrying(Job job, int attempt, String error, Instant at) implements JobEvent {}

  /// The handler asked to run again later.
  record Snoozed(Job job, int attempt, Instant at) implements JobEvent {}

  /// No handler is registered for its type; it is offered again later.
  record Parked(Job job, int attempt, Instant at) implements JobEvent {}

  /// The job was given up.
  record Died(Job job, int attempt, DeathReason reason, String error) implements JobEvent {}

  /// The job was cancelled while it ran.
  record Cancelled(Job job, int attempt) implements JobEvent {}

  /// The job was given back by a worker that stops; the attempt does not count.
  record Released(Job job, int attempt) implements JobEvent {}

  /// The worker of the job died; it waits again.
  record Crashed(Job job, int attempt, int crashes) implements JobEvent {}

  /// The lease was not valid any more when the attempt ended; what it did was not recorded.
  record LeaseLost(Job job, int attempt) implements JobEvent {}

  /// The handler heeds no interrupt; it was given up but still runs.
  record BecameZombie(Job job, int attempt) implements JobEvent {}

  /// A zombie ended at last; what it said was discarded.
  record LateResult(Job job, int attempt) implements JobEvent {}
}
