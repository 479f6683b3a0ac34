package dev.sluice.server;

import dev.sluice.JobEvent;
import dev.sluice.JobListener;
import dev.sluice.Sluice;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What happened to jobs lately, for those who watch live. One ring for all: each reader has a
/// place in it, nothing is buffered for anybody, and whoever falls behind by a whole ring is cut
/// off.
///
/// Threading: thread-safe; `lock` guards every field, and is never held while something is written
/// to a reader.
final class JobEvents implements JobListener {
  /// How many events are remembered.
  static final int RING = 8192;

  /// Most readers at once: each event wakes them.
  static final int MOST = 100;

  /// How often somebody looks for readers that are stuck, in events.
  private static final int LOOK = RING / 8;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition more = lock.newCondition();
  private final EventLine[] ring = new EventLine[RING];
  private final Set<Reader> readers = new HashSet<>();
  private final Sluice sluice;
  private final String process;

  /// The number of the next event; the first one is 1.
  private long next = 1;

  private boolean closed;

  /// Ends the listening, which begins with the first reader. It goes on when nobody reads: whoever
  /// comes back is told what he missed.
  private @Nullable Runnable unlisten;

  /// @param random tells this process from an earlier one, whose numbers mean nothing here
  JobEvents(Sluice sluice, RandomGenerator random) {
    this.sluice = sluice;
    process = Integer.toHexString(random.nextInt());
  }

  @Override
  public void on(JobEvent event) {
    EventLine line = EventLine.of(event);
    lock.lock();
    try {
      ring[(int) (next % RING)] = line;
      next++;
      if (next % LOOK == 0) {
        readers.forEach(Reader::cutIfBehind);
      }
      more.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// A new reader.
  ///
  /// @param after the id of the last event that it knows; null when it knows none
  /// @return null when there are too many, or the server stops
  @Nullable Reader reader(@Nullable String after) {
    lock.lock();
    try {
      if (closed || readers.size() >= MOST) {
        return null;
      }
      if (unlisten == null) {
        unlisten = sluice.listen(this);
      }
      Reader reader = new Reader(Thread.currentThread());
      reader.begin(after);
      readers.add(reader);
      return reader;
    } finally {
      lock.unlock();
    }
  }

  /// How many read.
  int readers() {
    lock.lock();
    try {
      return readers.size();
    } finally {
      lock.unlock();
    }
  }

  /// Ends all readers, now and from now on.
  void close() {
    lock.lock();
    try {
      closed = true;
      more.signalAll();
      if (unlisten != null) {
        unlisten.run();
      }
    } finally {
      lock.unlock();
    }
  }

  private long oldest() {
    return Math.max(1, next - RING);
  }

  /// The place of one reader.
  ///
  /// Threading: used by its thread; `lock` guards its fields.
  final class Reader implements AutoCloseable {
    private final Thread thread;
    private long place;
    private boolean gap;
    private boolean cut;

    private Reader(Thread thread) {
      this.thread = thread;
    }

    private void begin(@Nullable String after) {
      if (after == null) {
        place = next;
        return;
      }
      long known = number(after);
      gap = known < 0 || known + 1 < oldest() || known >= next;
      place = gap ? oldest() : known + 1;
    }

    private long number(String id) {
      int dash = id.indexOf('-');
      if (dash < 0 || !id.substring(0, dash).equals(process)) {
        return -1;
      }
      try {
        return Long.parseLong(id, dash + 1, id.length(), 10);
      } catch (NumberFormatException none) {
        return -1;
      }
    }

    /// Whether events are missing before the first one.
    boolean hasGap() {
      return gap;
    }

    /// The next event; waits for it.
    ///
    /// @return null when none came in that time
    /// @throws Ended when this reader is too slow, or the server stops
    @Nullable EventLine next(long nanos) throws Ended, InterruptedException {
      lock.lock();
      try {
        long left = nanos;
        while (place == next && left > 0 && !closed) {
          left = more.awaitNanos(left);
        }
        if (closed || cut || place < oldest()) {
          throw new Ended();
        }
        if (place == next) {
          return null;
        }
        EventLine line = ring[(int) (place % RING)];
        place++;
        return line;
      } finally {
        lock.unlock();
      }
    }

    /// The id of the event that was last returned.
    String id() {
      lock.lock();
      try {
        return process + "-" + (place - 1);
      } finally {
        lock.unlock();
      }
    }

    /// Whether the next event is there already.
    boolean hasMore() {
      lock.lock();
      try {
        return place < next;
      } finally {
        lock.unlock();
      }
    }

    /// It stands in a write that its client does not read; only an interrupt ends that.
    private void cutIfBehind() {
      if (!cut && place < oldest()) {
        cut = true;
        thread.interrupt();
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        readers.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }

  /// The end of a stream of events.
  static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;

    Ended() {
      super("ended", null, false, false);
    }
  }
}
