package dev.sluice.sqs;

import dev.sluice.engine.Environment;
import java.util.concurrent.atomic.AtomicLong;

/// A clock that a test moves by hand.
record HandClock(AtomicLong nanos) implements Environment.Clock {
  @Override
  public long wallMillis() {
    return nanos.get() / 1_000_000;
  }

  @Override
  public long monotonicNanos() {
    return nanos.get();
  }
}
