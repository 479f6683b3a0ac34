package dev.sluice.app.remote;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Waiting that somebody can end.
///
/// Threading: thread-safe.
final class Pause {
  private static final long LONGEST_BACKOFF_MILLIS = 5000;

  private final CountDownLatch ended = new CountDownLatch(1);

  /// Waits.
  ///
  /// @return whether it was ended before its time
  boolean await(Duration time) throws InterruptedException {
    return ended.await(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  boolean isEnded() {
    return ended.getCount() == 0;
  }

  /// Ends this wait and all that follow.
  void end() {
    ended.countDown();
  }

  /// How long to wait before a try, 200 ms at first, 5 s at most; not the same for everybody.
  ///
  /// @param failures in a row, from 1
  static Duration backoff(int failures) {
    long most = Math.min(LONGEST_BACKOFF_MILLIS, 200L << Math.min(failures - 1, 10));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
  }
}
