package dev.sluice;

import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

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
    if (delay.isPresent() && runAt.isPresent()) {
      throw new IllegalArgumentException("delay: cannot be combined with run-at");
    }
    delay.ifPresent(
        value -> QueuePolicy.requireBetween("delay", value, Duration.ZERO, Duration.ofDays(3650)));
    runAt.ifPresent(EnqueueOptions::requireRunAt);
    key.ifPresent(value -> requireLength("key", value, MAX_KEY));
    headers = Map.copyOf(headers);
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
    return new EnqueueOptions(
        Optional.of(value),
        priority,
        delay,
        runAt,
        key,
        headers,
        timeout,
        maxAttempts,
        timeToStart);
  }

  public EnqueueOptions withPriority(Priority value) {
    return new EnqueueOptions(
        queue, value, delay, runAt, key, headers, timeout, maxAttempts, timeToStart);
  }

  public EnqueueOptions withDelay(Duration value) {
    return new EnqueueOptions(
        queue,
        priority,
        Optional.of(value),
        runAt,
        key,
        headers,
        timeout,
        maxAttempts,
        timeToStart);
  }

  public EnqueueOptions withRunAt(Instant value) {
    return new EnqueueOptions(
        queue,
        priority,
        delay,
        Optional.of(value),
        key,
        headers,
        timeout,
        maxAttempts,
        timeToStart);
  }

  public EnqueueOptions withKey(String value) {
    return new EnqueueOptions(
        queue,
        priority,
        delay,
        runAt,
        Optional.of(value),
        headers,
        timeout,
        maxAttempts,
        timeToStart);
  }

  public EnqueueOptions withHeaders(Map<String, String> value) {
    return new EnqueueOptions(
        queue, priority, delay, runAt, key, value, timeout, maxAttempts, timeToStart);
  }

  public EnqueueOptions withTimeout(Duration value) {
    return new EnqueueOptions(
        queue, priority, delay, runAt, key, headers, Optional.of(value), maxAttempts, timeToStart);
  }

  public EnqueueOptions withMaxAttempts(int value) {
    return new EnqueueOptions(
        queue, priority, delay, runAt, key, headers, timeout, Optional.of(value), timeToStart);
  }

  public EnqueueOptions withTimeToStart(Duration value) {
    return new EnqueueOptions(
        queue, priority, delay, runAt, key, headers, timeout, maxAttempts, Optional.of(value));
  }
}
