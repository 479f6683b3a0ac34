package dev.sluice.server;

import dev.sluice.JobEvent;
import dev.sluice.JobListener;
import dev.sluice.JobStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Callers that wait until a job has ended, as long as they are there. An event wakes them; what
/// ends without one, in another process or by a purge, is noticed by a slow poll.
///
/// Threading: thread-safe; `lock` guards the map and its waiters, and is not held while the engine
/// is asked.
final class JobWaits implements JobListener {
  /// Longest wait.
  static final Duration LONGEST = Duration.ofSeconds(60);

  /// Most callers that wait at once: each holds a connection, and polls.
  private static final int MOST = 1000;

  private static final long POLL_NANOS = 5_000_000_000L;

  private final Sluice sluice;
  private final Environment.Clock clock;
  private final WaitingRequests requests =
      new WaitingRequests(MOST, "too many callers wait for jobs, ask without 'wait'");
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<JobId, Waiters> waiting = new HashMap<>();

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

  /// Waits until the job has ended, the time is over, the client is gone, or the server stops.
  ///
  /// @return the job as it is then; as it was when it is kept no longer
  /// @throws ProblemException 503 when too many wait
  JobStatus await(Call call, JobId id, JobStatus last, Duration wait) {
    return requests.during(call, () -> await(id, last, wait));
  }

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
      if (unlisten == null && !requests.isStopping()) {
        unlisten = sluice.listen(this);
      }
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
      if (--waiters.count == 0) {
        waiting.remove(id);
      }
      if (waiting.isEmpty()) {
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
      while (!requests.isStopping() && waiters.events == seen && left > 0) {
        left = waiters.ended.awaitNanos(left);
      }
      return !requests.isStopping();
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

  /// How many wait whose client is there.
  int count() {
    return requests.count();
  }

  /// Lets everybody go, now and from now on.
  void close() {
    requests.stop();
    lock.lock();
    try {
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
