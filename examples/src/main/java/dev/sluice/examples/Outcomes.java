package dev.sluice.examples;

import dev.sluice.Codec;
import dev.sluice.JobContext;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.Sluice;
import dev.sluice.job.JobId;
import dev.sluice.memory.MemoryEngine;
import java.time.Duration;

/// What a handler can say of its attempt: done, again, later, never. Throwing is like `retry`.
final class Outcomes {
  static final JobType<String> CHARGE = JobType.of("charge-card", Codec.string());

  private Outcomes() {}

  /// Starts a Sluice that tries at most 5 times, and soon.
  static Sluice start() {
    QueuePolicy policy =
        QueuePolicy.defaults()
            .withRetry(RetryPolicy.defaults().withMaxAttempts(5).withDelay(Duration.ofMillis(10)))
            .withTimeout(Duration.ofSeconds(30));
    return Sluice.on(MemoryEngine.open())
        .queue(JobType.DEFAULT_QUEUE, policy)
        .handle(CHARGE, Outcomes::charge)
        .start();
  }

  private static Outcome charge(String card, JobContext job) {
    return switch (card) {
      case "stolen" -> Outcome.bury("the card is stolen: trying again is useless");
      case "busy" -> job.attempt() < 3 ? Outcome.retry("the bank is busy") : Outcome.done();
      // Charging twice would be bad: the job's id, the same over all attempts, is the bank's key.
      default -> pay(card, job.id());
    };
  }

  private static Outcome pay(String card, JobId idempotencyKey) {
    return card.isEmpty() || idempotencyKey.toString().isEmpty()
        ? Outcome.bury("no card")
        : Outcome.done();
  }
}
