package dev.sluice;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Rings for whoever waits; a ring that nobody waited for is kept, and many are one.
///
/// Threading: thread-safe; `lock` guards `rung` and is held for nothing else.
final class Bell {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rings = lock.newCondition();
  private boolean rung;

  void ring() {
    lock.lock();
    try {
      rung = true;
      rings.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Waits for a ring. An interrupt does not cut that short and stays set.
  ///
  /// @return how much of the time is left, 0 or less when it was up before
  long await(long nanos) {
    boolean interrupted = false;
    lock.lock();
    try {
      long left = nanos;
      while (!rung && left > 0) {
        try {
          left = rings.awaitNanos(left);
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      rung = false;
      return left;
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
