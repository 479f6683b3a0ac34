package dev.sluice;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/// When a recurring job fires. Must be a pure function: the same answer for the same question, in
/// every process and after every restart.
///
/// Threading: implementations must be thread-safe.
@FunctionalInterface
public interface Schedule {
  /// The first firing strictly after an instant; empty when there is none any more.
  Optional<Instant> next(Instant after);

  /// Fires at every multiple of `period` since the Unix epoch, so that a restart moves nothing.
  ///
  /// @param period whole milliseconds, 1 s to 3,650 days
  static Schedule every(Duration period) {
    QueuePolicy.requireBetween(
        "schedule.every", period, Duration.ofSeconds(1), Duration.ofDays(3650));
    long millis = period.toMillis();
    if (!period.equals(Duration.ofMillis(millis))) {
      throw new IllegalArgumentException(
          "schedule.every: " + period + " must be whole milliseconds");
    }
    return after -> {
      Objects.requireNonNull(after, "after: must not be null");
      return Optional.of(
          Instant.ofEpochMilli((Math.floorDiv(after.toEpochMilli(), millis) + 1) * millis));
    };
  }

  /// What happens to firings whose time passed while nobody was there to fire them.
  enum Missed {
    /// However many were missed, one runs, as soon as somebody is there again.
    RUN_ONE,
    /// None runs; the schedule goes on with the next firing to come.
    SKIP
  }
}
