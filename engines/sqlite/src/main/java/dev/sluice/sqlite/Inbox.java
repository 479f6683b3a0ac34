package dev.sluice.sqlite;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The commands that wait for the writer, bounded; who finds it full waits.
///
/// Threading: thread-safe; `lock` guards everything and is never held for I/O.
final class Inbox {
  private static final int ROOM = 1_024;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition drained = lock.newCondition();
  private List<Command<?>> waiting = new ArrayList<>();
  private boolean closed;
  private @Nullable Command<?> last;

  /// Adds a command, waiting for room.
  ///
  /// @return false when no command is taken any more
  boolean put(Command<?> command) {
    lock.lock();
    try {
      while (!closed && waiting.size() >= ROOM) {
        drained.awaitUninterruptibly();
      }
      if (!closed) {
        waiting.add(command);
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /// Takes all, in their order.
  List<Command<?>> drain() {
    lock.lock();
    try {
      if (waiting.isEmpty()) {
        return List.of();
      }
      List<Command<?>> all = waiting;
      waiting = new ArrayList<>();
      drained.signalAll();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /// Takes no more, but for `last`.
  ///
  /// @return false when it was closed already
  boolean close(Command<?> last) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      this.last = last;
      waiting.add(last);
      drained.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /// Whether the drained commands are the very last.
  boolean isEnded(List<Command<?>> drained) {
    lock.lock();
    try {
      return !drained.isEmpty() && drained.getLast() == last;
    } finally {
      lock.unlock();
    }
  }
}
