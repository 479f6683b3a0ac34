package dev.sluice.rabbitmq;

import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A job together with what one message says of its life so far.
///
/// Threading: immutable.
///
/// @param job the job
/// @param attempt attempts started before this message
/// @param crashes runs whose worker died before this message
/// @param epoch the newest fencing token before this message
/// @param parked how often it was sent back unstarted
/// @param last the newest attempt that did not succeed
/// @param death how it died; null while it lives
record Envelope(
    Job job,
    int attempt,
    int crashes,
    long epoch,
    int parked,
    @Nullable AttemptRecord last,
    @Nullable Death death) {
  Envelope {
    Objects.requireNonNull(job, "job: must not be null");
  }

  /// A job that was never claimed.
  static Envelope of(Job job) {
    return new Envelope(job, 0, 0, 0, 0, null, null);
  }

  /// As it stands after the broker delivered it in vain so many times: each was a claim that ended
  /// with its worker, as far as anybody can tell.
  Envelope redelivered(int times) {
    return times == 0
        ? this
        : new Envelope(job, attempt + times, crashes + times, epoch + times, parked, last, death);
  }

  /// As it stands under a lease of that epoch.
  Envelope claimed(long newEpoch) {
    return new Envelope(job, attempt + 1, crashes, newEpoch, parked, last, death);
  }

  Envelope after(int attempts, boolean parks, @Nullable AttemptRecord newest) {
    AttemptRecord kept = newest == null ? last : newest;
    return new Envelope(job, attempts, crashes, epoch, parked + (parks ? 1 : 0), kept, death);
  }

  Envelope crashed() {
    return new Envelope(job, attempt, crashes + 1, epoch, parked, last, death);
  }

  Envelope dead(Death how) {
    return new Envelope(job, attempt, crashes, epoch, parked, last, how);
  }

  /// As an operator sends it back: everything at 0 but the epoch.
  Envelope revived() {
    return new Envelope(job, 0, 0, epoch, 0, null, null);
  }

  /// How a job died.
  ///
  /// @param reason why
  /// @param atMillis when, Unix milliseconds
  record Death(DeathReason reason, long atMillis) {
    Death {
      Objects.requireNonNull(reason, "reason: must not be null");
    }
  }
}
