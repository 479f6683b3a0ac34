package dev.sluice.rabbitmq;

import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The claims that this process holds, and a memory of the newest that it ended.
///
/// Threading: thread-safe. One lock, held for memory work only.
final class Leases {
  private static final int REMEMBERED = 10_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<JobId, Held> held = new HashMap<>();
  private final Map<String, Set<Held>> byQueue = new HashMap<>();
  private final Map<JobId, End> ends = new Newest<>();
  private final Map<Lease, Boolean> unheard = new Newest<>();

  /// A claim that is held.
  ///
  /// Threading: confined to the lock of the leases, but for what is final.
  static final class Held {
    final Lease lease;
    final Delivery delivery;

    /// The job as it stands under this claim.
    final Envelope envelope;

    private long deadlineNanos;
    private boolean settling;

    private Held(Lease lease, Delivery delivery, long deadlineNanos) {
      this.lease = lease;
      this.delivery = delivery;
      this.deadlineNanos = deadlineNanos;
      envelope = delivery.envelope().claimed(lease.epoch());
    }
  }

  /// How a claim ended here.
  ///
  /// @param epoch of its lease
  /// @param state terminal, or null when the job went back to wait
  private record End(long epoch, @Nullable JobState state, @Nullable DeathReason reason) {}

  /// Forgets its oldest entries.
  ///
  /// Threading: as the leases.
  private static final class Newest<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > REMEMBERED;
    }
  }

  /// Holds a delivery.
  ///
  /// @return null when another message of the same job is held: this one has to wait for its end
  @Nullable Held hold(Delivery delivery, long deadlineNanos) {
    JobId id = delivery.envelope().job().id();
    lock.lock();
    try {
      if (held.containsKey(id)) {
        return null;
      }
      // Two messages of one job may have counted the same; here their leases must differ.
      End before = ends.get(id);
      long epoch = delivery.envelope().epoch() + 1;
      if (before != null) {
        epoch = Math.max(epoch, before.epoch() + 1);
      }
      Held claim = new Held(new Lease(id, epoch), delivery, deadlineNanos);
      held.put(id, claim);
      byQueue.computeIfAbsent(delivery.envelope().job().queue(), _ -> new HashSet<>()).add(claim);
      return claim;
    } finally {
      lock.unlock();
    }
  }

  /// Whether a delivery is an older copy of a job that has ended here: what went on and what it
  /// became are both in the broker when the acknowledgement of one was lost. One that was sent back
  /// to live again has the epoch with which it died.
  boolean isOver(Delivery delivery) {
    lock.lock();
    try {
      End end = ends.get(delivery.envelope().job().id());
      return end != null && end.state() != null && delivery.envelope().epoch() < end.epoch();
    } finally {
      lock.unlock();
    }
  }

  /// Remembers that a claim was ended, and that its holder was told of a neighbour's failure only.
  void unheard(Lease lease) {
    lock.lock();
    try {
      unheard.put(lease, true);
    } finally {
      lock.unlock();
    }
  }

  /// Moves the deadline of a lease.
  Extension extend(Lease lease, long deadlineNanos) {
    lock.lock();
    try {
      Held claim = held.get(lease.id());
      if (claim == null || !claim.lease.equals(lease) || claim.delivery.session().isEnded()) {
        return Extension.LEASE_LOST;
      }
      claim.deadlineNanos = deadlineNanos;
      return Extension.EXTENDED;
    } finally {
      lock.unlock();
    }
  }

  /// Takes the right to settle a claim; [#end] or [#keep] must follow.
  ///
  /// @return null when the lease is not held, or somebody is settling it right now
  @Nullable Held beginSettling(Lease lease) {
    lock.lock();
    try {
      Held claim = held.get(lease.id());
      if (claim == null
          || !claim.lease.equals(lease)
          || claim.settling
          || claim.delivery.session().isEnded()) {
        return null;
      }
      claim.settling = true;
      return claim;
    } finally {
      lock.unlock();
    }
  }

  /// The answer for a lease that is not held: whether the same settlement ended it before.
  Settled answerAgain(Lease lease, Settlement settlement) {
    lock.lock();
    try {
      if (unheard.remove(lease) != null) {
        return Settled.APPLIED;
      }
      End end = ends.get(lease.id());
      return end != null
              && end.epoch() == lease.epoch()
              && end.state() != null
              && settlement.isRepeated(end.state(), end.reason())
          ? Settled.APPLIED
          : Settled.LEASE_LOST;
    } finally {
      lock.unlock();
    }
  }

  /// Ends a claim.
  ///
  /// @param settlement how; null when it was lost
  void end(Held claim, @Nullable Settlement settlement) {
    lock.lock();
    try {
      remove(claim);
      JobState to = settlement == null ? null : settlement.step().to();
      DeathReason reason = settlement instanceof Settlement.Bury bury ? bury.reason() : null;
      JobState kept = to != null && to.isTerminal() ? to : null;
      remember(claim.lease, new End(claim.lease.epoch(), kept, reason));
    } finally {
      lock.unlock();
    }
  }

  /// Keeps a claim whose settlement could not be recorded.
  void keep(Held claim) {
    lock.lock();
    try {
      claim.settling = false;
      if (claim.delivery.session().isEnded()) {
        remove(claim);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Drops all claims of a session that ended.
  ///
  /// @return their leases
  List<Lease> lose(Session session) {
    return lose(claim -> claim.delivery.session() == session);
  }

  private List<Lease> lose(Predicate<Held> which) {
    List<Lease> lost = new ArrayList<>();
    lock.lock();
    try {
      List<Held> claims = held.values().stream().filter(which).toList();
      for (Held claim : claims) {
        if (!claim.settling) {
          remove(claim);
        }
        lost.add(claim.lease);
      }
    } finally {
      lock.unlock();
    }
    return lost;
  }

  /// Takes the right to settle claims of a queue whose deadline has passed; [#end] or [#keep] must
  /// follow.
  List<Held> expired(String queue, long nowNanos) {
    lock.lock();
    try {
      List<Held> late =
          of(queue).stream()
              .filter(claim -> !claim.settling && claim.deadlineNanos - nowNanos < 0)
              .toList();
      late.forEach(claim -> claim.settling = true);
      return late;
    } finally {
      lock.unlock();
    }
  }

  /// Whether a claim of a queue is held that was delivered on this session.
  boolean holds(String queue, Session session) {
    lock.lock();
    try {
      return of(queue).stream().anyMatch(claim -> claim.delivery.session() == session);
    } finally {
      lock.unlock();
    }
  }

  /// How many claims of a queue are held.
  int count(String queue) {
    lock.lock();
    try {
      return of(queue).size();
    } finally {
      lock.unlock();
    }
  }

  private void remove(Held claim) {
    if (held.remove(claim.lease.id(), claim)) {
      of(claim.envelope.job().queue()).remove(claim);
    }
  }

  private Set<Held> of(String queue) {
    return byQueue.getOrDefault(queue, Set.of());
  }

  // In the order of remembering: what is remembered anew goes to the end.
  private void remember(Lease lease, End end) {
    ends.remove(lease.id());
    ends.put(lease.id(), end);
  }
}
