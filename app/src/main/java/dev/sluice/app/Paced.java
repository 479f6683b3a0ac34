package dev.sluice.app;

import dev.sluice.JobType;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/// Enqueues at a steady pace, each on a thread of its own so that a slow answer delays nobody, and
/// how long answers and starts took. The job's payload is its number.
///
/// Threading: thread-safe; each element of the arrays is written once.
final class Paced {
  private final Environment.Clock clock;
  private final AtomicLongArray asked;
  private final AtomicLongArray answered;
  private final AtomicLongArray started;

  Paced(Environment.Clock clock, int jobs) {
    this.clock = clock;
    asked = new AtomicLongArray(jobs);
    answered = new AtomicLongArray(jobs);
    started = new AtomicLongArray(jobs);
  }

  /// Enqueues all jobs, and returns when all were answered.
  void run(Sluice sluice, JobType<byte[]> type, int payload, int perSecond)
      throws InterruptedException {
    List<Thread> callers = new ArrayList<>();
    long begun = clock.monotonicNanos();
    for (int i = 0; i < asked.length(); i++) {
      long due = begun + i * 1_000_000_000L / perSecond;
      for (long left = due - clock.monotonicNanos(); left > 0; ) {
        LockSupport.parkNanos(left);
        left = due - clock.monotonicNanos();
      }
      int number = i;
      byte[] bytes = new byte[Math.max(payload, Integer.BYTES)];
      ByteBuffer.wrap(bytes).putInt(number);
      callers.add(
          Thread.startVirtualThread(() -> {
            asked.set(number, clock.monotonicNanos());
            sluice.enqueue(type, bytes);
            answered.set(number, clock.monotonicNanos());
          }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
  }

  /// Called by the handler first of all.
  void started(byte[] payload) {
    started.set(ByteBuffer.wrap(payload).getInt(), clock.monotonicNanos());
  }

  long[] admissionNanos() {
    return differences(answered);
  }

  long[] startNanos() {
    return differences(started);
  }

  private long[] differences(AtomicLongArray later) {
    long[] nanos = new long[asked.length()];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = later.get(i) - asked.get(i);
    }
    return nanos;
  }
}
