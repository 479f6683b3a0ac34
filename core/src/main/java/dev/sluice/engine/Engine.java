package dev.sluice.engine;

import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// Where jobs live. An engine records what it is told, in atomic and (if it is durable) forced
/// steps; retry rules, rates, timeouts, metrics and handlers are none of its business.
///
/// Verbs take and return lists, so that a batch costs one commit. Answers stand in the order of the
/// questions. What not every engine can do is a role: [Reclaiming], [Retaining], [Countable],
/// [Inspectable], [Controllable], [Remembering], [Redrivable], [Exporting], [Restoring].
///
/// Threading: thread-safe. A verb may block for I/O. Interrupting the caller never harms the
/// engine; the verb finishes and the flag stays set.
///
/// Every verb throws [EngineUnavailableException] when it could not be done, or when nobody knows
/// whether it was; calling it again is safe, because offers are recognised by id and settlements by
/// epoch. On brokers it is not: an offer that they had taken already is there twice, and a job
/// whose settlement was lost runs again.
public interface Engine extends AutoCloseable {

  /// What this engine can hold and promise.
  Limits limits();

  /// Checks that the engine can have a queue of that name; asked when the queue is defined.
  ///
  /// @param name of the form of [dev.sluice.job.Names]
  /// @throws IllegalArgumentException when it cannot, with the rule
  default void requireQueue(String name) {
    Objects.requireNonNull(name, "queue: must not be null");
  }

  /// Checks that the engine can hold a job in the form in which it keeps it; asked of each job
  /// before it is offered together with others, so that one that does not fit spoils no batch.
  ///
  /// @throws IllegalArgumentException when it cannot, with field, value and rule
  default void requireHolds(Job job, long nowMillis) {
    limits().requireHolds(job, nowMillis);
  }

  /// Takes jobs, or says why not, deciding the bound in the same atomic step as the storing. A
  /// [Admission.Refused] from here carries no time: the engine does not know the drain rate.
  ///
  /// @param offers at most [Limits#batch] jobs; on a broker, of one queue
  /// @throws PartlyTakenException when some were answered, and of the others nobody knows
  List<Admission> offer(List<Offer> offers);

  /// Takes jobs that may run now, in order of priority and arrival. Jobs whose time has come are
  /// moved to the end of their line first. Epoch and attempt of each claim are recorded before this
  /// returns.
  ///
  /// @param requests at most one for each queue
  Claimed claim(List<ClaimRequest> requests);

  /// Moves the deadline of leases to `by` from now.
  List<Extension> extend(List<Lease> leases, Duration by);

  /// Records how claims ended. A lease that is no longer valid changes nothing and is answered with
  /// [Settled#LEASE_LOST]. A holder that repeats the settlement that ended the job is answered
  /// [Settled#APPLIED] again; a repeated one that sent it back to wait finds the lease lost, and
  /// the job where it was sent, and so does a reaper that comes second: see
  /// [Settlement#isRepeated].
  ///
  /// @param settles at most [Limits#batch]; on a broker, of one queue
  List<Settled> settle(List<Settle> settles);

  /// Registers what to call when there may be work: a hint, cheap to call, and never relied on, for
  /// the dispatcher looks by itself as well. At most one hint is kept, the newest.
  void onWork(Runnable hint);

  /// Registers whom to tell of a lease as soon as it is known to be lost, as with the connection
  /// that held it, so that its worker need not wait for the next extension to hear of it. A hint,
  /// and never relied on. At most one is kept, the newest.
  default void onLost(Consumer<Lease> hint) {
    Objects.requireNonNull(hint, "hint: must not be null");
  }

  /// Why the engine cannot serve right now, in words; empty when it can.
  default Optional<String> trouble() {
    return Optional.empty();
  }

  /// Releases everything. Idempotent. Jobs stay as they are.
  @Override
  void close();
}
