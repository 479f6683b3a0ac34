package dev.sluice.server;

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
  private final ReentrantLock lock = new ReentrantLock();

  /// Bounded by the number of connections.
  private final Set<Thread> waiting = new HashSet<>();

  private boolean stopping;

  /// Does something that may wait, until the client is gone; nothing once this was stopped.
  ///
  /// @param work must end soon when its thread is interrupted
  <T> List<T> during(Call call, Supplier<List<T>> work) {
    Thread me = Thread.currentThread();
    if (!enter(me)) {
      return List.of();
    }
    try {
      return call.watched(() -> end(me), work);
    } finally {
      leave(me);
    }
  }

  private boolean enter(Thread me) {
    lock.lock();
    try {
      if (stopping) {
        return false;
      }
      waiting.add(me);
      return true;
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
