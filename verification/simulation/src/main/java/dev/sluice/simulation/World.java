package dev.sluice.simulation;

import dev.sluice.engine.Environment;
import java.util.SplittableRandom;

/// The clock and the dice of a simulated world, shared by all of its processes.
///
/// Threading: confined to the simulating thread.
final class World implements Environment.Clock {
  private static final long START_MILLIS = 1_800_000_000_000L;

  final SplittableRandom random;

  /// Set by whatever kills the process that acts; the simulation looks after each event.
  boolean crashed;

  /// How likely a wake-up gets lost.
  double wakeLoss;

  /// A planted defect: wake-ups get lost and nobody looks by himself.
  boolean deaf;

  private long monotonicNanos = 1_000_000_000L;
  private long wallMillis = START_MILLIS;
  private long highestWallMillis = START_MILLIS;

  World(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public long wallMillis() {
    return wallMillis;
  }

  @Override
  public long monotonicNanos() {
    return monotonicNanos;
  }

  /// The latest wall-clock time that was ever shown.
  long highestWallMillis() {
    return highestWallMillis;
  }

  void advance(long nanos) {
    monotonicNanos += nanos;
    jumpWall(nanos / 1_000_000);
  }

  void jumpWall(long millis) {
    wallMillis += millis;
    highestWallMillis = Math.max(highestWallMillis, wallMillis);
  }

  /// Undoes the jumps back.
  void mendWall() {
    wallMillis = highestWallMillis;
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  int dice(int below) {
    return random.nextInt(below);
  }
}
