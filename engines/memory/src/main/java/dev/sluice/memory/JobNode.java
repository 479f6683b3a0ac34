package dev.sluice.memory;

import static dev.sluice.job.JobState.RUNNING;
import static dev.sluice.job.JobState.SCHEDULED;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Lease;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One kept job: where it is in its life, and its links to its neighbours in the one [Line] that
/// holds it. There may be millions, so what few jobs need sits in a side object.
///
/// Threading: confined to the lock of the engine.
final class JobNode {
  /// How many unsuccessful attempts are remembered.
  private static final int HISTORY = 20;

  final Job job;
  final MemoryQueue queue;
  JobState state;
  @Nullable JobNode previous;
  @Nullable JobNode next;

  /// Link of the [JobTable].
  @Nullable JobNode nextInTable;

  /// Place in its line; for an ended job the place in the order of ending.
  long position;

  long epoch;

  /// When a SCHEDULED job is due, when an ended job ended; otherwise of no meaning.
  long stateMillis;

  long startedMillis;
  long deadlineNanos;
  int attempt;
  int crashes;
  private @Nullable Rare rare;

  JobNode(Job job, MemoryQueue queue, JobState state) {
    this.job = job;
    this.queue = queue;
    this.state = state;
  }

  /// What most jobs never have.
  private static final class Rare {
    final List<AttemptRecord> attempts = new ArrayList<>(1);
    @Nullable DeathReason deathReason;
    boolean cancelRequested;
    int parked;
  }

  private Rare rare() {
    Rare known = rare;
    if (known == null) {
      known = new Rare();
      rare = known;
    }
    return known;
  }

  void remember(AttemptRecord attempt) {
    List<AttemptRecord> attempts = rare().attempts;
    if (attempts.size() == HISTORY) {
      attempts.removeFirst();
    }
    attempts.add(attempt);
  }

  void park() {
    rare().parked++;
  }

  void requestCancel() {
    rare().cancelRequested = true;
  }

  boolean cancelRequested() {
    return rare != null && rare.cancelRequested;
  }

  void die(DeathReason reason) {
    rare().deathReason = reason;
  }

  @Nullable DeathReason deathReason() {
    return rare == null ? null : rare.deathReason;
  }

  /// A request to cancel outlives the run it was made for, so that the next worker hears it, and
  /// ends with the job.
  void forgetRequestToCancel() {
    if (rare != null) {
      rare.cancelRequested = false;
    }
  }

  /// Back to the state of a new job, but for the epoch and the history.
  void startOver() {
    attempt = 0;
    crashes = 0;
    if (rare != null) {
      rare.deathReason = null;
    }
  }

  // By difference: the monotonic clock may start anywhere and wrap.
  boolean deadlinePassed(long nowNanos) {
    return nowNanos - deadlineNanos >= 0;
  }

  Claim claim() {
    int parked = rare == null ? 0 : rare.parked;
    return new Claim(job, new Lease(job.id(), epoch), attempt, crashes, parked, startedMillis);
  }

  JobView view() {
    return new JobView(
        job,
        state,
        attempt,
        crashes,
        epoch,
        queue.ahead(this),
        state == SCHEDULED ? Instant.ofEpochMilli(stateMillis) : null,
        epoch > 0 ? Instant.ofEpochMilli(startedMillis) : null,
        state.isTerminal() ? Instant.ofEpochMilli(stateMillis) : null,
        deathReason(),
        state == RUNNING && cancelRequested(),
        rare == null ? List.of() : rare.attempts);
  }
}
