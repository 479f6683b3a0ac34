package dev.sluice.sqlite;

import dev.sluice.job.JobId;

/// One RUNNING job and the lease on it. The deadline is in memory only: it means nothing once the
/// process is gone.
///
/// Threading: confined to the writer's thread.
final class Running {
  final JobId id;
  final long seq;
  final QueueState queue;
  final int line;
  final long epoch;
  final long startedAtMillis;

  /// What the job counts; of a job just claimed right only when its options were read.
  int bytes;

  long deadlineNanos;
  boolean cancelRequested;

  // Eight plain facts of one row, made in two places.
  Running(
      JobId id,
      long seq,
      QueueState queue,
      int line,
      int bytes,
      long epoch,
      long startedAtMillis,
      long deadlineNanos) {
    this.id = id;
    this.seq = seq;
    this.queue = queue;
    this.line = line;
    this.bytes = bytes;
    this.epoch = epoch;
    this.startedAtMillis = startedAtMillis;
    this.deadlineNanos = deadlineNanos;
  }

  boolean isPast(long nowNanos) {
    return deadlineNanos - nowNanos <= 0;
  }
}
