package dev.sluice.server;

import io.helidon.http.Status;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The requests that wait for jobs, so that neither a stop waits for them, nor they for a client
/// that is gone: it would take the next job with it.
///
/// Threading: thread-safe; `lock` guards everything.
final class LeaseWaits {
  /// Most that wait at once; fewer than the line of one queue takes.
  static final int MOST = 10_000;

  private final ReentrantLock lock = new ReentrantLock();

  private final Set<Thread> waiting = new HashSet<>();

  private final int most;
  private boolean stopping;

  /// @param most that wait at once, [#MOST] but for tests
  LeaseWaits(int most) {
    this.most = most;
  }

  /// Does something that may wait, until the client is gone.
  ///
  /// An empty answer at once would be asked for again at once, so whoever may not wait is refused.
  ///
  /// @param work must end soon when its thread is interrupted
  /// @throws ProblemException 503 when too many wait, or when this was stopped and there is nothing
  <T> List<T> during(Call call, Supplier<List<T>> work) {
    Thread me = Thread.currentThread();
    enter(me);
    List<T> found;
    try {
      found = call.watched(() -> end(me), work);
    } finally {
      leave(me);
    }
    if (found.isEmpty() && isStopping()) {
      throw stops();
    }
    return found;
  }

  void enter(Thread me) {
    lock.lock();
    try {
      if (stopping) {
        throw stops();
      }
      if (waiting.size() >= most) {
        throw Problem.of(
                Status.SERVICE_UNAVAILABLE_503,
                "too-many-waiting",
                "too many workers wait for jobs, try again later")
            .later()
            .exception();
      }
      waiting.add(me);
    } finally {
      lock.unlock();
    }
  }

  private static ProblemException stops() {
    return Problem.of(
            Status.SERVICE_UNAVAILABLE_503,
            "stopping",
            "this server stops and gives out no more jobs")
        .later()
        .exception();
  }

  /// Ends one wait.
  private void end(Thread waiter) {
    lock.lock();
    try {
      if (waiting.remove(waiter)) {
        waiter.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  private void leave(Thread me) {
    lock.lock();
    try {
      if (!waiting.remove(me)) {
        // The interrupt was for the waiting, and not for what comes now.
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends every wait, and those to come.
  void stop() {
    lock.lock();
    try {
      stopping = true;
      waiting.forEach(Thread::interrupt);
      waiting.clear();
    } finally {
      lock.unlock();
    }
  }

  boolean isStopping() {
    lock.lock();
    try {
      return stopping;
    } finally {
      lock.unlock();
    }
  }

  /// How many wait whose client is there.
  int count() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }
}
