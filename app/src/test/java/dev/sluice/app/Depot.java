package dev.sluice.app;

import dev.sluice.engine.Bound;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What a broker does while jobs are moved: it counts about right, has jobs on their way where
/// nobody sees them, keeps messages that are no jobs, and cannot name or hold everything.
///
/// Threading: confined to the test.
final class Depot implements Engine, Countable, Redrivable, Exporting, Restoring {
  static final int LARGEST = 100;

  final List<JobView> jobs = new ArrayList<>();

  /// Jobs that are seen from the second look on.
  final List<JobView> onTheirWay = new ArrayList<>();

  int strangers;
  boolean taken;
  Limits.Keys keys = Limits.Keys.CARRIED;
  boolean forgetful;

  /// How many jobs of a call it takes before its connection is lost.
  int most = Integer.MAX_VALUE;

  @Override
  public Limits limits() {
    return new Limits(
        "depot",
        true,
        true,
        false,
        false,
        false,
        true,
        keys,
        1000,
        LARGEST,
        Duration.ofDays(1),
        Duration.ofHours(12));
  }

  @Override
  public void requireQueue(String name) {
    if (name.endsWith("-dead")) {
      throw new IllegalArgumentException("queue: '" + name + "' must not end with -dead");
    }
  }

  @Override
  public void requireHolds(Job job, long nowMillis) {
    if (job.payload().length > LARGEST) {
      throw new IllegalArgumentException("payload: must be at most " + LARGEST);
    }
  }

  @Override
  public Handout export(String queue, int max) {
    List<JobView> some = jobs.stream().limit(max).toList();
    if (some.isEmpty()) {
      jobs.addAll(onTheirWay);
      onTheirWay.clear();
    }
    return new Handout(some, strangers);
  }

  @Override
  public void exported(String queue, List<JobId> ids) {
    if (forgetful) {
      throw new EngineUnavailableException("they are still here: the connection was lost");
    }
    for (JobId id : ids) {
      // One of each, as with messages: whoever sends them to himself has the others.
      jobs.stream().filter(job -> job.id().equals(id)).findFirst().ifPresent(jobs::remove);
    }
  }

  @Override
  public boolean isThere(String queue) {
    return queue.equals("mail");
  }

  @Override
  public boolean isTaken(String queue) {
    return taken;
  }

  @Override
  public List<Admission> restore(List<JobView> some) {
    some.forEach(view -> requireHolds(view.job(), 0));
    List<JobView> kept = some.stream().limit(most).toList();
    jobs.addAll(kept);
    List<Admission> answers =
        kept.stream().<Admission>map(view -> new Admission.Accepted(view.id())).toList();
    if (kept.size() < some.size()) {
      EngineUnavailableException lost = new EngineUnavailableException("the connection was lost");
      List<Optional<Admission>> known = new ArrayList<>();
      answers.forEach(answer -> known.add(Optional.of(answer)));
      known.addAll(Collections.nCopies(some.size() - kept.size(), Optional.empty()));
      throw new PartlyTakenException("the connection was lost", lost, known);
    }
    return answers;
  }

  @Override
  public List<String> queues() {
    return List.of("mail");
  }

  /// Never knows of what is on its way.
  @Override
  public Counts counts(String queue) {
    return new Counts(0, jobs.size(), 0, 0, strangers, 0, 0, 0, false);
  }

  @Override
  public List<JobView> dead(String queue, int limit) {
    return jobs.stream().filter(view -> view.state() == JobState.DEAD).limit(limit).toList();
  }

  @Override
  public Map<JobId, Controllable.Control> redrive(String queue, Set<JobId> ids, Bound bound) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<JobId> forget(String queue, Set<JobId> ids) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void onWork(Runnable hint) {}

  @Override
  public void close() {}
}
