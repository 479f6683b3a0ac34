package dev.sluice.rabbitmq;

import dev.sluice.engine.Environment;
import java.time.Duration;

/// A clock that is moved by hand.
///
/// Threading: confined to the test.
final class HandClock implements Environment.Clock {
  private long nanos = 1;

  @Override
  public long wallMillis() {
    return nanos / 1_000_000;
  }

  @Override
  public long monotonicNanos() {
    return nanos;
  }

  void pass(Duration time) {
    nanos += time.toNanos();
  }
}
