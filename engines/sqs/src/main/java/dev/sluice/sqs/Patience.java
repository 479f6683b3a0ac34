package dev.sluice.sqs;

import dev.sluice.engine.Environment;
import java.time.Duration;

/// The time that one verb has, and the pauses between its tries: exponential back-off with full
/// jitter, so that many callers that were throttled together do not come back together.
///
/// Threading: thread-safe; the count of tries is the caller's.
final class Patience {
  private static final long FIRST_NANOS = 50_000_000;
  private static final long LONGEST_NANOS = 2_000_000_000;
  private static final long SHORTEST_NANOS = 5_000_000;

  /// A try that has less time than this is not begun: it would be cut off, and hide what was wrong.
  private static final long LEAST_NANOS = 300_000_000;

  private final Environment environment;
  private final Workers workers;
  private final long deadlineNanos;

  Patience(Environment environment, Workers workers, Duration limit) {
    this.environment = environment;
    this.workers = workers;
    this.deadlineNanos = environment.clock().monotonicNanos() + limit.toNanos();
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  long leftNanos() {
    return deadlineNanos - environment.clock().monotonicNanos();
  }

  /// Waits before the next try.
  ///
  /// @param tries how many failed so far, from 1
  /// @return whether there is time for another one
  boolean pause(int tries) {
    long most = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(tries - 1, 10));
    long pause = SHORTEST_NANOS + (long) (environment.random().nextDouble() * most);
    return leftNanos() > pause + LEAST_NANOS && workers.pause(pause) && leftNanos() > 0;
  }
}
