package dev.sluice.simulation;

import dev.sluice.engine.Environment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The threads of one simulated process. Nothing runs by itself: loops are stepped and handlers are
/// let end by the simulation, one at a time. A handler's body is run when the simulation lets it
/// end; until then its thread counts as busy.
///
/// Threading: confined to the simulating thread.
final class Node implements Environment.Threads {
  final List<SimulatedLoop> loops = new ArrayList<>();
  final List<SimulatedWorker> workers = new ArrayList<>();

  /// The worker whose body runs right now.
  @Nullable SimulatedWorker current;

  /// Frozen until then, in monotonic time.
  long frozenUntilNanos;

  private final World world;

  Node(World world) {
    this.world = world;
  }

  boolean isFrozen() {
    return world.monotonicNanos() < frozenUntilNanos;
  }

  /// The process is gone, with all its threads.
  void die() {
    loops.clear();
    workers.clear();
    frozenUntilNanos = 0;
  }

  /// Nanoseconds until some loop wants a step; 0 when one does now.
  long nanosToNextStep() {
    long least = Environment.Step.WHEN_WOKEN;
    for (SimulatedLoop loop : loops) {
      least = Math.min(least, loop.nanosToStep());
    }
    return least;
  }

  @Override
  public Environment.Loop loop(String name, Environment.Step step) {
    SimulatedLoop loop = new SimulatedLoop(step);
    loops.add(loop);
    return loop;
  }

  @Override
  public Environment.Worker handler(String name, Runnable body) {
    SimulatedWorker worker = new SimulatedWorker(name, body);
    workers.add(worker);
    return worker;
  }

  /// A loop that is stepped by hand.
  final class SimulatedLoop implements Environment.Loop {
    private final Environment.Step step;
    private boolean woken = true;
    private long dueNanos;

    SimulatedLoop(Environment.Step step) {
      this.step = step;
    }

    long nanosToStep() {
      if (woken) {
        return 0;
      }
      return dueNanos == Long.MAX_VALUE
          ? Long.MAX_VALUE
          : Math.max(0, dueNanos - world.monotonicNanos());
    }

    void step() {
      woken = false;
      long wait = step.step();
      boolean forGood = wait == Environment.Step.WHEN_WOKEN || (world.deaf && wait > 0);
      dueNanos = forGood ? Long.MAX_VALUE : world.monotonicNanos() + wait;
    }

    // The settler tells its wake-up by the first run on an empty stack and never again, so that
    // one must not get lost; it is a thread's own unpark and cannot.
    @Override
    public void wake() {
      woken |= !world.deaf && !(dueNanos != Long.MAX_VALUE && world.chance(world.wakeLoss));
    }

    @Override
    public void stop() {
      loops.remove(this);
    }
  }

  /// A handler's thread that ends when the simulation says so.
  final class SimulatedWorker implements Environment.Worker {
    private final String name;
    private final Runnable body;
    boolean interrupted;
    private boolean ended;

    SimulatedWorker(String name, Runnable body) {
      this.name = name;
      this.body = body;
    }

    void end() {
      workers.remove(this);
      current = this;
      body.run();
      current = null;
      ended = true;
    }

    @Override
    public void interrupt() {
      interrupted = true;
    }

    @Override
    public boolean isAlive() {
      return !ended;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public StackTraceElement[] stack() {
      return new StackTraceElement[0];
    }
  }
}
