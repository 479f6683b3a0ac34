package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Settled;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A run whose work is done by a worker elsewhere, who extends the lease itself and can be told to
/// stop only when it asks.
///
/// Threading: thread-safe.
final class PulledRun extends Run {
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile @Nullable Settled answer;

  /// When the worker was told to stop, and whether it was.
  private volatile long toldNanos;

  private volatile boolean told;

  PulledRun(Claim claim, QueueRuntime queue, Settler settler, Duration lease, long nowNanos) {
    super(claim, queue, settler, lease, nowNanos);
  }

  /// A cancel or a timeout waits for the worker's next word. A lease that is lost, or a process
  /// that stops, ends the run at once, also when the worker had been asked to stop before: there is
  /// nothing to wait for.
  @Override
  boolean interrupt(Ending.Interruption why, long nowNanos) {
    boolean isFirst = super.interrupt(why, nowNanos);
    switch (why) {
      case LEASE_LOST -> end(new Ending.Threw("the worker fell silent", why));
      case STOPPING ->
          end(new Ending.Threw("the worker did not end in time", isFirst ? why : interruption()));
      case CANCEL, TIMEOUT -> {}
    }
    return isFirst;
  }

  /// The worker asked, and was told to stop.
  void told(long nowNanos) {
    if (!told) {
      toldNanos = nowNanos;
      told = true;
    }
  }

  /// Counts from when the worker heard of it; one that does not ask is given up when its lease
  /// ends.
  @Override
  boolean ignoresInterrupt(long graceNanos, long nowNanos) {
    return told
        && nowNanos - toldNanos >= graceNanos
        && super.ignoresInterrupt(graceNanos, nowNanos);
  }

  /// The worker hears of it when it asks.
  @Override
  void interrupted(Ending.Interruption why) {}

  @Override
  boolean holdsThread() {
    return false;
  }

  @Override
  String thread() {
    return "";
  }

  @Override
  List<StackTraceElement> stack() {
    return List.of();
  }

  @Override
  void recorded(Settled settled) {
    answer = settled;
    done.countDown();
  }

  /// Waits until the end was recorded.
  ///
  /// @param mine how the asking worker says that it ended
  /// @return the engine's answer, or a lost lease when it had ended in another way before
  /// @throws EngineUnavailableException when that takes longer; it is recorded later all the same
  Settled awaitRecorded(Ending mine, Duration most) {
    if (!ending().equals(mine)) {
      return Settled.LEASE_LOST;
    }
    boolean interrupted = false;
    try {
      long left = most.toNanos();
      while (true) {
        try {
          // The engine's own retries decide how long this takes; no clock of ours is read.
          if (!done.await(left, TimeUnit.NANOSECONDS)) {
            throw new EngineUnavailableException(
                "the end of job " + id() + " is not recorded yet; ask again");
          }
          Settled known = answer;
          return known == null ? Settled.LEASE_LOST : known;
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
