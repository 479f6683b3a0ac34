package dev.sluice.contract;

import dev.sluice.engine.Environment;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// A world for tests: both clocks stand still until somebody moves them, random numbers come from a
/// seed, threads are real ones.
///
/// Threading: thread-safe.
public final class ManualEnvironment {
  /// 2026-01-01T00:00:00Z, where every wall clock starts.
  public static final long START_MILLIS = 1_767_225_600_000L;

  private final AtomicLong wallMillis = new AtomicLong(START_MILLIS);

  // Negative, as it may be on a real machine, and soon passing 0, which is no special value.
  private final AtomicLong monotonicNanos = new AtomicLong(-Duration.ofSeconds(5).toNanos());

  private final Environment environment;

  public ManualEnvironment(long seed) {
    Environment.Clock clock =
        new Environment.Clock() {
          @Override
          public long wallMillis() {
            return wallMillis.get();
          }

          @Override
          public long monotonicNanos() {
            return monotonicNanos.get();
          }
        };
    environment = new Environment(clock, new Random(seed), Environment.system().threads());
  }

  public Environment environment() {
    return environment;
  }

  public long wallMillis() {
    return wallMillis.get();
  }

  /// Lets time pass on both clocks.
  public void advance(Duration by) {
    wallMillis.addAndGet(by.toMillis());
    monotonicNanos.addAndGet(by.toNanos());
  }

  /// Sets the wall clock forward or back, as an operator or a time server does; no time passes.
  public void jumpWallClock(Duration by) {
    wallMillis.addAndGet(by.toMillis());
  }
}
