package dev.sluice;

import dev.sluice.engine.Lease;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The runs of this process that hold a slot, and the zombies. Bounded by the slots of all queues
/// and by the zombies' own threads.
///
/// Threading: thread-safe; `lock` guards the list and the links of the runs in it. It is never held
/// while user code or an engine is called.
final class Runs {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();
  private final List<Run> zombies = new ArrayList<>();

  /// Those of workers elsewhere, for whom the lease is all they have. Read without the lock.
  private final Map<Lease, PulledRun> pulled = new ConcurrentHashMap<>();

  private @Nullable Run head;
  private int size;

  void add(List<Run> runs) {
    lock.lock();
    try {
      for (Run run : runs) {
        run.next = head;
        if (head != null) {
          head.previous = run;
        }
        head = run;
        if (run instanceof PulledRun elsewhere) {
          pulled.put(run.claim.lease(), elsewhere);
        }
      }
      size += runs.size();
    } finally {
      lock.unlock();
    }
  }

  /// Takes runs out whose end was recorded; those still running stay known as zombies.
  void remove(List<Run> runs) {
    lock.lock();
    try {
      for (Run run : runs) {
        unlink(run);
        if (run instanceof PulledRun) {
          pulled.remove(run.claim.lease());
        }
      }
      size -= runs.size();
      if (size == 0) {
        none.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private void unlink(Run run) {
    Run before = run.previous;
    Run after = run.next;
    if (before == null) {
      head = after;
    } else {
      before.next = after;
    }
    if (after != null) {
      after.previous = before;
    }
    run.previous = null;
    run.next = null;
  }

  /// Enlists a run as a zombie, before it is given up: so that its thread, should it end at that
  /// moment, finds itself in the list.
  void addZombie(Run run) {
    lock.lock();
    try {
      zombies.add(run);
      run.queue.zombies.incrementAndGet();
    } finally {
      lock.unlock();
    }
  }

  void removeZombie(Run run) {
    lock.lock();
    try {
      if (zombies.remove(run)) {
        run.queue.zombies.decrementAndGet();
      }
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return size;
    } finally {
      lock.unlock();
    }
  }

  /// What runs at this moment, zombies among it.
  List<RunningJob> show(long nowNanos) {
    return Stream.concat(snapshot().stream(), zombies().stream())
        .distinct()
        .map(run -> run.show(nowNanos))
        .toList();
  }

  /// The runs that hold a slot at this moment.
  List<Run> snapshot() {
    lock.lock();
    try {
      List<Run> all = new ArrayList<>(size);
      for (Run run = head; run != null; run = run.next) {
        all.add(run);
      }
      return all;
    } finally {
      lock.unlock();
    }
  }

  /// The run of that job that holds a slot, if it is here.
  Optional<Run> find(JobId id) {
    return first(run -> run.id().equals(id));
  }

  private Optional<Run> first(Predicate<Run> wanted) {
    lock.lock();
    try {
      for (Run run = head; run != null; run = run.next) {
        if (wanted.test(run)) {
          return Optional.of(run);
        }
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /// Tells the run that holds that lease, if it is here, that the lease is lost: because its worker
  /// is silent, this process stood still, or the connection that held it is gone.
  void lost(Lease lease, long nowNanos) {
    // By the lease: the job may run here again already, under another one.
    first(run -> run.claim.lease().equals(lease))
        .ifPresent(run -> run.interrupt(Ending.Interruption.LEASE_LOST, nowNanos));
  }

  /// The run of a worker elsewhere that holds that lease, until its end is recorded.
  Optional<PulledRun> pulled(Lease lease) {
    return Optional.ofNullable(pulled.get(lease));
  }

  /// How long the longest running run of the queue has run; 0 when none runs.
  Duration longest(QueueRuntime queue, long nowNanos) {
    return Duration.ofNanos(
        snapshot().stream()
            .filter(run -> run.queue == queue)
            .mapToLong(run -> nowNanos - run.startedNanos)
            .max()
            .orElse(0));
  }

  List<Run> zombies() {
    lock.lock();
    try {
      return List.copyOf(zombies);
    } finally {
      lock.unlock();
    }
  }

  /// Waits until no run holds a slot.
  ///
  /// @return how much of the time is left, 0 or less when it was up before
  long awaitNone(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (size > 0 && left > 0) {
        left = none.awaitNanos(left);
      }
      return left;
    } finally {
      lock.unlock();
    }
  }
}
