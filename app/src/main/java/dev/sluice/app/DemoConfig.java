package dev.sluice.app;

import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import dev.sluice.engine.Bound;
import java.time.Duration;
import java.util.Optional;

/// What the demo is told on its command line.
///
/// Threading: immutable.
///
/// @param host name or address to listen on
/// @param port 0 to 65535; 0 takes a free one
/// @param engine where the jobs live
/// @param capacity most jobs that wait
/// @param workers most jobs that run at once
/// @param jobDuration how long a job takes
/// @param rate most starts in a time
/// @param grace how long a stop waits for running jobs
record DemoConfig(
    String host,
    int port,
    EngineConfig engine,
    long capacity,
    int workers,
    Duration jobDuration,
    Optional<Rate> rate,
    Duration grace) {
  private static final Duration LONGEST = Duration.ofHours(24);

  /// Room in bytes for one waiting job: a `user_id` of the longest kind, in UTF-8.
  private static final long MOST_BYTES = 4L * DemoRoutes.MAX_USER_ID;

  DemoConfig {
    if (host.isBlank()) {
      throw new IllegalArgumentException("host: '" + host + "' must name a host or an address");
    }
    Checks.between("port", port, 0, 65_535);
    Checks.between("capacity", capacity, 1, 100_000_000);
    Checks.between("workers", workers, 1, 10_000);
    atMost("job-duration", jobDuration);
    atMost("grace", grace);
  }

  private static void atMost(String field, Duration value) {
    if (value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          field + ": " + DurationConverter.text(value) + " must be between 0s and 24h");
    }
  }

  QueuePolicy policy() {
    QueuePolicy policy =
        QueuePolicy.defaults()
            .withCapacity(new Bound(capacity, capacity * MOST_BYTES))
            .withConcurrency(workers)
            .withTimeout(jobDuration.plusMinutes(30));
    return rate.map(policy::withRate).orElse(policy);
  }
}
