package dev.sluice;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;

/// One worker elsewhere that waits for jobs of one queue.
///
/// Threading: guarded by the lock of the [Pulls] that made it.
final class Pull {
  /// Where a pull is.
  enum Stage {
    /// In line.
    WAITING,
    /// The dispatcher claims for it right now.
    SERVED,
    /// Left the line, with or without jobs.
    OVER
  }

  /// Its place among all that ever got in line.
  final long number;

  final int max;
  final Duration lease;
  final Condition changed;
  final List<PulledRun> given = new ArrayList<>();
  Stage stage = Stage.WAITING;

  Pull(long number, int max, Duration lease, Condition changed) {
    this.number = number;
    this.max = max;
    this.lease = lease;
    this.changed = changed;
  }
}
