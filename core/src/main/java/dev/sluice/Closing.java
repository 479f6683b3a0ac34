package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The end of a Sluice, in order: no new jobs, no new starts, running jobs end or are interrupted,
/// ends are recorded, and only then do the leases stop being kept (db-scheduler issue 365 shows
/// what the other order does: a job that still runs is started again elsewhere).
///
/// Threading: thread-safe; `lock` is held for the whole close, so that a second close waits for the
/// first and returns its report.
final class Closing {
  private static final Duration LONGEST_INTERRUPTED = Duration.ofSeconds(5);

  /// What is kept of that for a broker's last answers; other engines answer within the last step.
  private static final Duration LONGEST_RECORDING = Duration.ofSeconds(1);

  private final ReentrantLock lock = new ReentrantLock();
  private final Engine engine;
  private final Environment.Clock clock;
  private final Queues queues;
  private final Runs runs;
  private final Settler settler;
  private final Listeners listeners;
  private final Loop dispatching;
  private final Loop watching;
  private final Loop settling;
  private final Loop keeping;
  private volatile boolean begun;
  private @Nullable CloseReport report;

  Closing(
      Engine engine,
      Environment.Clock clock,
      Queues queues,
      Runs runs,
      Settler settler,
      Listeners listeners,
      Loop dispatching,
      Loop watching,
      Loop settling,
      Loop keeping) {
    this.engine = engine;
    this.clock = clock;
    this.queues = queues;
    this.runs = runs;
    this.settler = settler;
    this.listeners = listeners;
    this.dispatching = dispatching;
    this.watching = watching;
    this.settling = settling;
    this.keeping = keeping;
  }

  boolean begun() {
    return begun;
  }

  void wakeDispatcher() {
    dispatching.wake();
  }

  CloseReport close(Duration deadline) {
    listeners.requireOutside();
    // Before anybody can know of the close, so that whatever ends after it began is in the report.
    Set<Run> running = new HashSet<>(runs.snapshot());
    begun = true;
    lock.lock();
    try {
      CloseReport done = report;
      if (done == null) {
        done = stop(deadline, running);
        report = done;
      }
      return done;
    } finally {
      lock.unlock();
    }
  }

  private CloseReport stop(Duration deadline, Set<Run> running) {
    dispatching.stop();
    queues.close();
    running.addAll(runs.snapshot());
    Duration interrupted = shorter(deadline.dividedBy(5), LONGEST_INTERRUPTED);
    Duration recording =
        engine.limits().brokered()
            ? shorter(interrupted.dividedBy(5), LONGEST_RECORDING)
            : Duration.ZERO;
    long left = awaitNone(deadline.minus(interrupted).toNanos());
    if (runs.size() > 0) {
      long now = clock.monotonicNanos();
      runs.snapshot().forEach(run -> run.interrupt(Ending.Interruption.STOPPING, now));
    }
    left = awaitNone(left + interrupted.minus(recording).toNanos());
    watching.stop();
    settling.stop();
    try {
      // Its loop has ended, so this thread owns the settler: what ended last is still recorded.
      settler.finish(Math.max(0, left) + recording.toNanos());
      return report(running);
    } finally {
      keeping.stop();
      engine.close();
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /// A zombie whose end was not recorded yet is in both lists and counts once.
  private CloseReport report(Set<Run> running) {
    Set<Run> abandoned = new HashSet<>(runs.snapshot());
    abandoned.addAll(runs.zombies());
    int finished = 0;
    int released = 0;
    for (Run run : running) {
      if (abandoned.contains(run) || run.isZombie()) {
        continue;
      }
      if (run.wasReleased()) {
        released++;
      } else {
        finished++;
      }
    }
    return new CloseReport(finished, released, abandoned.size());
  }

  /// Waits for the running jobs; an interrupt of the closing thread ends the waiting at once.
  ///
  /// @return how much of the time is left
  private long awaitNone(long nanos) {
    try {
      return Math.max(0, runs.awaitNone(nanos));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }
}
