package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Retention;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// The rules of a queue. Start from [#defaults] and change what differs; every change is checked.
///
/// Threading: immutable.
///
/// @param capacity how much may wait; beyond it an enqueue is refused. Jobs that come back (a
///   retry, a lost lease) are always taken. Defaults to 100,000 jobs and 256 MiB.
/// @param concurrency most jobs of the queue that this process runs at once, 1 to 1,000,000.
///   Defaults to 16.
/// @param rate how many may start in a time. Defaults to no limit.
/// @param timeout an attempt is interrupted after this long, 1 ms to 365 days. Defaults to 30 min.
/// @param grace an interrupted attempt that has not ended after this long is given up as a zombie,
///   0 to 1 h. Defaults to 10 s.
/// @param lease a claim that was not extended for this long is taken back, 1 s to 12 h; extended at
///   every third of it. Defaults to 30 s.
/// @param retry when failed jobs run again. Defaults to [RetryPolicy#defaults].
/// @param retention how long ended jobs are kept. Defaults to [Retention#defaults].
/// @param timeToStart a job that has not started after this long is dead as expired, 1 ms to 3,650
///   days. Defaults to never.
/// @param maxCrashes a job whose worker died this often is dead as poison, 1 to 100. Defaults to 3.
/// @param maxZombies so many zombies get a replacement for the slot they hold; with more, slots are
///   missing and health is red, 0 to 100,000. Defaults to 16.
public record QueuePolicy(
    Bound capacity,
    int concurrency,
    Optional<Rate> rate,
    Duration timeout,
    Duration grace,
    Duration lease,
    RetryPolicy retry,
    Retention retention,
    Optional<Duration> timeToStart,
    int maxCrashes,
    int maxZombies) {

  private static final QueuePolicy DEFAULTS =
      new QueuePolicy(
          new Bound(100_000, 256L << 20),
          16,
          Optional.empty(),
          Duration.ofMinutes(30),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          RetryPolicy.defaults(),
          Retention.defaults(),
          Optional.empty(),
          3,
          16);

  public QueuePolicy {
    Objects.requireNonNull(rate, "rate: must not be null");
    Objects.requireNonNull(timeToStart, "time-to-start: must not be null");
    Objects.requireNonNull(capacity, "capacity: must not be null");
    Objects.requireNonNull(retry, "retry: must not be null");
    Objects.requireNonNull(retention, "retention: must not be null");
    requireBetween("concurrency", concurrency, 1, 1_000_000);
    requireBetween("timeout", timeout, Duration.ofMillis(1), Duration.ofDays(365));
    requireBetween("grace", grace, Duration.ZERO, Duration.ofHours(1));
    requireBetween("lease", lease, Duration.ofSeconds(1), Duration.ofHours(12));
    timeToStart.ifPresent(QueuePolicy::requireTimeToStart);
    requireBetween("max-crashes", maxCrashes, 1, 100);
    requireBetween("max-zombies", maxZombies, 0, 100_000);
  }

  public static QueuePolicy defaults() {
    return DEFAULTS;
  }

  static Duration requireTimeToStart(Duration value) {
    return requireBetween("time-to-start", value, Duration.ofMillis(1), Duration.ofDays(3650));
  }

  static Duration requireBetween(String field, Duration value, Duration least, Duration most) {
    Objects.requireNonNull(value, () -> field + ": must not be null");
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          field + ": " + value + " must be between " + least + " and " + most);
    }
    return value;
  }

  static int requireBetween(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          field + ": " + value + " must be between " + least + " and " + most);
    }
    return value;
  }

  /// At most so many waiting jobs; the byte bound stays.
  public QueuePolicy withCapacity(long jobs) {
    return withCapacity(new Bound(jobs, capacity.bytes()));
  }

  public QueuePolicy withCapacity(Bound value) {
    return with(draft -> draft.capacity = value);
  }

  public QueuePolicy withConcurrency(int value) {
    return with(draft -> draft.concurrency = value);
  }

  public QueuePolicy withRate(Rate value) {
    return withRate(Optional.of(Objects.requireNonNull(value, "rate: must not be null")));
  }

  public QueuePolicy withoutRate() {
    return withRate(Optional.empty());
  }

  private QueuePolicy withRate(Optional<Rate> value) {
    return with(draft -> draft.rate = value);
  }

  public QueuePolicy withTimeout(Duration value) {
    return with(draft -> draft.timeout = value);
  }

  public QueuePolicy withGrace(Duration value) {
    return with(draft -> draft.grace = value);
  }

  public QueuePolicy withLease(Duration value) {
    return with(draft -> draft.lease = value);
  }

  public QueuePolicy withRetry(RetryPolicy value) {
    return with(draft -> draft.retry = value);
  }

  public QueuePolicy withRetention(Retention value) {
    return with(draft -> draft.retention = value);
  }

  public QueuePolicy withTimeToStart(Duration value) {
    return with(draft ->
        draft.timeToStart =
            Optional.of(Objects.requireNonNull(value, "time-to-start: must not be null")));
  }

  public QueuePolicy withMaxCrashes(int value) {
    return with(draft -> draft.maxCrashes = value);
  }

  public QueuePolicy withMaxZombies(int value) {
    return with(draft -> draft.maxZombies = value);
  }

  private QueuePolicy with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.checked();
  }

  /// The components while one of them changes, so that a new one is named in one place more and not
  /// in each of the others' methods.
  private static final class Draft {
    Bound capacity;
    int concurrency;
    Optional<Rate> rate;
    Duration timeout;
    Duration grace;
    Duration lease;
    RetryPolicy retry;
    Retention retention;
    Optional<Duration> timeToStart;
    int maxCrashes;
    int maxZombies;

    Draft(QueuePolicy from) {
      capacity = from.capacity;
      concurrency = from.concurrency;
      rate = from.rate;
      timeout = from.timeout;
      grace = from.grace;
      lease = from.lease;
      retry = from.retry;
      retention = from.retention;
      timeToStart = from.timeToStart;
      maxCrashes = from.maxCrashes;
      maxZombies = from.maxZombies;
    }

    QueuePolicy checked() {
      return new QueuePolicy(
          capacity,
          concurrency,
          rate,
          timeout,
          grace,
          lease,
          retry,
          retention,
          timeToStart,
          maxCrashes,
          maxZombies);
    }
  }
}
