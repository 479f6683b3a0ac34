package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Retaining;

/// The chore that lets go of ended jobs, a few at a time, so that nobody waits long for it.
///
/// Threading: confined to the keeper.
final class Pruner implements Environment.Step {
  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final int BATCH = 200;

  private final Engine engine;
  private final Queues queues;

  Pruner(Engine engine, Queues queues) {
    this.engine = engine;
    this.queues = queues;
  }

  @Override
  public long step() {
    if (!(engine instanceof Retaining retaining)) {
      return INTERVAL_NANOS;
    }
    boolean more = false;
    for (QueueRuntime queue : queues.all()) {
      more |= retaining.prune(queue.name(), queue.policy().retention(), BATCH) == BATCH;
    }
    return more ? AT_ONCE : INTERVAL_NANOS;
  }
}
