package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.DeathReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// The chore that takes back claims whose lease ended without a word: the job waits again in its
/// old place, or is dead as poison when that happened too often.
///
/// Threading: confined to the keeper.
final class Reaper implements Environment.Step {
  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final int BATCH = 500;

  private final Engine engine;
  private final Environment.Clock clock;
  private final Queues queues;
  private final Runs runs;
  private final Listeners listeners;

  Reaper(Engine engine, Environment.Clock clock, Queues queues, Runs runs, Listeners listeners) {
    this.engine = engine;
    this.clock = clock;
    this.queues = queues;
    this.runs = runs;
    this.listeners = listeners;
  }

  @Override
  public long step() {
    if (!(engine instanceof Reclaiming reclaiming)) {
      return INTERVAL_NANOS;
    }
    List<Claim> expired = reclaiming.expired(BATCH);
    if (expired.isEmpty()) {
      return INTERVAL_NANOS;
    }
    long now = clock.wallMillis();
    List<Settle> settles = new ArrayList<>(expired.size());
    for (Claim claim : expired) {
      settles.add(new Settle(claim.lease(), Decision.reclaim(claim, policy(claim), now)));
    }
    List<Settled> answers = engine.settle(settles);
    int waiting = 0;
    boolean any = false;
    for (int i = 0; i < expired.size(); i++) {
      if (answers.get(i) == Settled.APPLIED) {
        any = true;
        Settlement settlement = settles.get(i).settlement();
        runs.lost(expired.get(i).lease(), clock.monotonicNanos());
        EndLog.settled(expired.get(i), settlement);
        waiting += settlement instanceof Settlement.Crash ? 1 : 0;
        if (!listeners.isEmpty()) {
          listeners.tell(event(expired.get(i), settlement));
        }
      }
    }
    if (waiting > 0) {
      EndLog.tookBack(waiting);
    }
    // A full page of what cannot be taken back must not turn into a spin.
    return any && expired.size() == BATCH ? AT_ONCE : INTERVAL_NANOS;
  }

  /// Takes back what an earlier process left running before anything starts, so that an interrupted
  /// job keeps its place ahead of those that waited behind it.
  void takeOver() {
    try {
      while (step() == AT_ONCE) {}
    } catch (EngineUnavailableException _) {
      // The keeper tries again, and says so.
    }
  }

  /// Jobs of queues that this process does not know are taken back all the same, by the defaults.
  private QueuePolicy policy(Claim claim) {
    QueueRuntime queue = queues.find(claim.job().queue());
    return queue == null ? QueuePolicy.defaults() : queue.policy();
  }

  private static JobEvent event(Claim claim, Settlement settlement) {
    return settlement instanceof Settlement.Poison(var attempt)
        ? new JobEvent.Died(
            claim.job(),
            claim.attempt(),
            DeathReason.POISON,
            Objects.requireNonNullElse(attempt.error(), ""),
            0)
        : new JobEvent.Crashed(claim.job(), claim.attempt(), claim.crashes() + 1);
  }
}
