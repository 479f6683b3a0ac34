package dev.sluice;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// How fast a queue drains, from the gaps between the jobs that end for good, over the time in
/// which there was work. Everything that tells people when to come back is computed here.
///
/// Kept are the sums of the gaps' powers, which fade: number of ends, time, and what tells whether
/// ends come evenly (one after the other, or all at once again and again) or at random. Dividing
/// sums and not averaging rates keeps one fast job from looking like a fast queue.
///
/// Threading: thread-safe; `lock` guards every field and is held for nanoseconds.
final class DrainRate {
  /// The sums fade with this time constant, but remember at least so many ends.
  private static final double MEMORY_SECONDS = 10;

  private static final double MEMORY_ENDS = 8;

  /// A rate is shown for so long after the last end, and so many times the usual gap.
  private static final double STALE_SECONDS = 60;

  private static final double STALE_GAPS = 10;

  private static final Duration LONGEST = Duration.ofMinutes(10);

  /// Retry-After is lengthened by up to this part, and by a second for some at least, so that
  /// refused callers come back spread out.
  private static final double JITTER = 0.2;

  private final ReentrantLock lock = new ReentrantLock();
  private double ends;
  private double seconds;
  private double squares;
  private double cubes;
  private long endedAtNanos;
  private boolean busy;

  /// Work began after a time without any; that time does not count.
  void begin(long nowNanos) {
    lock.lock();
    try {
      if (!busy) {
        busy = true;
        endedAtNanos = nowNanos;
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
        double gap = Math.max(1, nowNanos - endedAtNanos) / 1e9;
        double fade = Math.exp(-Math.min(gap / MEMORY_SECONDS, 1 / MEMORY_ENDS));
        ends = ends * fade + jobs;
        seconds = seconds * fade + gap;
        squares = squares * fade + gap * gap;
        cubes = cubes * fade + gap * gap * gap;
        endedAtNanos = nowNanos;
      }
      busy &= !idle;
    } finally {
      lock.unlock();
    }
  }

  /// Ends a second; 0 when nothing was measured, or nothing has ended for so long that it says
  /// nothing any more.
  double perSecond(long nowNanos) {
    lock.lock();
    try {
      double silence = (nowNanos - endedAtNanos) / 1e9;
      return ends == 0 || silence > Math.max(STALE_SECONDS, STALE_GAPS * seconds / ends)
          ? 0
          : ends / seconds;
    } finally {
      lock.unlock();
    }
  }

  /// How long until `ahead` jobs have ended and one more has; empty while nothing was measured.
  Optional<Duration> timeUntil(long ahead, long nowNanos) {
    lock.lock();
    try {
      if (ends == 0) {
        return Optional.empty();
      }
      double passed = busy ? (nowNanos - endedAtNanos) / 1e9 : 0;
      return Optional.of(
          Duration.ofNanos((long) ((untilNextEnd(passed) + ahead * seconds / ends) * 1e9)));
    } finally {
      lock.unlock();
    }
  }

  /// Whoever asks does so in a long gap rather than in a short one, so gaps count by their length.
  /// Where they are alike, what is left of this one is known; one that lasts longer than expected
  /// may last as long again as it is late. Where they are as different as chance makes them, it
  /// does not matter how long ago the last end was, and half of such a gap is left on average.
  private double untilNextEnd(double passed) {
    double expected = squares / seconds;
    double variation = cubes / seconds / (expected * expected) - 1;
    // Chance alone (a Poisson process) makes it 1/2.
    double chance = Math.clamp(2 * variation, 0, 1);
    return (1 - chance) * Math.abs(expected - passed) + chance * expected / 2;
  }

  /// When a refused caller should try again: until the next job ends, lengthened a little at
  /// random, in whole seconds and never less than it takes, between 1 second and 10 minutes.
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
    double least = Math.max(1, honest.toNanos() / 1e9);
    double spread = Math.max(Math.ceil(least), least + random * (least * JITTER + 1));
    return Duration.ofSeconds(Math.min(LONGEST.toSeconds(), (long) spread));
  }
}
