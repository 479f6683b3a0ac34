package dev.sluice;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import java.time.Duration;
import java.util.Optional;

/// What producers are told: the engine's answer, counted, and a refusal with the time that it takes
/// until there is room.
///
/// Threading: thread-safe.
final class Answers {
  private final Committers committers;
  private final Environment environment;
  private final Runs runs;
  private final boolean handlers;
  private final boolean brokered;

  /// @param handlers whether job types have handlers here
  /// @param brokered whether workers of other processes may run the jobs
  Answers(
      Committers committers,
      Environment environment,
      Runs runs,
      boolean handlers,
      boolean brokered) {
    this.committers = committers;
    this.brokered = brokered;
    this.environment = environment;
    this.runs = runs;
    this.handlers = handlers;
  }

  Admission stopping(QueueRuntime queue) {
    queue.counters.refused.increment();
    return new Admission.Refused(Admission.Reason.STOPPING, Optional.empty());
  }

  /// Asks the engine, unless it is known that there is no room.
  Admission ask(QueueRuntime queue, Offer offer) {
    long capacity = offer.bound().jobs();
    long started = queue.counters.started.sum();
    long now = environment.clock().monotonicNanos();
    // A full queue still knows its keys: the job may be there already.
    Fullness.Room room =
        offer.job().options().key() == null
            ? queue.fullness.room(capacity, started, now)
            : Fullness.Room.LIKELY;
    if (room == Fullness.Room.NONE) {
      return of(queue, new Admission.Refused(Admission.Reason.CAPACITY_JOBS, Optional.empty()));
    }
    Admission admission = committers.commit(offer);
    if (admission instanceof Admission.Refused(var reason, _)) {
      if (reason == Admission.Reason.CAPACITY_JOBS) {
        queue.fullness.full(capacity, started, now);
      }
    } else if (room == Fullness.Room.DOUBTFUL) {
      queue.fullness.clear();
    }
    return of(queue, admission);
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
    if (!brokered && !queue.isWorked(handlers, now)) {
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
