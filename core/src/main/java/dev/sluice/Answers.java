package dev.sluice;

import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import java.time.Duration;
import java.util.Optional;

/// What producers are told: the engine's answer, counted, and a refusal with the time that it takes
/// until there is room.
///
/// Threading: thread-safe.
final class Answers {
  private final Environment environment;
  private final Runs runs;
  private final boolean handlers;

  /// @param handlers whether job types have handlers here
  Answers(Environment environment, Runs runs, boolean handlers) {
    this.environment = environment;
    this.runs = runs;
    this.handlers = handlers;
  }

  Admission stopping(QueueRuntime queue) {
    queue.counters.refused.increment();
    return new Admission.Refused(Admission.Reason.STOPPING, Optional.empty());
  }

  Admission of(QueueRuntime queue, Admission admission) {
    return switch (admission) {
      case Admission.Accepted _ -> {
        queue.counters.accepted.increment();
        yield admission;
      }
      case Admission.Duplicate _ -> {
        queue.counters.duplicates.increment();
        yield admission;
      }
      case Admission.Refused(var reason, _) -> {
        queue.counters.refused.increment();
        yield refused(queue, reason);
      }
    };
  }

  private Admission refused(QueueRuntime queue, Admission.Reason reason) {
    if (queue.paused) {
      return new Admission.Refused(Admission.Reason.PAUSED, Optional.empty());
    }
    long now = environment.clock().monotonicNanos();
    if (!queue.isWorked(handlers, now)) {
      return new Admission.Refused(Admission.Reason.NO_WORKER, Optional.empty());
    }
    Duration retryAfter =
        queue.drain.retryAfter(
            () -> runs.longest(queue, now),
            queue.running.get(),
            environment.random().nextDouble(),
            now);
    return new Admission.Refused(reason, Optional.of(retryAfter));
  }
}
