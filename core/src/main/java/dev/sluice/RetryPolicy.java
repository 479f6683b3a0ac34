package dev.sluice;

import java.time.Duration;
import java.util.Objects;

/// When a failed job runs again, and when it is given up: exponential back-off with full jitter
/// (Brooker, "Exponential Backoff And Jitter", 2015), which spreads a failing crowd best.
///
/// Threading: immutable.
///
/// @param maxAttempts attempts in all, the first included; default 10
/// @param delay the longest pause before the second attempt; default 5 s
/// @param multiplier how much longer each further pause may be; default 3
/// @param maxDelay no pause is longer; default 1 h
/// @param jitter what part of each pause is random, 0 to 1; default 1 (anything from 0 to the
///   pause)
public record RetryPolicy(
    int maxAttempts, Duration delay, double multiplier, Duration maxDelay, double jitter) {

  public RetryPolicy {
    Objects.requireNonNull(delay, "retry.delay: must not be null");
    Objects.requireNonNull(maxDelay, "retry.max-delay: must not be null");
    if (maxAttempts < 1 || maxAttempts > 1000) {
      throw new IllegalArgumentException(
          "retry.max-attempts: " + maxAttempts + " must be between 1 and 1000");
    }
    if (delay.isNegative() || delay.toDays() > 365) {
      throw new IllegalArgumentException("retry.delay: " + delay + " must be 0 to 365 days");
    }
    if (!(multiplier >= 1 && multiplier <= 100)) {
      throw new IllegalArgumentException(
          "retry.multiplier: " + multiplier + " must be between 1 and 100");
    }
    if (maxDelay.compareTo(delay) < 0 || maxDelay.toDays() > 365) {
      throw new IllegalArgumentException(
          "retry.max-delay: " + maxDelay + " must be between retry.delay and 365 days");
    }
    if (!(jitter >= 0 && jitter <= 1)) {
      throw new IllegalArgumentException("retry.jitter: " + jitter + " must be between 0 and 1");
    }
  }

  public static RetryPolicy defaults() {
    return new RetryPolicy(10, Duration.ofSeconds(5), 3, Duration.ofHours(1), 1);
  }

  /// One attempt, no retry.
  public static RetryPolicy never() {
    return defaults().withMaxAttempts(1);
  }

  /// The pause after a failed attempt.
  ///
  /// @param attempt the attempt that failed, from 1
  /// @param random drawn evenly from 0 (inclusive) to 1 (exclusive)
  long pauseMillis(int attempt, double random) {
    double full =
        Math.min(
            (double) maxDelay.toMillis(),
            (double) delay.toMillis() * Math.pow(multiplier, attempt - 1));
    return Math.round(full * (1 - jitter * random));
  }

  public RetryPolicy withMaxAttempts(int value) {
    return new RetryPolicy(value, delay, multiplier, maxDelay, jitter);
  }

  public RetryPolicy withDelay(Duration value) {
    Objects.requireNonNull(value, "retry.delay: must not be null");
    Duration longest = maxDelay.compareTo(value) < 0 ? value : maxDelay;
    return new RetryPolicy(maxAttempts, value, multiplier, longest, jitter);
  }

  public RetryPolicy withMultiplier(double value) {
    return new RetryPolicy(maxAttempts, delay, value, maxDelay, jitter);
  }

  public RetryPolicy withMaxDelay(Duration value) {
    return new RetryPolicy(maxAttempts, delay, multiplier, value, jitter);
  }

  public RetryPolicy withJitter(double value) {
    return new RetryPolicy(maxAttempts, delay, multiplier, maxDelay, value);
  }
}
