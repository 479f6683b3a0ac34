package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The chore that extends the lease of every run whose handler works here, at every third of its
/// length, until its end is recorded; and that learns from the answers who shall stop.
///
/// Threading: confined to the keeper.
final class LeaseKeeper implements Environment.Step {
  private static final long INTERVAL_NANOS = 250_000_000;

  private final Engine engine;
  private final Environment.Clock clock;
  private final Runs runs;

  /// Whether a queue can fail by itself.
  private final boolean alone;

  LeaseKeeper(Engine engine, Environment.Clock clock, Runs runs) {
    this.engine = engine;
    this.clock = clock;
    this.runs = runs;
    this.alone = engine.limits().brokered();
  }

  @Override
  public long step() {
    long now = clock.monotonicNanos();
    Map<Due, List<Run>> due = new HashMap<>();
    for (Run run : runs.snapshot()) {
      if (run instanceof PulledRun) {
        // Its worker does that, as the sign that it lives.
        continue;
      }
      // The engine counts by the lease it was told last, whatever the policy says by now.
      Duration lease = run.queue.policy().lease();
      long shorter = Math.min(lease.toNanos(), run.lease.toNanos());
      if (now - run.extendedNanos >= shorter / 3) {
        due.computeIfAbsent(new Due(lease, alone ? run.queue.name() : ""), _ -> new ArrayList<>())
            .add(run);
      }
    }
    extend(due, now);
    return INTERVAL_NANOS;
  }

  /// What is extended in one go.
  private record Due(Duration lease, String queue) {}

  /// Whatever goes wrong with some leases, the others are extended.
  private void extend(Map<Due, List<Run>> due, long now) {
    RuntimeException failed = null;
    int batch = engine.limits().batch();
    for (Map.Entry<Due, List<Run>> some : due.entrySet()) {
      List<Run> runs = some.getValue();
      for (int from = 0; from < runs.size(); from += batch) {
        try {
          extend(runs.subList(from, Math.min(runs.size(), from + batch)), some.getKey().lease, now);
        } catch (RuntimeException failure) {
          failed = failed == null ? failure : failed;
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  private void extend(List<Run> part, Duration lease, long now) {
    List<Extension> answers =
        engine.extend(part.stream().map(run -> run.claim.lease()).toList(), lease);
    for (int i = 0; i < part.size(); i++) {
      heed(part.get(i), answers.get(i), lease, now);
    }
  }

  private static void heed(Run run, Extension answer, Duration lease, long now) {
    run.extendedNanos = now;
    run.lease = lease;
    run.heed(answer, now);
  }
}
