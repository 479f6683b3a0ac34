package dev.sluice.rabbitmq;

import dev.sluice.engine.Bound;
import dev.sluice.job.Admission;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// How much waits in one queue, as far as this process can know: its own jobs exactly, those of
/// others by the depth that the broker told last. Decides whether a job is admitted.
///
/// Threading: thread-safe. One lock, held for memory work only.
final class Load {
  private static final long SECOND = 1_000;
  private static final long MINUTE = 60_000;
  private static final long HOUR = 3_600_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final CountDownLatch firstDepth = new CountDownLatch(1);

  /// Jobs that wait on the broker, in line. Below 0 by those that came from the broker before their
  /// sender heard that they had arrived: they are still among those on their way.
  private long ready;

  private long readyBytes;

  /// About how large jobs are here, in bytes; 0 when none was seen.
  private long size;

  /// Jobs that are being offered.
  private long sending;

  private long sendingBytes;

  /// Jobs that the broker gave to this process, and nobody claimed yet.
  private long buffered;

  private long bufferedBytes;
  private long dead;

  /// Jobs whose time has not come, by when it comes: coarser the further away it is, so that their
  /// number is bounded.
  private final TreeMap<Long, Sum> scheduled = new TreeMap<>();

  private long scheduledJobs;
  private long scheduledBytes;

  /// What happened since a depth was asked for.
  private long confirmedSince;

  private long deliveredSince;
  private long sendingBefore;

  /// What was admitted since the last depth.
  private long admittedSince;

  private long usedNanos;

  /// Threading: confined to the lock of its load.
  private static final class Sum {
    long jobs;
    long bytes;
  }

  Load(long nowNanos) {
    usedNanos = nowNanos;
  }

  /// What is known of a queue.
  record Depth(long scheduled, long ready, long dead, long bytes) {}

  /// Takes a place for a job that is going to be sent; [#sent] must follow.
  ///
  /// @return why there is none; null when it was taken
  Admission.@Nullable Reason admit(int bytes, Bound bound, long nowMillis, long nowNanos) {
    lock.lock();
    try {
      usedNanos = nowNanos;
      become(nowMillis);
      see(bytes);
      long jobs = ready + sending + buffered + scheduledJobs;
      if (jobs >= bound.jobs()) {
        return Admission.Reason.CAPACITY_JOBS;
      }
      if (bytes > bound.bytes() - readyBytes - sendingBytes - bufferedBytes - scheduledBytes) {
        return Admission.Reason.CAPACITY_BYTES;
      }
      sending++;
      sendingBytes += bytes;
      admittedSince++;
      return null;
    } finally {
      lock.unlock();
    }
  }

  /// Tells what became of a job that was admitted.
  ///
  /// @param dueMillis when its time comes; 0 for at once
  void sent(int bytes, boolean confirmed, long dueMillis) {
    lock.lock();
    try {
      sending--;
      sendingBytes -= bytes;
      if (confirmed) {
        add(bytes, dueMillis);
      }
      requirePossible();
    } finally {
      lock.unlock();
    }
  }

  /// Counts a job that came back, which is always taken.
  void returned(int bytes, long dueMillis) {
    lock.lock();
    try {
      add(bytes, dueMillis);
    } finally {
      lock.unlock();
    }
  }

  private void add(int bytes, long dueMillis) {
    if (dueMillis == 0) {
      ready++;
      readyBytes += bytes;
      confirmedSince++;
    } else {
      Sum sum = scheduled.computeIfAbsent(rounded(dueMillis), _ -> new Sum());
      sum.jobs++;
      sum.bytes += bytes;
      scheduledJobs++;
      scheduledBytes += bytes;
    }
  }

  private long rounded(long dueMillis) {
    long now = scheduled.isEmpty() ? dueMillis : scheduled.firstKey();
    long away = dueMillis - now;
    long grain = away > 7 * 24 * HOUR ? HOUR : away > HOUR ? MINUTE : SECOND;
    return (dueMillis + grain - 1) / grain * grain;
  }

  /// Moves jobs whose time has come from one sum to the other.
  private void become(long nowMillis) {
    while (!scheduled.isEmpty() && scheduled.firstKey() <= nowMillis) {
      Map.Entry<Long, Sum> due = scheduled.pollFirstEntry();
      scheduledJobs -= due.getValue().jobs;
      scheduledBytes -= due.getValue().bytes;
      ready += due.getValue().jobs;
      readyBytes += due.getValue().bytes;
      confirmedSince += due.getValue().jobs;
    }
  }

  /// A job came from the broker.
  void delivered(int bytes) {
    lock.lock();
    try {
      see(bytes);
      ready--;
      readyBytes -= bytes;
      requirePossible();
      deliveredSince++;
      buffered++;
      bufferedBytes += bytes;
    } finally {
      lock.unlock();
    }
  }

  /// A job that came from the broker was claimed, or went elsewhere.
  void unbuffered(int bytes) {
    lock.lock();
    try {
      buffered--;
      bufferedBytes -= bytes;
    } finally {
      lock.unlock();
    }
  }

  private void requirePossible() {
    ready = Math.max(ready, -sending);
    readyBytes = ready == 0 && sending == 0 ? 0 : Math.max(readyBytes, -sendingBytes);
  }

  /// Takes down the size of a job. Before the first one it is not known how large those are that
  /// the broker counts: as large as this one, for all that is known.
  private void see(int bytes) {
    if (size == 0) {
      size = bytes;
      readyBytes = Math.max(0, ready) * size;
    }
    size += (bytes - size) / 16;
  }

  /// Must come before the broker is asked for the depth.
  void beginDepth() {
    lock.lock();
    try {
      confirmedSince = 0;
      deliveredSince = 0;
      admittedSince = 0;
      sendingBefore = sending;
    } finally {
      lock.unlock();
    }
  }

  /// Takes over what the broker said. It cannot know what happened while it was asked, so what is
  /// counted here stays as long as it is possible.
  void depth(long onBroker, long deadOnBroker, long nowMillis) {
    lock.lock();
    try {
      become(nowMillis);
      long least =
          Math.max(-sending, onBroker - sendingBefore - sending - confirmedSince - deliveredSince);
      long corrected = Math.clamp(ready, least, onBroker + confirmedSince);
      if (corrected != ready) {
        long each = ready <= 0 || readyBytes <= 0 ? size : readyBytes / ready;
        readyBytes = corrected * each;
        ready = corrected;
      }
      dead = deadOnBroker;
    } finally {
      lock.unlock();
    }
    firstDepth.countDown();
  }

  /// Whether so much was admitted since the last depth that others may have done as much, which
  /// nobody here knows of.
  boolean wantsDepth(Bound bound) {
    lock.lock();
    try {
      return admittedSince > bound.jobs() / 16;
    } finally {
      lock.unlock();
    }
  }

  /// Whether somebody asked for it since `sinceNanos`.
  boolean usedSince(long sinceNanos) {
    lock.lock();
    try {
      return usedNanos - sinceNanos >= 0;
    } finally {
      lock.unlock();
    }
  }

  void use(long nowNanos) {
    lock.lock();
    try {
      usedNanos = nowNanos;
    } finally {
      lock.unlock();
    }
  }

  /// Whether the broker told a depth once.
  boolean isKnown() {
    return firstDepth.getCount() == 0;
  }

  /// Waits until the broker told a depth once.
  void awaitDepth(long nanos) {
    try {
      if (!firstDepth.await(nanos, TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  Depth known(long nowMillis) {
    lock.lock();
    try {
      become(nowMillis);
      return new Depth(
          scheduledJobs,
          Math.max(0, ready) + buffered,
          dead,
          Math.max(0, readyBytes) + bufferedBytes + scheduledBytes);
    } finally {
      lock.unlock();
    }
  }
}
