package dev.sluice;

import dev.sluice.engine.Environment;
import java.util.List;

/// The step machine that ends what runs too long: an interrupt at the deadline, and when the
/// handler heeds it not, giving it up as a zombie after the grace. Does no I/O, so nothing can hold
/// it up.
///
/// Threading: [#step] is confined to the watchdog's loop.
final class Watchdog implements Environment.Step {
  private static final long BUSY_NANOS = 50_000_000;
  private static final long IDLE_NANOS = 250_000_000;

  private final Environment environment;
  private final Runs runs;
  private final Listeners listeners;

  Watchdog(Environment environment, Runs runs, Listeners listeners) {
    this.environment = environment;
    this.runs = runs;
    this.listeners = listeners;
  }

  @Override
  public long step() {
    List<Run> all = runs.snapshot();
    long now = environment.clock().monotonicNanos();
    for (Run run : all) {
      if (now - run.startedNanos >= run.timeoutNanos) {
        run.interrupt(Ending.Interruption.TIMEOUT, now);
      }
      if (run.ignoresInterrupt(run.queue.policy().grace().toNanos(), now)) {
        giveUp(run);
      }
    }
    return all.isEmpty() ? IDLE_NANOS : BUSY_NANOS;
  }

  private void giveUp(Run run) {
    if (!run.holdsThread()) {
      run.end(new Ending.Abandoned("the worker did not stop when told to", run.interruption()));
      return;
    }
    runs.addZombie(run);
    if (!run.end(
        new Ending.Abandoned(
            "heeded no interrupt and was given up; its thread still runs", run.interruption()))) {
      // It answered at the last moment.
      runs.removeZombie(run);
      return;
    }
    if (!listeners.isEmpty()) {
      listeners.tell(new JobEvent.BecameZombie(run.claim.job(), run.attempt()));
    }
  }
}
