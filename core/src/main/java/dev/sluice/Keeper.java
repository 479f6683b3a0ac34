package dev.sluice;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.util.List;

/// The step machine for everything that is done at intervals and talks to the engine: keeping
/// leases, taking back crashed jobs, firing schedules, pruning, looking whether anything is stuck.
/// Each chore says when it is due again; one that fails does not keep the others from their turn.
///
/// Threading: [#step] is confined to the keeper's loop; [#busyNanos] is thread-safe.
final class Keeper implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.keeper");
  private static final long RETRY_NANOS = 1_000_000_000;

  /// One chore and when it is due.
  private static final class Chore {
    final String name;
    final Environment.Step work;
    long dueNanos;
    boolean failed;

    Chore(String name, Environment.Step work, long dueNanos) {
      this.name = name;
      this.work = work;
      this.dueNanos = dueNanos;
    }
  }

  private final Environment.Clock clock;
  private final List<Chore> chores;
  private volatile boolean busy;
  private volatile long busySinceNanos;

  Keeper(
      Environment.Clock clock,
      LeaseKeeper leases,
      Reaper reaper,
      Recurring recurring,
      Pruner pruner,
      StuckCheck stuckCheck) {
    this.clock = clock;
    long now = clock.monotonicNanos();
    // Leases first: after a long stop of this process they must be extended before they are reaped.
    this.chores =
        List.of(
            new Chore("keeping leases", leases, now),
            new Chore("taking back crashed jobs", reaper, now),
            new Chore("firing schedules", recurring, now),
            new Chore("pruning", pruner, now),
            new Chore("looking for stuck queues", stuckCheck, now));
  }

  @Override
  public long step() {
    busySinceNanos = clock.monotonicNanos();
    busy = true;
    try {
      return round();
    } finally {
      busy = false;
    }
  }

  private long round() {
    long wait = RETRY_NANOS;
    for (Chore chore : chores) {
      long now = clock.monotonicNanos();
      if (now - chore.dueNanos >= 0) {
        chore.failed = !isDone(chore, now);
      }
      if (chore == chores.getFirst() && chore.failed) {
        // Leases that could not be extended may have run out; reaping now would take back jobs
        // that run here.
        return RETRY_NANOS;
      }
      wait = Math.min(wait, Math.max(0, chore.dueNanos - clock.monotonicNanos()));
    }
    return wait;
  }

  private static boolean isDone(Chore chore, long now) {
    chore.dueNanos = now + RETRY_NANOS;
    try {
      chore.dueNanos = now + Math.min(RETRY_NANOS, chore.work.step());
      return true;
    } catch (EngineUnavailableException unavailable) {
      LOG.log(System.Logger.Level.WARNING, chore.name + " failed: " + unavailable.getMessage());
    } catch (Throwable failure) {
      // Errors of user code too: a schedule or a codec must not stop the other chores.
      LOG.log(System.Logger.Level.ERROR, chore.name + " failed", failure);
    }
    return false;
  }

  /// How long the round under way has lasted: long when the engine does not answer.
  long busyNanos(long nowNanos) {
    return busy ? nowNanos - busySinceNanos : 0;
  }
}
