package dev.sluice;

import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// What a producer may say of one job beyond its type and payload. Start from [#defaults].
///
/// Threading: immutable.
///
/// @param queue where it waits. Defaults to the type's queue.
/// @param priority NORMAL by default
/// @param delay not before this long after the enqueue, at most 3,650 days or what the engine can
/// @param runAt not before this time, in the years 1970 to 9999; not together with `delay`
/// @param key idempotency key, 1 to 256 characters: while a job of this key is kept in the queue,
///   an enqueue answers Duplicate with that job's id
/// @param headers text that travels along: at most 64, names to 128 and values to 8,192 characters
/// @param timeout the longest one attempt may run. Defaults to the queue's.
/// @param maxAttempts attempts before the job is dead, 1 to 1,000. Defaults to the queue's.
/// @param timeToStart dead as expired when not started this long after it could first have been.
///   Defaults to the queue's.
public record EnqueueOptions(
    Optional<String> queue,
    Priority priority,
    Optional<Duration> delay,
    Optional<Instant> runAt,
    Optional<String> key,
    Map<String, String> headers,
    Optional<Duration> timeout,
    Optional<Integer> maxAttempts,
    Optional<Duration> timeToStart) {

  private static final int MAX_KEY = 256;
  private static final int MAX_HEADERS = 64;
  private static final int MAX_HEADER_NAME = 128;
  private static final int MAX_HEADER_VALUE = 8192;

  private static final Instant LATEST = Instant.parse("+10000-01-01T00:00:00Z");

  private static final EnqueueOptions DEFAULTS =
      new EnqueueOptions(
          Optional.empty(),
          Priority.NORMAL,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Map.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  public EnqueueOptions {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(delay, "delay: must not be null");
    Objects.requireNonNull(runAt, "run-at: must not be null");
    Objects.requireNonNull(key, "key: must not be null");
    Objects.requireNonNull(timeout, "timeout: must not be null");
    Objects.requireNonNull(maxAttempts, "max-attempts: must not be null");
    Objects.requireNonNull(timeToStart, "time-to-start: must not be null");
    Objects.requireNonNull(priority, "priority: must not be null");
    if (delay.isPresent() && runAt.isPresent()) {
      throw new IllegalArgumentException("delay: cannot be combined with run-at");
    }
    delay.ifPresent(
        value -> QueuePolicy.requireBetween("delay", value, Duration.ZERO, Duration.ofDays(3650)));
    runAt.ifPresent(EnqueueOptions::requireRunAt);
    key.ifPresent(value -> requireLength("key", value, MAX_KEY));
    headers = JobOptions.copyOfHeaders(headers);
    if (headers.size() > MAX_HEADERS) {
      throw new IllegalArgumentException(
          "headers: " + headers.size() + " must be at most " + MAX_HEADERS);
    }
    headers.forEach((name, value) -> {
      requireLength("headers", name, MAX_HEADER_NAME);
      if (value.length() > MAX_HEADER_VALUE) {
        throw new IllegalArgumentException(
            "headers: '" + name + "' must have at most " + MAX_HEADER_VALUE + " characters");
      }
    });
    timeout.ifPresent(value ->
        QueuePolicy.requireBetween("timeout", value, Duration.ofMillis(1), Duration.ofDays(365)));
    maxAttempts.ifPresent(value -> QueuePolicy.requireBetween("max-attempts", value, 1, 1000));
    timeToStart.ifPresent(QueuePolicy::requireTimeToStart);
  }

  private static void requireRunAt(Instant value) {
    if (value.isBefore(Instant.EPOCH) || !value.isBefore(LATEST)) {
      throw new IllegalArgumentException(
          "run-at: " + value + " must be from 1970 to before the year 10000");
    }
  }

  private static void requireLength(String field, String value, int most) {
    if (value.isEmpty() || value.length() > most) {
      throw new IllegalArgumentException(
          field + ": must have 1 to " + most + " characters, has " + value.length());
    }
  }

  public static EnqueueOptions defaults() {
    return DEFAULTS;
  }

  public EnqueueOptions withQueue(String value) {
    return with(draft ->
        draft.queue = Optional.of(Objects.requireNonNull(value, "queue: must not be null")));
  }

  public EnqueueOptions withPriority(Priority value) {
    return with(draft -> draft.priority = value);
  }

  public EnqueueOptions withDelay(Duration value) {
    return with(draft ->
        draft.delay = Optional.of(Objects.requireNonNull(value, "delay: must not be null")));
  }

  public EnqueueOptions withRunAt(Instant value) {
    return with(draft ->
        draft.runAt = Optional.of(Objects.requireNonNull(value, "run-at: must not be null")));
  }

  public EnqueueOptions withKey(String value) {
    return with(
        draft -> draft.key = Optional.of(Objects.requireNonNull(value, "key: must not be null")));
  }

  public EnqueueOptions withHeaders(Map<String, String> value) {
    return with(draft -> draft.headers = value);
  }

  public EnqueueOptions withTimeout(Duration value) {
    return with(draft ->
        draft.timeout = Optional.of(Objects.requireNonNull(value, "timeout: must not be null")));
  }

  public EnqueueOptions withMaxAttempts(int value) {
    return with(draft -> draft.maxAttempts = Optional.of(value));
  }

  public EnqueueOptions withTimeToStart(Duration value) {
    return with(draft ->
        draft.timeToStart =
            Optional.of(Objects.requireNonNull(value, "time-to-start: must not be null")));
  }

  private EnqueueOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.checked();
  }

  /// The components while one of them changes, so that a new one is named in one place more and not
  /// in each of the others' methods.
  private static final class Draft {
    Optional<String> queue;
    Priority priority;
    Optional<Duration> delay;
    Optional<Instant> runAt;
    Optional<String> key;
    Map<String, String> headers;
    Optional<Duration> timeout;
    Optional<Integer> maxAttempts;
    Optional<Duration> timeToStart;

    Draft(EnqueueOptions from) {
      queue = from.queue;
      priority = from.priority;
      delay = from.delay;
      runAt = from.runAt;
      key = from.key;
      headers = from.headers;
      timeout = from.timeout;
      maxAttempts = from.maxAttempts;
      timeToStart = from.timeToStart;
    }

    EnqueueOptions checked() {
      return new EnqueueOptions(
          queue, priority, delay, runAt, key, headers, timeout, maxAttempts, timeToStart);
    }
  }
}
