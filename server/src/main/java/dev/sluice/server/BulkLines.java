package dev.sluice.server;

import dev.sluice.NewJob;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The lines of one bulk between the thread that reads them and the thread that commits them: at
/// most a batch gathers while another one is committed.
///
/// Threading: thread-safe; `lock` guards every field.
final class BulkLines {
  /// Most lines of one batch.
  static final int BATCH = 500;

  /// Payload bytes from which a batch is full.
  private static final int FULL_BYTES = 1 << 20;

  /// One line, read.
  ///
  /// Threading: immutable.
  ///
  /// @param number from 1, as the request has them, blank ones counted
  /// @param job what it asks for; null when it is bad
  /// @param problem what is wrong with it; null when nothing is
  record Line(long number, @Nullable NewJob<byte[]> job, @Nullable Problem problem) {
    int bytes() {
      return job == null ? 0 : job.payload().length;
    }
  }

  /// Nobody takes lines any more.
  static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Broken() {
      super("broken off", null, false, false);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private List<Line> gathered = new ArrayList<>();
  private int bytes;
  private boolean ended;
  private boolean broken;
  private boolean committed;

  /// Adds lines; waits while there is no room.
  ///
  /// @param lines at most [#BATCH]
  /// @throws Broken when nobody will take them
  void add(List<Line> lines) throws InterruptedException {
    lock.lock();
    try {
      while (!broken
          && !gathered.isEmpty()
          && (gathered.size() + lines.size() > BATCH || bytes >= FULL_BYTES)) {
        changed.await();
      }
      if (broken) {
        throw new Broken();
      }
      gathered.addAll(lines);
      for (Line line : lines) {
        bytes += line.bytes();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Takes what has gathered; waits while that is nothing.
  ///
  /// @return empty when no more lines come
  List<Line> take() {
    lock.lock();
    try {
      while (gathered.isEmpty() && !ended) {
        changed.awaitUninterruptibly();
      }
      List<Line> taken = gathered;
      gathered = new ArrayList<>(BATCH);
      bytes = 0;
      changed.signalAll();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /// No more lines come.
  void end() {
    set(() -> ended = true);
  }

  /// No more lines are taken.
  void breakOff() {
    set(() -> broken = true);
  }

  /// Every answer has been written, or never will be.
  void committed() {
    set(() -> committed = true);
  }

  /// Waits for [#committed].
  void awaitCommitted() throws InterruptedException {
    lock.lock();
    try {
      while (!committed) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  boolean isCommitted() {
    lock.lock();
    try {
      return committed;
    } finally {
      lock.unlock();
    }
  }

  private void set(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
