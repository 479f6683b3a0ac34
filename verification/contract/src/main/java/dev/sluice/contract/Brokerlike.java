package dev.sluice.contract;

import dev.sluice.engine.Bound;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

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
  private volatile Consumer<Lease> hint = _ -> {};

  public Brokerlike(E inner) {
    this.inner = inner;
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
    return inner.offer(offers);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    // Run out as soon as a clock moves, for only then can the memory engine take them back.
    Claimed claimed = inner.claim(requests.stream().map(Brokerlike::brief).toList());
    claimed.claims().forEach(claim -> claims.put(claim.job().id(), claim.lease()));
    return claimed;
  }

  private static ClaimRequest brief(ClaimRequest request) {
    return new ClaimRequest(
        request.queue(), request.max(), request.low(), request.normal(), Duration.ofNanos(1));
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    return inner.extend(leases, by);
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    return inner.settle(settles);
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
  public Controllable.Control redrive(String queue, JobId id, Bound bound) {
    return inner.find(id).filter(view -> view.job().queue().equals(queue)).isEmpty()
        ? Controllable.Control.NOT_FOUND
        : inner.retry(id, bound);
  }

  @Override
  public int forget(String queue, Set<JobId> ids) {
    return (int)
        ids.stream().filter(id -> inner.delete(id) == Controllable.Control.APPLIED).count();
  }

  @Override
  public void close() {
    inner.close();
  }
}
