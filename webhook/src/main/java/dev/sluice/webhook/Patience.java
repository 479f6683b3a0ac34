package dev.sluice.webhook;

import dev.sluice.engine.Environment;
import java.net.SocketTimeoutException;
import java.time.Duration;

/// Until when the reads of a thread are waited for, beside the socket's own time-out.
///
/// Threading: immutable.
record Patience(Environment.Clock clock, long untilNanos) {
  /// What holds for the sockets that this thread reads from.
  static final ScopedValue<Patience> HELD = ScopedValue.newInstance();

  static Patience of(Duration most, Environment.Clock clock) {
    return new Patience(clock, clock.monotonicNanos() + most.toNanos());
  }

  boolean isOver() {
    return leftNanos() <= 0;
  }

  /// What is left, as a socket wants it: 0 would be for ever.
  ///
  /// @throws SocketTimeoutException when nothing is
  int leftMillis() throws SocketTimeoutException {
    long left = leftNanos();
    if (left <= 0) {
      throw new SocketTimeoutException("the body took too long");
    }
    return Math.clamp(left / 1_000_000, 1, Integer.MAX_VALUE);
  }

  private long leftNanos() {
    return untilNanos - clock.monotonicNanos();
  }
}
