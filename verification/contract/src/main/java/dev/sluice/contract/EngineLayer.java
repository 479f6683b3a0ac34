package dev.sluice.contract;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An engine around an engine: passes every call on, until a subclass says otherwise.
///
/// Threading: as its subclass and the inner engine.
public class EngineLayer<
        E extends Engine & Reclaiming & Retaining & Inspectable & Controllable & Remembering>
    implements FullEngine {
  protected final E inner;

  protected EngineLayer(E inner) {
    this.inner = inner;
  }

  @Override
  public Limits limits() {
    return inner.limits();
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    return inner.offer(offers);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    return inner.claim(requests);
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
  public void onWork(Runnable hint) {
    inner.onWork(hint);
  }

  @Override
  public Optional<String> trouble() {
    return inner.trouble();
  }

  @Override
  public List<Claim> expired(int max) {
    return inner.expired(max);
  }

  @Override
  public int prune(String queue, Retention retention, int max) {
    return inner.prune(queue, retention, max);
  }

  @Override
  public Optional<JobView> find(JobId id) {
    return inner.find(id);
  }

  @Override
  public Optional<JobView> findByKey(String queue, String key) {
    return inner.findByKey(queue, key);
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
  public Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    return inner.list(queue, state, limit, cursor);
  }

  @Override
  public Control cancel(JobId id) {
    return inner.cancel(id);
  }

  @Override
  public Control cancelWaiting(JobId id) {
    return inner.cancelWaiting(id);
  }

  @Override
  public Control retry(JobId id, Bound bound) {
    return inner.retry(id, bound);
  }

  @Override
  public Control runNow(JobId id) {
    return inner.runNow(id);
  }

  @Override
  public Control delete(JobId id) {
    return inner.delete(id);
  }

  @Override
  public int purge(String queue, int max) {
    return inner.purge(queue, max);
  }

  @Override
  public void pause(String queue, boolean paused) {
    inner.pause(queue, paused);
  }

  @Override
  public Map<String, String> remembered() {
    return inner.remembered();
  }

  @Override
  public void remember(String name, @Nullable String text) {
    inner.remember(name, text);
  }

  @Override
  public void close() {
    inner.close();
  }
}
