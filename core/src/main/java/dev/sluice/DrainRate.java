package dev.sluice;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// How fast a queue drains: an exponentially weighted average of jobs that end for good, over the
/// time in which there was work. Everything that tells people when to come back is computed here.
///
/// Threading: thread-safe; `lock` guards every field and is held for nanoseconds.
final class DrainRate {
  /// The average forgets with this time constant.
  private static final double MEMORY_NANOS = 10e9;

  private static final Duration LONGEST = Duration.ofMinutes(10);

  /// Retry-After is lengthened by up to this part, and by a second for some at least, so that
  /// refused callers come back spread out.
  private static final double JITTER = 0.2;

  private final ReentrantLock lock = new ReentrantLock();
  private double perNano;
  private long measuredAtNanos;
  private boolean busy;

  /// Work began after a time without any; that time does not count.
  void begin(long nowNanos) {
    lock.lock();
    try {
      if (!busy) {
        busy = true;
        measuredAtNanos = nowNanos;
      }
    } finally {
      lock.unlock();
    }
  }

  /// So many jobs ended for good; `idle` says that nothing runs any more.
  void ended(int jobs, boolean idle, long nowNanos) {
    lock.lock();
    try {
      if (jobs > 0) {
        double elapsed = Math.max(1.0, (double) (nowNanos - measuredAtNanos));
        double sample = jobs / elapsed;
        double weight = perNano == 0 ? 1 : 1 - Math.exp(-elapsed / MEMORY_NANOS);
        perNano += weight * (sample - perNano);
        measuredAtNanos = nowNanos;
      }
      busy &= !idle;
    } finally {
      lock.unlock();
    }
  }

  double perSecond() {
    lock.lock();
    try {
      return perNano * 1e9;
    } finally {
      lock.unlock();
    }
  }

  /// How long until `ahead` jobs have ended and one more has; empty while nothing was measured.
  Optional<Duration> timeUntil(long ahead, long nowNanos) {
    lock.lock();
    try {
      if (perNano == 0) {
        return Optional.empty();
      }
      double interval = 1 / perNano;
      double passed = busy ? Math.min(interval, (double) (nowNanos - measuredAtNanos)) : 0;
      return Optional.of(Duration.ofNanos((long) ((ahead + 1) * interval - passed)));
    } finally {
      lock.unlock();
    }
  }

  /// When a refused caller should try again: until the next job ends, in whole seconds rounded up,
  /// between 1 second and 10 minutes, lengthened a little at random.
  ///
  /// Before the first job ended, the oldest running one tells the least that a job takes.
  ///
  /// @param longestRunning how long the longest running job has run; asked only when nothing was
  ///   measured yet
  /// @param running how many run
  /// @param random drawn evenly from 0 (inclusive) to 1 (exclusive)
  Duration retryAfter(
      Supplier<Duration> longestRunning, int running, double random, long nowNanos) {
    Duration honest =
        timeUntil(0, nowNanos)
            .orElseGet(() -> longestRunning.get().dividedBy(Math.max(1, running)));
    double seconds = Math.ceil(Math.max(1, honest.toNanos() / 1e9));
    long spread = (long) (random * (seconds * JITTER + 1));
    return Duration.ofSeconds(Math.min(LONGEST.toSeconds(), (long) seconds + spread));
  }
}
