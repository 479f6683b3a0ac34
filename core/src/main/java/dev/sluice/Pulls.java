package dev.sluice;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// The workers elsewhere that wait for jobs of one queue, in line. The dispatcher serves them, so
/// that slots and rate have one owner and many small pulls cost one claim. Bounded by [#MOST].
///
/// Threading: thread-safe; `lock` guards the line and every [Pull] in it.
final class Pulls {
  /// More workers than this are told to come back.
  static final int MOST = 10_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Pull> line = new ArrayDeque<>();
  private volatile int waiting;
  private boolean closed;

  /// The newest number given out, and the newest that the dispatcher has looked at.
  private long newest;

  private long looked;

  /// The newest number when a claim began that could not serve everybody in line.
  private long passedOver;

  /// Whether nobody waits.
  boolean isEmpty() {
    return waiting == 0;
  }

  /// Gets in line and waits to be served. Nobody leaves before the dispatcher has looked once, so
  /// that a worker who does not want to wait gets what is there.
  ///
  /// @param wake called once in line
  /// @return what was claimed; empty when the time was up, this process stops, or the line is full
  List<PulledRun> await(int max, Duration lease, Duration wait, Runnable wake) {
    Pull pull;
    lock.lock();
    try {
      if (closed || line.size() >= MOST) {
        return List.of();
      }
      pull = new Pull(++newest, max, lease, lock.newCondition());
      line.addLast(pull);
      waiting = line.size();
    } finally {
      lock.unlock();
    }
    wake.run();
    return await(pull, wait.toNanos());
  }

  private List<PulledRun> await(Pull pull, long nanos) {
    boolean interrupted = false;
    lock.lock();
    try {
      long left = nanos;
      while (pull.stage != Pull.Stage.OVER) {
        boolean late = left <= 0 && pull.number <= looked;
        if (pull.stage == Pull.Stage.WAITING && (late || interrupted)) {
          line.remove(pull);
          waiting = line.size();
          break;
        }
        try {
          // A claim that is under way cannot be called back.
          if (pull.stage == Pull.Stage.SERVED || left <= 0) {
            pull.changed.await();
          } else {
            left = pull.changed.awaitNanos(left);
          }
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      return pull.given;
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Takes pulls out of the line that one claim can serve: those that want the lease of the first.
  /// The others have been looked at when there is no slot for them, or [#served] finds that there
  /// were not even jobs enough for these.
  ///
  /// @param most most jobs that can be claimed; 0 when none may start
  List<Pull> serve(int most) {
    List<Pull> served = new ArrayList<>();
    lock.lock();
    try {
      long wanted = 0;
      while (wanted < most
          && !line.isEmpty()
          && (served.isEmpty() || line.getFirst().lease.equals(served.getFirst().lease))) {
        Pull pull = line.removeFirst();
        pull.stage = Pull.Stage.SERVED;
        served.add(pull);
        wanted += pull.max;
      }
      waiting = line.size();
      passedOver = newest;
      if (wanted >= most) {
        lookedAt(newest);
      }
    } finally {
      lock.unlock();
    }
    return served;
  }

  /// Tells everybody in line up to that number that there is nothing for them now.
  private void lookedAt(long number) {
    Iterator<Pull> fromNewest = line.descendingIterator();
    while (fromNewest.hasNext()) {
      Pull pull = fromNewest.next();
      if (pull.number <= looked) {
        break;
      }
      pull.changed.signal();
    }
    looked = Math.max(looked, number);
  }

  /// Ends a claim: who got jobs is told, who got none is in line again, in the old order.
  void served(List<Pull> pulls) {
    lock.lock();
    try {
      List<Pull> unserved = new ArrayList<>();
      boolean enough = true;
      for (Pull pull : pulls) {
        enough &= pull.given.size() == pull.max;
        if (pull.given.isEmpty() && !closed) {
          pull.stage = Pull.Stage.WAITING;
          unserved.add(pull);
        } else {
          pull.stage = Pull.Stage.OVER;
        }
        pull.changed.signal();
      }
      Collections.reverse(unserved);
      unserved.forEach(line::addFirst);
      waiting = line.size();
      if (!enough) {
        lookedAt(passedOver);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Sends away everybody in line: the jobs go elsewhere now.
  void sendAway() {
    if (!isEmpty()) {
      lock.lock();
      try {
        endAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /// Sends everybody away, and whoever comes later.
  void close() {
    lock.lock();
    try {
      closed = true;
      endAll();
    } finally {
      lock.unlock();
    }
  }

  private void endAll() {
    for (Pull pull : line) {
      pull.stage = Pull.Stage.OVER;
      pull.changed.signal();
    }
    line.clear();
    waiting = 0;
  }
}
