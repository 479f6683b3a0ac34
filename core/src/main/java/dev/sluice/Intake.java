package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Offer;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/// Makes a job of what a producer hands over, and refuses what the engine could not hold, so that
/// one bad job never spoils the batch of its neighbours.
///
/// Threading: stateless.
final class Intake {
  private Intake() {}

  /// @throws IllegalArgumentException when the engine cannot hold the job
  /// @throws CodecException when the payload cannot be encoded
  static Offer offer(
      JobId id, QueueRuntime queue, NewJob<?> newJob, long nowMillis, Engine engine) {
    return new Offer(job(id, queue, newJob, nowMillis, engine), queue.policy().capacity());
  }

  static <T> Job job(
      JobId id, QueueRuntime queue, NewJob<T> newJob, long nowMillis, Engine engine) {
    JobType<T> type = newJob.type();
    EnqueueOptions options = newJob.options();
    byte[] bytes = encode(type, newJob.payload());
    Job job =
        new Job(
            id,
            queue.name(),
            type.name(),
            bytes,
            options.priority(),
            nowMillis,
            options(options, queue.policy(), nowMillis));
    engine.requireHolds(job, nowMillis);
    return job;
  }

  private static <T> byte[] encode(JobType<T> type, T payload) {
    try {
      return Objects.requireNonNull(type.codec().encode(payload), "the codec made no bytes");
    } catch (CodecException known) {
      throw known;
    } catch (RuntimeException failure) {
      throw new CodecException(
          "the payload of a '" + type.name() + "' job cannot be encoded: " + failure, failure);
    }
  }

  private static JobOptions options(EnqueueOptions options, QueuePolicy policy, long nowMillis) {
    if (options.equals(EnqueueOptions.defaults()) && policy.timeToStart().isEmpty()) {
      return JobOptions.NONE;
    }
    long runAt =
        options
            .delay()
            .map(delay -> nowMillis + delay.toMillis())
            .or(() -> options.runAt().map(Instant::toEpochMilli))
            .orElse(0L);
    long startable = Math.max(runAt, nowMillis);
    long expiresAt =
        options
            .timeToStart()
            .or(policy::timeToStart)
            .map(time -> startable + time.toMillis())
            .orElse(0L);
    return new JobOptions(
        runAt,
        options.key().orElse(null),
        options.headers(),
        expiresAt,
        options.timeout().map(Duration::toMillis).orElse(0L),
        options.maxAttempts().orElse(0),
        null,
        null);
  }
}
