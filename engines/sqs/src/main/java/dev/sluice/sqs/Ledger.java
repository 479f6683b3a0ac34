package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settlement;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What this process holds, and what it remembers of the newest jobs and messages it is done with.
///
/// SQS gives a message to two receivers now and then, shows one again that was deleted, and a call
/// whose answer was lost leaves a job in two messages. Within one process the ledger catches that:
/// of two messages of one job the one with the higher epoch is the newer, and the other is deleted;
/// the same message again brings a newer receipt and nothing else. Between processes nothing can.
///
/// Threading: thread-safe; one lock, held for memory work only.
final class Ledger {
  /// How many of each kind are remembered.
  private static final int REMEMBERED = 20_000;

  /// What comes again this close to the end of its lease did so because the lease ended there: SQS
  /// counts from when it sent the message, and the process from when it came.
  private static final long NEAR_NANOS = 500_000_000;

  /// What to do with a message that was received.
  enum Verdict {
    /// A job that is not here yet.
    NEW,
    /// The message that is here already; its receipt was renewed.
    SAME,
    /// A copy that another one has replaced, or of a job that has ended: to be deleted.
    STALE
  }

  private record Ended(JobState state, @Nullable DeathReason death, long epoch) {}

  /// @param epoch up to which messages of a job are stale
  /// @param over whether the job was completed or cancelled here
  private record Past(long epoch, boolean over) {
    Past with(Past other) {
      return new Past(Math.max(epoch, other.epoch), over || other.over);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<JobId, Received> here = new HashMap<>();
  private final Map<Lease, Received> leases = new HashMap<>();
  private final Map<Lease, Ended> settled = new Recent<>(REMEMBERED);

  /// Up to which epoch messages of a job are stale: it has ended, or a newer one was sent.
  private final Map<JobId, Past> past = new Recent<>(REMEMBERED);

  private final Map<String, Boolean> gone = new Recent<>(REMEMBERED);
  private final Map<String, Received.Returns> returned = new Recent<>(REMEMBERED);
  private final Map<String, JobId> sent = new Recent<>(REMEMBERED);
  private final Map<Lease, Boolean> unheard = new Recent<>(REMEMBERED);

  /// Looks at a message that was received, and takes it in when it is new.
  ///
  /// @param lost is given the lease that this message shows to be over
  Verdict meet(Received message, List<Lease> lost) {
    JobId id = message.envelope.job().id();
    lock.lock();
    try {
      if (gone.containsKey(message.messageId)) {
        return Verdict.STALE;
      }
      Past old = past.get(id);
      if (old != null && message.envelope.epoch() <= old.epoch) {
        return Verdict.STALE;
      }
      Received other = here.get(id);
      if (other != null && other.messageId.equals(message.messageId)) {
        if (other.returning) {
          // Faster than the answer to the call that showed it again.
          lose(other, new ArrayList<>());
        } else if (other.deadlineNanos - message.receivedNanos > NEAR_NANOS) {
          other.echoes = Math.max(other.echoes, message.receives - other.receives);
          other.receipt = message.receipt;
          other.deadlineNanos = message.deadlineNanos;
          return Verdict.SAME;
        } else {
          lose(other, lost);
        }
      } else if (other != null) {
        if (message.envelope.epoch() <= other.envelope.epoch()) {
          return Verdict.STALE;
        }
        // The successor of the one here: its settling is under way, or was somebody else's.
      }
      here.put(id, message);
      return Verdict.NEW;
    } finally {
      lock.unlock();
    }
  }

  private void lose(Received message, List<Lease> lost) {
    if (message.claim != null) {
      leases.remove(message.claim.lease(), message);
      lost.add(message.claim.lease());
    }
    here.remove(message.envelope.job().id(), message);
  }

  /// Makes a claim of a message from the buffer.
  ///
  /// @return null when its time is over
  @Nullable Claim claim(Received message, long nowNanos, long nowMillis) {
    lock.lock();
    try {
      if (nowNanos - message.deadlineNanos >= 0
          || here.get(message.envelope.job().id()) != message) {
        here.remove(message.envelope.job().id(), message);
        return null;
      }
      Lease lease = new Lease(message.envelope.job().id(), message.epoch());
      Claim claim =
          new Claim(
              message.envelope.job(),
              lease,
              message.attempt(),
              message.crashes(),
              message.parked(),
              nowMillis);
      message.claim = claim;
      leases.put(lease, message);
      return claim;
    } finally {
      lock.unlock();
    }
  }

  /// The message under a lease that is valid; null when there is none.
  @Nullable Received held(Lease lease, long nowNanos) {
    lock.lock();
    try {
      Received message = leases.get(lease);
      return message == null || nowNanos - message.deadlineNanos >= 0 ? null : message;
    } finally {
      lock.unlock();
    }
  }

  /// A lease goes on until `deadlineNanos`.
  void extended(Received message, long deadlineNanos) {
    lock.lock();
    try {
      message.deadlineNanos = deadlineNanos;
    } finally {
      lock.unlock();
    }
  }

  /// A lease turned out to be over.
  void lost(Received message) {
    lock.lock();
    try {
      lose(message, new ArrayList<>());
    } finally {
      lock.unlock();
    }
  }

  /// The next copy of the job is safe.
  void replaced(Received message) {
    lock.lock();
    try {
      message.replaced = true;
      gone.put(message.messageId, true);
      // A copy of this message has the same epoch; the next message begins with that of the claim.
      past.merge(message.envelope.job().id(), new Past(message.epoch() - 1, false), Past::with);
    } finally {
      lock.unlock();
    }
  }

  /// A message is done with, and so is its lease, if it had one.
  void done(Received message, @Nullable Settlement settlement) {
    lock.lock();
    try {
      gone.put(message.messageId, true);
      returned.remove(message.messageId);
      lose(message, new ArrayList<>());
      if (settlement != null && message.claim != null && settlement.step().to().isTerminal()) {
        long epoch = message.claim.lease().epoch();
        DeathReason death = settlement instanceof Settlement.Bury bury ? bury.reason() : null;
        settled.put(message.claim.lease(), new Ended(settlement.step().to(), death, epoch));
        // The copy among the dead has the epoch of the lease. Whoever moves it back to the line
        // gives the job a new life, so it must not be taken for an old copy.
        past.put(
            message.envelope.job().id(),
            death == null ? new Past(epoch, true) : new Past(epoch - 1, false));
      }
    } finally {
      lock.unlock();
    }
  }

  /// A message of a FIFO queue is about to go back to its place; known before anybody can see it
  /// there.
  void returning(Received message, boolean refund, boolean park, long dueMillis) {
    lock.lock();
    try {
      message.returning = true;
      returned.put(message.messageId, before(message).plus(refund, park, dueMillis));
    } finally {
      lock.unlock();
    }
  }

  /// It did not go back, as far as one can tell.
  void stayed(Received message) {
    lock.lock();
    try {
      if (here.get(message.envelope.job().id()) == message) {
        message.returning = false;
        returned.put(message.messageId, before(message));
      }
    } finally {
      lock.unlock();
    }
  }

  private static Received.Returns before(Received message) {
    return new Received.Returns(
        message.returns + message.echoes, message.refunds + message.echoes, message.parks, 0);
  }

  /// A message of a FIFO queue went back to its place.
  void returned(Received message) {
    lock.lock();
    try {
      lose(message, new ArrayList<>());
    } finally {
      lock.unlock();
    }
  }

  /// A message that waits in a buffer is nobody's any more.
  void dropped(Received message) {
    lock.lock();
    try {
      here.remove(message.envelope.job().id(), message);
    } finally {
      lock.unlock();
    }
  }

  Received.Returns returns(String messageId) {
    lock.lock();
    try {
      return returned.getOrDefault(messageId, Received.Returns.NONE);
    } finally {
      lock.unlock();
    }
  }

  /// Whether this settlement ended the job under this very lease.
  boolean isRepeated(Lease lease, Settlement settlement) {
    lock.lock();
    try {
      Ended end = settled.get(lease);
      return end != null && settlement.isRepeated(end.state, end.death);
    } finally {
      lock.unlock();
    }
  }

  /// A settlement went well, and a neighbour's failure was all that its holder heard.
  void unheard(Lease lease) {
    lock.lock();
    try {
      unheard.put(lease, true);
    } finally {
      lock.unlock();
    }
  }

  /// Whether a settlement of this lease went well, and nobody was told.
  boolean wasUnheard(Lease lease) {
    lock.lock();
    try {
      return unheard.remove(lease) != null;
    } finally {
      lock.unlock();
    }
  }

  /// Whether the job was completed or cancelled here, so that nothing is lost with a copy of it.
  boolean isOver(JobId id) {
    lock.lock();
    try {
      Past old = past.get(id);
      return old != null && old.over;
    } finally {
      lock.unlock();
    }
  }

  /// The job lives again, or comes back from elsewhere.
  void revived(JobId id) {
    lock.lock();
    try {
      past.remove(id);
    } finally {
      lock.unlock();
    }
  }

  /// Remembers under which message a job was sent to a FIFO queue.
  ///
  /// @return the job that was the first under this message: `id`, or another of the same key
  JobId firstOf(String messageId, JobId id) {
    lock.lock();
    try {
      JobId first = sent.putIfAbsent(messageId, id);
      return first == null ? id : first;
    } finally {
      lock.unlock();
    }
  }

  /// All that runs here.
  List<Received> running() {
    lock.lock();
    try {
      return List.copyOf(leases.values());
    } finally {
      lock.unlock();
    }
  }

  /// Forgets leases that are over, and says which.
  List<Lease> expired(long nowNanos) {
    lock.lock();
    try {
      List<Received> over =
          leases.values().stream()
              .filter(message -> nowNanos - message.deadlineNanos >= 0)
              .toList();
      List<Lease> lost = new ArrayList<>();
      over.forEach(message -> lose(message, lost));
      return lost;
    } finally {
      lock.unlock();
    }
  }
}
