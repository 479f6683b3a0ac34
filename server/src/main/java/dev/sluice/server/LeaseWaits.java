package dev.sluice.server;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// The requests that wait for jobs, so that a stop does not wait for them.
///
/// Threading: thread-safe; `lock` guards everything.
final class LeaseWaits {
  private final ReentrantLock lock = new ReentrantLock();

  /// Bounded by the number of connections.
  private final Set<Thread> waiting = new HashSet<>();

  private boolean stopping;

  /// Does something that may wait; nothing once this was stopped.
  ///
  /// @param work must end soon when its thread is interrupted
  <T> List<T> during(Supplier<List<T>> work) {
    Thread me = Thread.currentThread();
    lock.lock();
    try {
      if (stopping) {
        return List.of();
      }
      waiting.add(me);
    } finally {
      lock.unlock();
    }
    try {
      return work.get();
    } finally {
      leave(me);
    }
  }

  private void leave(Thread me) {
    lock.lock();
    try {
      waiting.remove(me);
      if (stopping) {
        // It was for the waiting; the answer must still get out.
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
}
