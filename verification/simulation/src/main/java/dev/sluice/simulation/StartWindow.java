package dev.sluice.simulation;

import java.util.ArrayDeque;
import java.util.Deque;

/// The newest starts of a rate-limited queue: in no window may there be more than the burst and
/// what arrived in it.
///
/// Threading: confined to the simulating thread.
final class StartWindow {
  private static final int REMEMBERED = 64;
  private final Deque<Long> newestFirst = new ArrayDeque<>();

  /// Whether this start is within the rate.
  boolean started(long nowNanos, long permitsPerSecond, long burst) {
    newestFirst.addFirst(nowNanos);
    if (newestFirst.size() > REMEMBERED) {
      newestFirst.removeLast();
    }
    int count = 0;
    for (long since : newestFirst) {
      count++;
      double allowed = burst + (nowNanos - since) / 1e9 * permitsPerSecond + 1e-3;
      if (count > allowed) {
        return false;
      }
    }
    return true;
  }
}
