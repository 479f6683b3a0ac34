package dev.sluice.sqs;

import dev.sluice.engine.Bound;
import dev.sluice.job.Admission.Reason;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// How much waits in one queue, as far as this process can tell: counted here with every job that
/// comes and goes, and put right by what SQS says about once a second.
///
/// Threading: thread-safe; one lock, held for arithmetic only.
final class Admissions {
  private final ReentrantLock lock = new ReentrantLock();
  private long jobs;
  private long bytes;

  /// Jobs that came less those that went, ever: what happened while SQS was asked.
  private long net;

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
  /// size stays what it was.
  void correct(long waiting, long mark) {
    lock.lock();
    try {
      long now = Math.max(0, waiting + net - mark);
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
