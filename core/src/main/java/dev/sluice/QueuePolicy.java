package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Retention;
import java.time.Duration;
import java.util.Optional;

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
    return new QueuePolicy(
        value,
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

  public QueuePolicy withConcurrency(int value) {
    return new QueuePolicy(
        capacity,
        value,
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

  public QueuePolicy withRate(Rate value) {
    return withRate(Optional.of(value));
  }

  public QueuePolicy withoutRate() {
    return withRate(Optional.empty());
  }

  private QueuePolicy withRate(Optional<Rate> value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        value,
        timeout,
        grace,
        lease,
        retry,
        retention,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withTimeout(Duration value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        value,
        grace,
        lease,
        retry,
        retention,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withGrace(Duration value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        timeout,
        value,
        lease,
        retry,
        retention,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withLease(Duration value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        timeout,
        grace,
        value,
        retry,
        retention,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withRetry(RetryPolicy value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        timeout,
        grace,
        lease,
        value,
        retention,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withRetention(Retention value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        timeout,
        grace,
        lease,
        retry,
        value,
        timeToStart,
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withTimeToStart(Duration value) {
    return new QueuePolicy(
        capacity,
        concurrency,
        rate,
        timeout,
        grace,
        lease,
        retry,
        retention,
        Optional.of(value),
        maxCrashes,
        maxZombies);
  }

  public QueuePolicy withMaxCrashes(int value) {
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
        value,
        maxZombies);
  }

  public QueuePolicy withMaxZombies(int value) {
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
        value);
  }
}
