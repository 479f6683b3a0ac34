package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import org.jspecify.annotations.Nullable;

/// A message that this process received and has not yet done with: it waits in a buffer, or runs.
///
/// Threading: fields that change are guarded by the lock of the [Ledger], but for `receipt` and
/// `deadlineNanos`, which are volatile and changed there, too.
final class Received {
  final SqsQueue queue;
  final Envelope envelope;
  final String messageId;

  /// How often SQS gave it out, this time included, as it says.
  final int receives;

  /// Receives before this one that are known to be no crashes; on FIFO queues only.
  final int returns;

  /// Of those, attempts that were given back.
  final int refunds;

  /// Of those, those that went unstarted.
  final int parks;

  /// When it came here, by the monotonic clock.
  final long receivedNanos;

  volatile String receipt;

  /// Until when SQS keeps it from others, by the monotonic clock.
  volatile long deadlineNanos;

  /// What the worker got; null while it waits in the buffer.
  @Nullable Claim claim;

  /// Whether its successor is sent already, so that only the deleting is left.
  boolean replaced;

  /// Whether a call that deletes it or shows it again may have been done.
  boolean doubtful;

  /// Whether a call that shows it again may have been done; on FIFO queues only.
  boolean returning;

  /// Receives since this one that brought what was here already, and so are no crashes.
  int echoes;

  Received(
      SqsQueue queue,
      Envelope envelope,
      String messageId,
      String receipt,
      int receives,
      Returns before,
      long receivedNanos,
      long deadlineNanos) {
    this.queue = queue;
    this.envelope = envelope;
    this.messageId = messageId;
    this.receipt = receipt;
    this.receives = receives;
    this.returns = before.count();
    this.refunds = before.refunds();
    this.parks = before.parks();
    this.receivedNanos = receivedNanos;
    this.deadlineNanos = deadlineNanos;
  }

  long epoch() {
    return envelope.epoch() + receives;
  }

  int attempt() {
    return envelope.attempt() + receives - refunds;
  }

  int crashes() {
    return envelope.crashes() + Math.max(0, receives - 1 - returns);
  }

  int parked() {
    return envelope.parked() + parks;
  }

  /// What this process knows of how a FIFO message came back, which its receive count does not say.
  ///
  /// @param count receives that ended with a word
  /// @param refunds of those, attempts that do not count
  /// @param parks of those, unstarted ones
  /// @param dueMillis not to be claimed before; 0 for none
  record Returns(int count, int refunds, int parks, long dueMillis) {
    static final Returns NONE = new Returns(0, 0, 0, 0);

    Returns plus(boolean refund, boolean park, long due) {
      return new Returns(count + 1, refunds + (refund ? 1 : 0), parks + (park ? 1 : 0), due);
    }
  }
}
