package dev.sluice.app;

import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.memory.MemoryEngine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An engine that takes no job: its disk is full.
///
/// Threading: thread-safe.
record BrokenOffers(MemoryEngine engine) implements Engine, Inspectable {
  static final String SENTENCE = "no room is left on the disk";

  @Override
  public List<Admission> offer(List<Offer> offers) {
    throw new EngineUnavailableException(SENTENCE);
  }

  @Override
  public Limits limits() {
    return engine.limits();
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    return engine.claim(requests);
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    return engine.extend(leases, by);
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    return engine.settle(settles);
  }

  @Override
  public void onWork(Runnable hint) {
    engine.onWork(hint);
  }

  @Override
  public void close() {
    engine.close();
  }

  @Override
  public Optional<JobView> find(JobId id) {
    return engine.find(id);
  }

  @Override
  public Optional<JobView> findByKey(String queue, String key) {
    return engine.findByKey(queue, key);
  }

  @Override
  public List<String> queues() {
    return engine.queues();
  }

  @Override
  public Counts counts(String queue) {
    return engine.counts(queue);
  }

  @Override
  public Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    return engine.list(queue, state, limit, cursor);
  }
}
