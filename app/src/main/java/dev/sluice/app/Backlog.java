package dev.sluice.app;

import dev.sluice.CloseReport;
import dev.sluice.JobEvent;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/// The jobs of a [Sluice] that are not at their end, in words for its first and last lines.
///
/// Threading: thread-safe.
final class Backlog {
  private final Sluice sluice;
  private final LongAdder ended = new LongAdder();

  Backlog(Sluice sluice) {
    this.sluice = sluice;
    var _ = sluice.listen(this::count);
  }

  private void count(JobEvent event) {
    if (event instanceof JobEvent.Succeeded
        || event instanceof JobEvent.Died
        || event instanceof JobEvent.Cancelled) {
      ended.increment();
    }
  }

  /// How many there are, those that run among them; with `~` when that is near the truth only.
  String text() {
    return Move.shown(sluice.limits(), unfinished());
  }

  private long unfinished() {
    return sluice.queues().stream()
        .map(queue -> sluice.status(queue).counts())
        .mapToLong(counts -> counts.waiting() + counts.running())
        .sum();
  }

  /// Closes the Sluice, and says what became of its jobs.
  String close(Duration grace) {
    long before = -1;
    try {
      before = unfinished() + ended.sum();
    } catch (EngineUnavailableException _) {
      // Whoever cannot say how many there are stops all the same.
    }
    CloseReport report = sluice.close(grace);
    if (before < 0) {
      return "stopped: " + report;
    }
    return "stopped: "
        + report
        + "; "
        + Move.shown(sluice.limits(), Math.max(0, before - ended.sum()))
        + (sluice.limits().durable()
            ? " still wait and run after the next start"
            : " still waited and are gone with this process");
  }
}
