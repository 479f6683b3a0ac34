package dev.sluice.contract;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// An engine cut down to the roles of a broker, for tests of what is built on engines: it gives a
/// job whose lease is lost to the next worker by itself, and shows nothing but counts and dead
/// jobs.
///
/// Threading: thread-safe.
///
/// @param <E> keeps its jobs in this process, and holds a lease by a clock that tests can move
public final class Brokerlike<E extends Engine & Inspectable & Controllable>
    implements Engine, Countable, Redrivable {
  private final E inner;
  private final Map<JobId, Lease> claims = new ConcurrentHashMap<>();
  private final Set<JobId> extended = ConcurrentHashMap.newKeySet();
  private final Map<JobId, String> queueOf = new ConcurrentHashMap<>();
  private final Map<JobId, Integer> settled = new ConcurrentHashMap<>();

  /// What calls about a queue wait for, by its name.
  private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  /// How many calls about a queue wait, by its name.
  private final Map<String, Integer> held = new ConcurrentHashMap<>();

  private volatile @Nullable String broken;
  private volatile Consumer<Lease> hint = _ -> {};

  public Brokerlike(E inner) {
    this.inner = inner;
  }

  /// From now on whatever is wanted of that queue fails, and with it the whole call; until null.
  public void breakQueue(@Nullable String name) {
    broken = name;
  }

  /// From now on each call that extends or settles jobs of that queue stays without an answer, as
  /// where a broker has fallen silent, until [#letGo].
  public void hold(String name) {
    gates.putIfAbsent(name, new CountDownLatch(1));
  }

  /// Lets the calls go on that [#hold] has held, and those to come.
  public void letGo(String name) {
    CountDownLatch gate = gates.remove(name);
    if (gate != null) {
      gate.countDown();
    }
  }

  /// How many calls about that queue are held at this moment.
  public int held(String name) {
    return held.getOrDefault(name, 0);
  }

  /// How often the end of that job was recorded.
  public int settled(JobId id) {
    return settled.getOrDefault(id, 0);
  }

  private void passGates(Stream<String> queues) {
    queues.distinct().toList().forEach(this::passGate);
  }

  private void passGate(String name) {
    CountDownLatch gate = gates.get(name);
    if (gate == null) {
      return;
    }
    held.merge(name, 1, Integer::sum);
    boolean interrupted = false;
    while (gate.getCount() > 0) {
      try {
        gate.await();
      } catch (InterruptedException _) {
        // An interrupt cuts no verb short and stays set.
        interrupted = true;
      }
    }
    held.merge(name, -1, Integer::sum);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void requireWhole(Stream<String> queues) {
    String name = broken;
    if (name != null && queues.anyMatch(name::equals)) {
      throw new EngineUnavailableException("queue '" + name + "' is broken");
    }
  }

  /// Jobs whose leases have been extended.
  public Set<JobId> extended() {
    return extended;
  }

  private String queueOf(Lease lease) {
    return Objects.requireNonNull(queueOf.get(lease.id()));
  }

  /// What a broker does when the connection is gone.
  public void loseConnection() {
    claims.values().forEach(this::lose);
  }

  private void lose(Lease lease) {
    AttemptRecord lost =
        new AttemptRecord(1, AttemptOutcome.LOST, null, Instant.EPOCH, Instant.EPOCH);
    inner.settle(List.of(new Settle(lease, new Settlement.Crash(lost))));
    hint.accept(lease);
  }

  @Override
  public Limits limits() {
    return new Limits(
        "brokerlike",
        false,
        true,
        false,
        false,
        false,
        true,
        Limits.Keys.CARRIED,
        1000,
        1 << 20,
        Duration.ofDays(1),
        Duration.ofHours(12));
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    requireWhole(offers.stream().map(offer -> offer.job().queue()));
    return inner.offer(offers);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    // Run out as soon as a clock moves, for only then can the memory engine take them back.
    Claimed claimed = inner.claim(requests.stream().map(Brokerlike::brief).toList());
    for (Claim claim : claimed.claims()) {
      claims.put(claim.job().id(), claim.lease());
      queueOf.put(claim.job().id(), claim.job().queue());
    }
    return claimed;
  }

  private static ClaimRequest brief(ClaimRequest request) {
    return new ClaimRequest(
        request.queue(), request.max(), request.low(), request.normal(), Duration.ofNanos(1));
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    passGates(leases.stream().map(this::queueOf));
    requireWhole(leases.stream().map(this::queueOf));
    leases.forEach(lease -> extended.add(lease.id()));
    return inner.extend(leases, by);
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    passGates(settles.stream().map(settle -> queueOf(settle.lease())));
    requireWhole(settles.stream().map(settle -> queueOf(settle.lease())));
    List<Settled> answers = inner.settle(settles);
    settles.forEach(settle -> settled.merge(settle.lease().id(), 1, Integer::sum));
    return answers;
  }

  @Override
  public void onWork(Runnable work) {
    inner.onWork(work);
  }

  @Override
  public void onLost(Consumer<Lease> lost) {
    hint = lost;
  }

  @Override
  public List<String> queues() {
    return inner.queues();
  }

  @Override
  public Counts counts(String queue) {
    return inner.counts(queue);
  }

  @Override
  public List<JobView> dead(String queue, int limit) {
    return inner.list(queue, JobState.DEAD, limit, null).jobs();
  }

  @Override
  public Map<JobId, Controllable.Control> redrive(String queue, Set<JobId> ids, Bound bound) {
    return ids.stream()
        .filter(id -> inner.find(id).filter(view -> view.job().queue().equals(queue)).isPresent())
        .collect(Collectors.toMap(id -> id, id -> inner.retry(id, bound)));
  }

  @Override
  public Set<JobId> forget(String queue, Set<JobId> ids) {
    return ids.stream()
        .filter(id -> inner.delete(id) == Controllable.Control.APPLIED)
        .collect(Collectors.toSet());
  }

  @Override
  public void close() {
    inner.close();
  }
}
