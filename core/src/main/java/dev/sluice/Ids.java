package dev.sluice;

import dev.sluice.engine.Environment;
import dev.sluice.job.JobId;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/// The maker of job ids: UUIDv7 with a 12-bit counter below the milliseconds (RFC 9562, 6.2, method
/// 1), ascending within a process even when the wall clock goes back.
///
/// Threading: thread-safe.
final class Ids {
  private static final int COUNTER_BITS = 12;
  private static final long VERSION_7 = 0x7000L;
  private static final long VARIANT = 0x8000_0000_0000_0000L;
  private static final long BELOW_VARIANT = 0x3FFF_FFFF_FFFF_FFFFL;

  private final Environment.Clock clock;
  private final RandomGenerator random;

  /// Milliseconds and counter of the newest id; only goes up.
  private final AtomicLong newest = new AtomicLong();

  Ids(Environment.Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /// Makes the ticks of `count` ids that follow each other, and returns the first.
  long reserve(int count, long wallMillis) {
    long earliest = wallMillis << COUNTER_BITS;
    long last = newest.updateAndGet(before -> Math.max(before, earliest - 1) + count);
    return last - count + 1;
  }

  /// The id of a reserved tick.
  JobId id(long tick) {
    long high = (tick >>> COUNTER_BITS << 16) | VERSION_7 | (tick & 0xFFF);
    return new JobId(high, (random.nextLong() & BELOW_VARIANT) | VARIANT);
  }

  JobId next() {
    return id(reserve(1, clock.wallMillis()));
  }
}
