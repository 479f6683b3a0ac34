package dev.sluice.server;

import dev.sluice.JobEvent;
import dev.sluice.JobListener;
import dev.sluice.JobStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.JobId;
import io.helidon.http.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Callers that wait until a job has ended. An event wakes them; what ends without one, in another
/// process or by a purge, is noticed by a slow poll.
///
/// Threading: thread-safe; `lock` guards the map and its waiters, and is not held while the engine
/// is asked.
final class JobWaits implements JobListener {
  /// Longest wait.
  static final Duration LONGEST = Duration.ofSeconds(60);

  /// Most callers that wait at once: each holds a connection, and polls.
  static final int MOST = 1000;

  private static final long POLL_NANOS = 5_000_000_000L;

  private final Sluice sluice;
  private final Environment.Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<JobId, Waiters> waiting = new HashMap<>();
  private int callers;
  private boolean closed;

  /// Ends the listening, which lasts while somebody waits: nobody pays for what nobody waits for.
  private @Nullable Runnable unlisten;

  /// Everybody who waits for one job.
  private static final class Waiters {
    final Condition ended;
    int count;

    /// Goes up with each event, so that none is missed between a look and the wait.
    int events;

    Waiters(Condition ended) {
      this.ended = ended;
    }
  }

  JobWaits(Sluice sluice, Environment.Clock clock) {
    this.sluice = sluice;
    this.clock = clock;
  }

  /// Waits until the job has ended, the time is over, or the server stops.
  ///
  /// @return the job as it is then; as it was when it is kept no longer
  /// @throws ProblemException 503 when too many wait
  JobStatus await(JobId id, JobStatus last, Duration wait) {
    long deadline = clock.monotonicNanos() + wait.toNanos();
    Waiters waiters = enter(id);
    try {
      JobStatus status = last;
      int seen = 0;
      while (true) {
        status = sluice.find(id).orElse(status);
        long left = deadline - clock.monotonicNanos();
        if (status.view().state().isTerminal() || left <= 0 || !sleep(waiters, seen, left)) {
          return status;
        }
        seen = events(waiters);
      }
    } finally {
      leave(id, waiters);
    }
  }

  private Waiters enter(JobId id) {
    lock.lock();
    try {
      if (callers >= MOST) {
        throw Problem.of(
                Status.SERVICE_UNAVAILABLE_503,
                "too-many-waiting",
                "too many callers wait for jobs, ask without 'wait'")
            .later()
            .exception();
      }
      if (unlisten == null && !closed) {
        unlisten = sluice.listen(this);
      }
      callers++;
      Waiters waiters = waiting.computeIfAbsent(id, _ -> new Waiters(lock.newCondition()));
      waiters.count++;
      return waiters;
    } finally {
      lock.unlock();
    }
  }

  private void leave(JobId id, Waiters waiters) {
    lock.lock();
    try {
      callers--;
      if (--waiters.count == 0) {
        waiting.remove(id);
      }
      if (callers == 0) {
        unlisten();
      }
    } finally {
      lock.unlock();
    }
  }

  private int events(Waiters waiters) {
    lock.lock();
    try {
      return waiters.events;
    } finally {
      lock.unlock();
    }
  }

  /// @return false when nobody should wait any longer
  private boolean sleep(Waiters waiters, int seen, long nanos) {
    lock.lock();
    try {
      long left = Math.min(nanos, POLL_NANOS);
      while (!closed && waiters.events == seen && left > 0) {
        left = waiters.ended.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void on(JobEvent event) {
    switch (event) {
      case JobEvent.Succeeded _, JobEvent.Died _, JobEvent.Cancelled _ -> wake(event.job().id());
      case JobEvent.Started _,
          JobEvent.Retrying _,
          JobEvent.Snoozed _,
          JobEvent.Parked _,
          JobEvent.Released _,
          JobEvent.Crashed _,
          JobEvent.LeaseLost _,
          JobEvent.BecameZombie _,
          JobEvent.LateResult _ -> {}
    }
  }

  private void wake(JobId id) {
    lock.lock();
    try {
      Waiters waiters = waiting.get(id);
      if (waiters != null) {
        waiters.events++;
        waiters.ended.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /// How many wait.
  int count() {
    lock.lock();
    try {
      return callers;
    } finally {
      lock.unlock();
    }
  }

  /// Lets everybody go, now and from now on.
  void close() {
    lock.lock();
    try {
      closed = true;
      waiting.values().forEach(waiters -> waiters.ended.signalAll());
      unlisten();
    } finally {
      lock.unlock();
    }
  }

  private void unlisten() {
    Runnable end = unlisten;
    if (end != null) {
      unlisten = null;
      end.run();
    }
  }
}
