package dev.sluice.memory;

import static dev.sluice.job.JobState.CANCELLED;
import static dev.sluice.job.JobState.DEAD;
import static dev.sluice.job.JobState.READY;
import static dev.sluice.job.JobState.RUNNING;
import static dev.sluice.job.JobState.SCHEDULED;
import static dev.sluice.job.JobState.SUCCEEDED;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settlement;
import dev.sluice.engine.Settlement.Bury;
import dev.sluice.engine.Settlement.Complete;
import dev.sluice.engine.Settlement.Crash;
import dev.sluice.engine.Settlement.Poison;
import dev.sluice.engine.Settlement.Release;
import dev.sluice.engine.Settlement.RunAgain;
import dev.sluice.engine.Settlement.Stop;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Priority;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// All kept jobs of one queue. Each is in exactly one place: a line, or the tree of those whose
/// time has not come.
///
/// Threading: confined to the lock of the engine.
final class MemoryQueue {
  /// Most jobs that one claim moves from SCHEDULED to READY, so that nobody waits long.
  private static final int PROMOTIONS = 1_000;

  private static final Comparator<JobNode> BY_DUE_TIME =
      (one, other) -> {
        int byTime = Long.compare(one.stateMillis, other.stateMillis);
        return byTime != 0 ? byTime : one.job.id().compareTo(other.job.id());
      };

  final Line running = new Line();
  final Line succeeded = new Line();
  final Line dead = new Line();
  final Line cancelled = new Line();
  final TreeSet<JobNode> scheduled = new TreeSet<>(BY_DUE_TIME);
  private final Map<String, JobNode> byKey = new HashMap<>();
  private final Line low = new Line();
  private final Line normal = new Line();
  private final Line high = new Line();
  private long scheduledBytes;

  /// The newest place in the order of ending, over all three ended lines.
  private long newestEnd;

  boolean paused;
  boolean heldJobs;

  Line ready(Priority priority) {
    return switch (priority) {
      case LOW -> low;
      case NORMAL -> normal;
      case HIGH -> high;
    };
  }

  @Nullable JobNode byKey(String key) {
    return byKey.get(key);
  }

  private long waiting() {
    return low.size + normal.size + high.size + scheduled.size();
  }

  private long waitingBytes() {
    return low.bytes + normal.bytes + high.bytes + scheduledBytes;
  }

  Admission.@Nullable Reason refusal(Job job, Bound bound) {
    if (waiting() >= bound.jobs()) {
      return Admission.Reason.CAPACITY_JOBS;
    }
    return job.bytes() > bound.bytes() - waitingBytes() ? Admission.Reason.CAPACITY_BYTES : null;
  }

  JobNode accept(Job job, long nowMillis) {
    long runAt = job.options().runAtMillis();
    JobNode node = new JobNode(job, this, runAt > nowMillis ? SCHEDULED : READY);
    String key = job.options().key();
    boolean placed = false;
    try {
      if (key != null) {
        byKey.put(key, node);
      }
      if (runAt > nowMillis) {
        putScheduled(node, runAt);
      } else {
        putAtEnd(node);
      }
      placed = true;
    } finally {
      // Without memory for it the job is not here, and its key must not say that it is.
      if (!placed && key != null) {
        byKey.remove(key);
      }
    }
    heldJobs = true;
    return node;
  }

  void forget(JobNode node) {
    take(node);
    String key = node.job.options().key();
    if (key != null) {
      byKey.remove(key);
    }
  }

  /// Starts jobs, and tells when the next SCHEDULED one is due.
  long claim(ClaimRequest request, long nowMillis, long deadlineNanos, List<Claim> claims) {
    if (paused) {
      return Claimed.NONE_DUE;
    }
    promote(nowMillis);
    long fromLow = Math.min(request.low(), low.size);
    long fromNormal = Math.min(request.normal(), normal.size);
    long left = request.max() - fromLow - fromNormal;
    long fromHigh = Math.min(left, high.size);
    left -= fromHigh;
    long moreNormal = Math.min(left, normal.size - fromNormal);
    left -= moreNormal;
    long moreLow = Math.min(left, low.size - fromLow);
    start(high, fromHigh, nowMillis, deadlineNanos, claims);
    start(normal, fromNormal + moreNormal, nowMillis, deadlineNanos, claims);
    start(low, fromLow + moreLow, nowMillis, deadlineNanos, claims);
    return scheduled.isEmpty() ? Claimed.NONE_DUE : scheduled.first().stateMillis;
  }

  private void promote(long nowMillis) {
    for (int moved = 0; moved < PROMOTIONS && !scheduled.isEmpty(); moved++) {
      JobNode first = scheduled.first();
      if (first.stateMillis > nowMillis) {
        return;
      }
      makeReady(first);
    }
  }

  /// Ends the wait of a SCHEDULED job.
  void makeReady(JobNode node) {
    take(node);
    node.state = Lifecycle.DUE.apply(node.state);
    putAtEnd(node);
  }

  private void start(
      Line line, long count, long nowMillis, long deadlineNanos, List<Claim> claims) {
    for (long started = 0; started < count; started++) {
      JobNode node = line.head;
      if (node == null) {
        return;
      }
      line.remove(node);
      node.state = Lifecycle.CLAIM.apply(node.state);
      node.epoch++;
      node.attempt++;
      node.startedMillis = nowMillis;
      node.deadlineNanos = deadlineNanos;
      running.append(node);
      claims.add(node.claim());
    }
  }

  /// Records how a running job's claim ended. What needs memory comes first: where there is none,
  /// the job still runs, its lease ends, and it is taken back.
  void settle(JobNode node, Settlement settlement, long nowMillis) {
    JobState to = settlement.step().apply(node.state);
    remember(node, settlement);
    if (settlement instanceof RunAgain again) {
      putScheduled(node, again.atMillis());
    }
    running.remove(node);
    node.state = to;
    switch (settlement) {
      case RunAgain again -> {
        node.attempt -= again.refund() ? 1 : 0;
        if (again.parks()) {
          node.park();
        }
      }
      // It came to a worker too late to start, so nothing was attempted.
      case Bury bury -> node.attempt -= bury.isUnstarted() ? 1 : 0;
      case Release _ -> node.attempt--;
      case Crash _, Poison _ -> node.crashes++;
      case Complete _, Stop _ -> {}
    }
    if (to == READY) {
      ready(node.job.priority()).putBack(node);
    } else if (to.isTerminal()) {
      putEnded(node, nowMillis);
    }
  }

  private static void remember(JobNode node, Settlement settlement) {
    switch (settlement) {
      case RunAgain again -> node.remember(again.attempt());
      case Bury(DeathReason reason, var attempt) -> {
        node.remember(attempt);
        node.die(reason);
      }
      case Stop(var attempt) -> node.remember(attempt);
      case Crash(var attempt) -> node.remember(attempt);
      case Poison(var attempt) -> {
        node.remember(attempt);
        node.die(DeathReason.POISON);
      }
      case Complete _, Release _ -> {}
    }
  }

  void cancel(JobNode node, long nowMillis) {
    take(node);
    node.state = Lifecycle.CANCEL.apply(node.state);
    putEnded(node, nowMillis);
  }

  void retry(JobNode node) {
    take(node);
    node.state = Lifecycle.RETRY.apply(node.state);
    node.startOver();
    putAtEnd(node);
  }

  /// Cancels waiting jobs.
  ///
  /// @return how many; fewer than `max` when none waits any more
  int purge(int max, long nowMillis) {
    int cancelled = 0;
    for (JobNode node = anyWaiting(); node != null && cancelled < max; node = anyWaiting()) {
      cancel(node, nowMillis);
      cancelled++;
    }
    return cancelled;
  }

  private @Nullable JobNode anyWaiting() {
    if (high.head != null) {
      return high.head;
    }
    if (normal.head != null) {
      return normal.head;
    }
    if (low.head != null) {
      return low.head;
    }
    return scheduled.isEmpty() ? null : scheduled.first();
  }

  private void putAtEnd(JobNode node) {
    Line line = ready(node.job.priority());
    node.position = ++line.newestPosition;
    line.append(node);
  }

  private void putScheduled(JobNode node, long dueMillis) {
    node.stateMillis = dueMillis;
    scheduled.add(node);
    scheduledBytes += node.job.bytes();
  }

  private void putEnded(JobNode node, long nowMillis) {
    node.stateMillis = nowMillis;
    node.position = ++newestEnd;
    node.forgetRequestToCancel();
    line(node).append(node);
  }

  /// Takes a job from the place where its state says it is.
  private void take(JobNode node) {
    if (node.state == SCHEDULED) {
      scheduled.remove(node);
      scheduledBytes -= node.job.bytes();
    } else {
      line(node).remove(node);
    }
  }

  private Line line(JobNode node) {
    return node.state == READY ? ready(node.job.priority()) : line(node.state);
  }

  /// The line of all jobs of a state that has only one.
  Line line(JobState state) {
    return switch (state) {
      case RUNNING -> running;
      case SUCCEEDED -> succeeded;
      case DEAD -> dead;
      case CANCELLED -> cancelled;
      case SCHEDULED, READY -> throw new IllegalArgumentException(state + " is not one line");
    };
  }

  /// The oldest ended job that is to go, if any.
  @Nullable JobNode notKept(Retention retention, long nowMillis) {
    JobNode oldest = succeeded.head;
    JobNode oldestCancelled = cancelled.head;
    if (oldest == null || (oldestCancelled != null && oldestCancelled.position < oldest.position)) {
      oldest = oldestCancelled;
    }
    long jobs = succeeded.size + cancelled.size;
    long bytes = succeeded.bytes + cancelled.bytes;
    if (oldest != null && !keeps(retention.succeeded(), jobs, bytes, oldest, nowMillis)) {
      return oldest;
    }
    JobNode corpse = dead.head;
    return corpse == null || keeps(retention.dead(), dead.size, dead.bytes, corpse, nowMillis)
        ? null
        : corpse;
  }

  // Zero bytes keep nothing, not even jobs without a payload.
  private static boolean keeps(Keep keep, long jobs, long bytes, JobNode oldest, long nowMillis) {
    return jobs <= keep.jobs()
        && bytes <= keep.bytes()
        && keep.bytes() > 0
        && keep.age().isPositive()
        && nowMillis - oldest.stateMillis < keep.age().toMillis();
  }

  /// Jobs that start before this one, by place in line; -1 when it does not wait in line.
  long ahead(JobNode node) {
    if (node.state != READY) {
      return -1;
    }
    Priority priority = node.job.priority();
    JobNode first = ready(priority).head;
    long inLine = first == null ? 0 : node.position - first.position;
    return switch (priority) {
      case HIGH -> inLine;
      case NORMAL -> inLine + high.size;
      case LOW -> inLine + high.size + normal.size;
    };
  }

  Counts counts() {
    return new Counts(
        scheduled.size(),
        low.size + normal.size + high.size,
        running.size,
        succeeded.size,
        dead.size,
        cancelled.size,
        waitingBytes(),
        oldestReadyMillis(),
        paused);
  }

  private long oldestReadyMillis() {
    long oldest = Long.MAX_VALUE;
    for (Line line : List.of(high, normal, low)) {
      if (line.head != null) {
        oldest = Math.min(oldest, line.head.job.createdAtMillis());
      }
    }
    return oldest == Long.MAX_VALUE ? 0 : oldest;
  }
}
