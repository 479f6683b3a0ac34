package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A job as it lies in one SQS message. A message never changes: what happened to the job goes into
/// the next copy of it, and what happened to this copy is the receive count that SQS keeps.
///
/// Threading: immutable.
///
/// @param job the job
/// @param dueMillis not to be claimed before this wall-clock time, Unix milliseconds; 0 for at once
/// @param attempt attempts before this copy
/// @param crashes crashes before this copy
/// @param epoch the newest epoch before this copy; it tells the older of two copies
/// @param parked how often the job was sent back unstarted
/// @param last the newest attempt that did not succeed
/// @param death why it is dead; null for a job that lives
/// @param diedMillis when it died, Unix milliseconds; 0 for a job that lives
record Envelope(
    Job job,
    long dueMillis,
    int attempt,
    int crashes,
    long epoch,
    int parked,
    @Nullable AttemptRecord last,
    @Nullable DeathReason death,
    long diedMillis) {

  /// A job that was just handed over.
  static Envelope fresh(Job job) {
    return new Envelope(job, job.options().runAtMillis(), 0, 0, 0, 0, null, null, 0);
  }

  /// The copy for a job that runs again.
  Envelope again(Claim claim, long atMillis, boolean refund, boolean parks, AttemptRecord record) {
    return new Envelope(
        job,
        atMillis,
        claim.attempt() - (refund ? 1 : 0),
        claim.crashes(),
        claim.lease().epoch(),
        parked + (parks ? 1 : 0),
        record,
        null,
        0);
  }

  /// The copy for a job whose worker gives it back.
  Envelope released(Claim claim) {
    return new Envelope(
        job, 0, claim.attempt() - 1, claim.crashes(), claim.lease().epoch(), parked, last, null, 0);
  }

  /// The copy for the dead-letter queue.
  Envelope buried(Claim claim, Settlement.Bury bury) {
    return new Envelope(
        job,
        0,
        claim.attempt() - (bury.isUnstarted() ? 1 : 0),
        claim.crashes(),
        claim.lease().epoch(),
        parked,
        bury.attempt(),
        bury.reason(),
        bury.attempt().endedAt().toEpochMilli());
  }

  /// The copy for a dead job that shall live again. Its epoch goes on, so that no process which saw
  /// the job die takes it for an old copy.
  Envelope redriven() {
    return new Envelope(job, 0, 0, 0, epoch + 1, 0, last, null, 0);
  }

  /// The same, with a newer epoch: nobody was given the job.
  Envelope moved(long newEpoch) {
    return moved(newEpoch, 0);
  }

  /// The same after its message was received so often on a standard queue, the last time by
  /// somebody who did not start it: each receive before that one ended without a word.
  Envelope unstarted(int receives) {
    return moved(epoch + receives, receives - 1);
  }

  private Envelope moved(long newEpoch, int crashed) {
    return new Envelope(
        job,
        dueMillis,
        attempt + crashed,
        crashes + crashed,
        newEpoch,
        parked,
        last,
        death,
        diedMillis);
  }

  /// A job that another engine kept.
  static Envelope restored(JobView view) {
    AttemptRecord last = view.lastFailure().orElse(null);
    boolean dead = view.state() == JobState.DEAD;
    Instant due = view.dueAt();
    Instant died = view.finishedAt();
    return new Envelope(
        view.job(),
        due == null || dead ? 0 : due.toEpochMilli(),
        view.attempt(),
        view.crashes(),
        view.epoch() + 1,
        0,
        last,
        dead ? Objects.requireNonNullElse(view.deathReason(), DeathReason.BURIED) : null,
        died == null || !dead ? 0 : died.toEpochMilli());
  }
}
