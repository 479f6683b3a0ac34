package dev.sluice;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The step machine for everything that is done at intervals and talks to the engine: keeping
/// leases, taking back crashed jobs, firing schedules, pruning, looking whether anything is stuck.
/// Each chore says when it is due again; one that fails does not keep the others from their turn.
///
/// Threading: [#step] is confined to the keeper's loop; [#trouble] is thread-safe.
final class Keeper implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.keeper");
  private static final long RETRY_NANOS = 1_000_000_000;
  private static final long UNRESPONSIVE_NANOS = 15_000_000_000L;

  /// One chore and when it is due.
  private static final class Chore {
    final String name;
    final Environment.Step work;
    long dueNanos;

    /// Why it failed the last time; null when it did not.
    @Nullable String failure;

    Chore(String name, Environment.Step work, long dueNanos) {
      this.name = name;
      this.work = work;
      this.dueNanos = dueNanos;
    }
  }

  private final Environment.Clock clock;
  private final LeaseKeeper leases;
  private final Chore keepingLeases;
  private final List<Chore> others;

  /// Whether leases were kept when it was last their turn.
  private boolean leasesKept = true;

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
    this.leases = leases;
    long now = clock.monotonicNanos();
    this.keepingLeases = new Chore("keeping leases", leases, now);
    this.others =
        List.of(
            new Chore("taking back crashed jobs", reaper, now),
            new Chore("firing schedules", recurring, now),
            new Chore("pruning", pruner, now),
            new Chore("looking for stuck queues", stuckCheck, now));
  }

  /// Names what asks for a step of this machine.
  void wakeBy(Runnable wakeUp) {
    leases.wakeBy(wakeUp);
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

  /// Leases first: after a long stop of this process they must be extended before they are reaped.
  /// Those that could not be extended may have run out, and reaping would take back jobs that run
  /// here; so nothing else is done until leases were kept again.
  private long round() {
    if (isDue(keepingLeases) || leases.hasAnswers()) {
      leasesKept = isDone(keepingLeases);
    }
    if (!leasesKept) {
      return RETRY_NANOS;
    }
    for (Chore chore : others) {
      if (isDue(chore)) {
        var _ = isDone(chore);
      }
    }
    long now = clock.monotonicNanos();
    long wait = keepingLeases.dueNanos - now;
    for (Chore chore : others) {
      wait = Math.min(wait, chore.dueNanos - now);
    }
    return Math.max(0, wait);
  }

  private boolean isDue(Chore chore) {
    return clock.monotonicNanos() - chore.dueNanos >= 0;
  }

  /// Does a chore; false when it failed and is to be tried again.
  private boolean isDone(Chore chore) {
    long now = clock.monotonicNanos();
    chore.dueNanos = now + RETRY_NANOS;
    try {
      chore.dueNanos = now + Math.min(RETRY_NANOS, chore.work.step());
      if (chore.failure != null) {
        chore.failure = null;
        LOG.log(System.Logger.Level.INFO, chore.name + " works again");
      }
      return true;
    } catch (EngineUnavailableException unavailable) {
      // Once for each reason: it is tried every second, and what is away may be so for hours.
      String why = String.valueOf(unavailable.getMessage());
      if (!why.equals(chore.failure)) {
        chore.failure = why;
        LOG.log(System.Logger.Level.WARNING, chore.name + " failed: " + why);
      }
    } catch (Throwable failure) {
      // Errors of user code too: a schedule or a codec must not stop the other chores.
      LOG.log(System.Logger.Level.ERROR, chore.name + " failed", failure);
    }
    return false;
  }

  /// Says that the round under way has lasted long, because the engine does not answer, or that it
  /// does not answer about the leases of a queue of a broker.
  Optional<String> trouble() {
    long nanos = busy ? clock.monotonicNanos() - busySinceNanos : 0;
    return nanos > UNRESPONSIVE_NANOS
        ? Optional.of("the engine has not answered for " + nanos / 1_000_000_000 + " s")
        : leases.trouble(UNRESPONSIVE_NANOS);
  }
}
