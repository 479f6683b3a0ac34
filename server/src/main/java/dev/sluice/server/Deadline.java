package dev.sluice.server;

import io.helidon.webserver.CloseConnectionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The time until which one thread may wait for the client. Whoever passes it is interrupted, which
/// closes the connection under it.
///
/// Threading: `call` by one thread at a time, `check` by another one. Who changes `until` first
/// decides whether the wait ended or was cut, so that no thread is interrupted that waits no more.
final class Deadline {
  private static final long NONE = Long.MAX_VALUE;
  private static final long CUT = Long.MAX_VALUE - 1;

  private final AtomicLong until = new AtomicLong(NONE);
  private volatile @Nullable Thread waiting;

  /// Does something that waits for the client.
  ///
  /// @throws CloseConnectionException when it took too long
  <T extends @Nullable Object> T call(long untilNanos, Supplier<T> work) {
    waiting = Thread.currentThread();
    if (!until.compareAndSet(NONE, untilNanos)) {
      throw tooSlow();
    }
    T result;
    try {
      result = work.get();
    } catch (RuntimeException failure) {
      throw until.compareAndSet(untilNanos, NONE) ? failure : tooSlow();
    }
    if (!until.compareAndSet(untilNanos, NONE)) {
      throw tooSlow();
    }
    return result;
  }

  /// Cuts the wait if its time is over.
  void check(long nowNanos) {
    long now = until.get();
    if (now == NONE || now == CUT || nowNanos - now < 0) {
      return;
    }
    Thread thread = waiting;
    if (until.compareAndSet(now, CUT) && thread != null) {
      thread.interrupt();
    }
  }

  private static CloseConnectionException tooSlow() {
    return new CloseConnectionException("The client is too slow");
  }
}
