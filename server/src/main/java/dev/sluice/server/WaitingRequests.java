package dev.sluice.server;

import io.helidon.http.Status;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Requests that wait, each in a place of its own: it gives the place up when its client is gone,
/// and no stop waits for it.
///
/// Threading: thread-safe; `lock` guards everything.
final class WaitingRequests {
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<Thread> waiting = new HashSet<>();
  private final int most;
  private final String refusal;
  private boolean stopping;

  /// @param most that wait at once
  /// @param refusal what is told to whoever comes when so many wait
  WaitingRequests(int most, String refusal) {
    this.most = most;
    this.refusal = refusal;
  }

  /// Does something that may wait, until the client is gone or this was stopped.
  ///
  /// @param work must end soon when its thread is interrupted
  /// @throws ProblemException 503 when too many wait
  <T> T during(Call call, Supplier<T> work) {
    Thread me = Thread.currentThread();
    enter(me);
    try {
      return call.watched(() -> end(me), work);
    } finally {
      leave(me);
    }
  }

  void enter(Thread me) {
    lock.lock();
    try {
      if (stopping) {
        me.interrupt();
        return;
      }
      if (waiting.size() >= most) {
        throw Problem.of(Status.SERVICE_UNAVAILABLE_503, "too-many-waiting", refusal)
            .later()
            .exception();
      }
      waiting.add(me);
    } finally {
      lock.unlock();
    }
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
