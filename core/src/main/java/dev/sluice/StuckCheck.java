package dev.sluice;

import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Limits;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The chore that watches the watchers: jobs ready, a slot free, and nothing claimed for 5 seconds
/// means that something is broken, and health must say so.
///
/// Threading: confined to the keeper.
final class StuckCheck implements Environment.Step {
  private static final long INTERVAL_NANOS = 1_000_000_000;
  static final long PATIENCE_NANOS = 5_000_000_000L;

  private final Engine engine;
  private final Environment.Clock clock;
  private final Queues queues;
  private final boolean handlers;
  private final Limits limits;

  /// @param handlers whether job types have handlers here
  StuckCheck(Engine engine, Environment.Clock clock, Queues queues, boolean handlers) {
    this.engine = engine;
    this.clock = clock;
    this.queues = queues;
    this.handlers = handlers;
    this.limits = engine.limits();
  }

  @Override
  public long step() {
    if (engine instanceof Countable countable) {
      for (QueueRuntime queue : queues.all()) {
        queue.stuck = check(queue, countable.counts(queue.name()));
      }
    }
    return INTERVAL_NANOS;
  }

  private @Nullable String check(QueueRuntime queue, Countable.Counts counts) {
    long now = clock.monotonicNanos();
    queue.looked(counts);
    if (limits.brokered()) {
      // The broker moves what is due, and may keep ready jobs back: others hold them, or the first
      // of their group waits. Whether it works, the engine itself knows best.
      return null;
    }
    if (counts.scheduled() > 0 && (queue.freeSlots() == 0 || !queue.isWanted())) {
      // Nobody claims, so nobody moves those that are due; whoever comes later must not pass them.
      engine.claim(List.of(queue.request(0, queue.policy().lease())));
    }
    if (counts.ready() == 0
        || counts.paused()
        || queue.freeSlots() == 0
        || !queue.isWanted()
        || !queue.isWorked(handlers, now)) {
      // Nothing to claim now; the time without a claim counts from here.
      queue.claimableSinceNanos = now;
      return null;
    }
    long since = Math.max(queue.claimedAtNanos, queue.claimableSinceNanos);
    long patience = PATIENCE_NANOS + queue.policy().rate().map(StuckCheck::spacing).orElse(0L);
    return now - since < patience
        ? null
        : "queue '"
            + queue.name()
            + "': "
            + counts.ready()
            + " jobs are ready and slots are free, but nothing was started for "
            + Duration.ofNanos(now - since).toSeconds()
            + " s";
  }

  /// The longest pause that the rate itself makes between two starts.
  private static long spacing(Rate rate) {
    return rate.per().toNanos() / rate.permits();
  }
}
