package dev.sluice.sqs;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission.Reason;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// How much waits in one queue, as far as this process can tell: counted here with every job that
/// comes and goes, and put right by what SQS says about once a second.
///
/// SQS is behind: by seconds as a rule, and by a minute at most, says its documentation. So jobs
/// that came here within [#BELIEVED_SECONDS] count whatever it says. Longer would be safer for the
/// bound, and refuse jobs for no reason wherever workers elsewhere are fast.
///
/// Threading: thread-safe; one lock, held for arithmetic only.
final class Admissions {
  /// For how long what was counted here is believed against SQS.
  static final int BELIEVED_SECONDS = 5;

  private static final long SECOND_NANOS = 1_000_000_000;

  private final Environment.Clock clock;
  private final ReentrantLock lock = new ReentrantLock();

  /// Jobs that came less those that went, by second: the newest ones, each at its number modulo the
  /// length.
  private final long[] recent = new long[BELIEVED_SECONDS + 1];

  private long second;
  private long jobs;
  private long bytes;

  /// Jobs that came less those that went, ever: what happened while SQS was asked.
  private long net;

  Admissions(Environment.Clock clock) {
    this.clock = clock;
    second = now();
  }

  /// Takes a place for a job.
  ///
  /// @return why there is none; empty when it was taken
  Optional<Reason> take(Bound bound, int size) {
    lock.lock();
    try {
      if (jobs + 1 > bound.jobs()) {
        return Optional.of(Reason.CAPACITY_JOBS);
      }
      if (bytes + size > bound.bytes()) {
        return Optional.of(Reason.CAPACITY_BYTES);
      }
      add(1, size);
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /// A job waits (again) that is not asked for room.
  void came(int size) {
    lock.lock();
    try {
      add(1, size);
    } finally {
      lock.unlock();
    }
  }

  /// A job waits no more.
  void went(int size) {
    lock.lock();
    try {
      add(-1, -size);
    } finally {
      lock.unlock();
    }
  }

  private void add(int count, int size) {
    jobs = Math.max(0, jobs + count);
    bytes = jobs == 0 ? 0 : Math.max(0, bytes + size);
    net += count;
    pass();
    recent[place(second)] += count;
  }

  private long now() {
    return Math.floorDiv(clock.monotonicNanos(), SECOND_NANOS);
  }

  /// Forgets what is too old.
  private void pass() {
    long now = now();
    long from = Math.max(second, now - recent.length);
    while (from < now) {
      from++;
      recent[place(from)] = 0;
    }
    second = now;
  }

  private int place(long of) {
    return (int) Math.floorMod(of, (long) recent.length);
  }

  /// To be read before SQS is asked, and given to [#correct].
  long mark() {
    lock.lock();
    try {
      return net;
    } finally {
      lock.unlock();
    }
  }

  /// Goes by what SQS says, and by what happened since it was asked. SQS counts no bytes: the mean
  /// size stays what it was. In a process that starts with a full queue there is none, and a guess
  /// would refuse jobs for no reason, so these jobs count in the bound of jobs alone.
  void correct(long waiting, long mark) {
    lock.lock();
    try {
      pass();
      long here = Math.min(jobs, Arrays.stream(recent).sum());
      long now = Math.max(Math.max(0, here), waiting + net - mark);
      if (now != jobs) {
        bytes = jobs == 0 ? 0 : (long) ((double) bytes / jobs * now);
        jobs = now;
      }
    } finally {
      lock.unlock();
    }
  }

  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }
}
