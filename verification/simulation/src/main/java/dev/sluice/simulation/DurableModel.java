package dev.sluice.simulation;

import dev.sluice.contract.EngineLayer;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.time.Duration;

/// A model of a durable engine: the memory engine, kept over the death of its process, with a
/// monotonic clock of its own that leaps at each reopening, so that all leases are void then.
///
/// Threading: confined to the simulating thread.
final class DurableModel extends EngineLayer<MemoryEngine> {
  private final LeapingClock clock;

  /// @param clock where the engine's time comes from: the world, unless a defect is planted
  DurableModel(Environment.Clock clock, World world) {
    this(new LeapingClock(clock), world);
  }

  private DurableModel(LeapingClock clock, World world) {
    super(MemoryEngine.open(new Environment(clock, world.random.split(), new Node(world))));
    this.clock = clock;
  }

  /// A new process opens what the old one left.
  void reopen() {
    clock.leaptNanos += LeapingClock.LEAP_NANOS;
  }

  /// Jobs outlive the process that worked on them.
  @Override
  public void close() {}

  private static final class LeapingClock implements Environment.Clock {
    static final long LEAP_NANOS = Duration.ofDays(2).toNanos();
    private final Environment.Clock steady;
    private long leaptNanos;

    LeapingClock(Environment.Clock steady) {
      this.steady = steady;
    }

    @Override
    public long wallMillis() {
      return steady.wallMillis();
    }

    @Override
    public long monotonicNanos() {
      return steady.monotonicNanos() + leaptNanos;
    }
  }
}
