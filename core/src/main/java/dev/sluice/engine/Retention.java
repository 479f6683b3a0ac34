package dev.sluice.engine;

import java.time.Duration;
import java.util.Objects;

/// How long and how many ended jobs of one queue are kept. Whichever of the three is passed first
/// makes the oldest go.
///
/// Threading: immutable.
///
/// @param succeeded for jobs that succeeded or were cancelled
/// @param dead for jobs that are dead
public record Retention(Keep succeeded, Keep dead) {
  public Retention {
    Objects.requireNonNull(succeeded, "retention.succeeded: must not be null");
    Objects.requireNonNull(dead, "retention.dead: must not be null");
  }

  /// One day, 10,000 jobs, 64 MiB for success; 30 days, 100,000 jobs, 64 MiB for the dead.
  public static Retention defaults() {
    return new Retention(
        new Keep(Duration.ofDays(1), 10_000, 64L << 20),
        new Keep(Duration.ofDays(30), 100_000, 64L << 20));
  }

  /// Keeps nothing.
  public static Retention none() {
    Keep nothing = new Keep(Duration.ZERO, 0, 0);
    return new Retention(nothing, nothing);
  }

  /// A bound on what is kept. Zero of anything keeps nothing.
  ///
  /// @param age since the job ended; at most 3,650 days
  /// @param jobs most jobs
  /// @param bytes most bytes of payloads, keys and headers
  public record Keep(Duration age, long jobs, long bytes) {
    public Keep {
      Objects.requireNonNull(age, "retention.age: must not be null");
      if (age.isNegative() || age.toDays() > 3650) {
        throw new IllegalArgumentException(
            "retention.age: " + age + " must be between 0 and 3650 days");
      }
      if (jobs < 0) {
        throw new IllegalArgumentException("retention.jobs: " + jobs + " must be at least 0");
      }
      if (bytes < 0) {
        throw new IllegalArgumentException("retention.bytes: " + bytes + " must be at least 0");
      }
    }
  }
}
