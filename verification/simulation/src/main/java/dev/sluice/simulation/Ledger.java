package dev.sluice.simulation;

import dev.sluice.contract.EngineLayer;
import dev.sluice.contract.FullEngine;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Lifecycle.Actor;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The witness between core and engine: sees every call and answer, keeps its own book of every
/// job, and throws a [Violation] at the first answer that breaks an invariant.
///
/// Threading: confined to the simulating thread.
final class Ledger extends EngineLayer<FullEngine> {
  private final World world;
  private final DurableModel truth;
  private final Map<JobId, Tracked> book = new TreeMap<>();

  /// Ended and let go of by somebody: whoever settles them comes too late.
  private final Set<JobId> deleted = new HashSet<>();

  private int entered;
  private final Map<String, Limits> limits = new HashMap<>();
  private final Set<String> paused = new HashSet<>();
  private final Map<Integer, StartWindow> starts = new HashMap<>();
  private long trace = 17;
  private @Nullable Violation first;

  /// Which process calls at the moment.
  int acting;

  /// What a queue allows each process at the moment.
  ///
  /// @param permitsPerSecond 0 for no rate
  record Limits(
      int concurrency, int maxAttempts, int maxCrashes, long permitsPerSecond, long burst) {}

  Ledger(FullEngine inner, DurableModel truth, World world) {
    super(inner);
    this.truth = truth;
    this.world = world;
  }

  void allow(String queue, Limits now) {
    limits.put(queue, now);
  }

  private void require(boolean holds, String invariant, String what) {
    if (!holds) {
      throw broken(invariant, what);
    }
  }

  /// Remembers the first violation: the product may survive it, as it survives every failure.
  private Violation broken(String invariant, String what) {
    Violation violation = new Violation(invariant, what);
    if (first == null) {
      first = violation;
    }
    return violation;
  }

  /// Throws the first violation, if there was one.
  void mustHold() {
    if (first != null) {
      throw first;
    }
  }

  /// A digest of everything that was answered so far.
  long trace() {
    return trace;
  }

  private void note(Object... facts) {
    trace = trace * 31 + Arrays.deepHashCode(facts);
  }

  List<Tracked> jobs() {
    return List.copyOf(book.values());
  }

  boolean knows(JobId id) {
    return book.containsKey(id);
  }

  /// A process died: nobody holds its leases any more.
  ///
  /// @param alone whether it was the only one, so that its leases are void from now on
  void processDied(int process, boolean alone) {
    starts.remove(process);
    for (Tracked tracked : book.values()) {
      if (tracked.state == JobState.RUNNING && tracked.holder == process) {
        tracked.orphan = true;
        tracked.validUntilNanos = alone ? world.monotonicNanos() : tracked.validUntilNanos;
      }
    }
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    List<Admission> answers;
    try {
      answers = inner.offer(offers);
    } catch (EngineUnavailableException doubt) {
      for (Offer offer : offers) {
        truth.find(offer.job().id()).ifPresent(view -> enter(offer.job(), view.state()));
      }
      throw doubt;
    }
    for (int i = 0; i < offers.size(); i++) {
      admitted(offers.get(i), answers.get(i));
    }
    return answers;
  }

  private void admitted(Offer offer, Admission answer) {
    Job job = offer.job();
    note("offer", job.id().low(), answer.getClass().getSimpleName());
    switch (answer) {
      case Admission.Accepted(var id) -> {
        require(id.equals(job.id()), "I3", "accepted under another id");
        require(!knows(id), "I3", "accepted the id " + id + " twice");
        require(byKey(job).isEmpty(), "I3", "accepted the key " + job.options().key() + " twice");
        require(waiting(job.queue()) < offer.bound().jobs(), "I4", "accepted beyond capacity.jobs");
        require(
            waitingBytes(job.queue()) + job.bytes() <= offer.bound().bytes(),
            "I4",
            "accepted beyond capacity.bytes");
        enter(
            job,
            job.options().runAtMillis() > world.wallMillis() ? JobState.SCHEDULED : JobState.READY);
      }
      case Admission.Duplicate(var id) ->
          require(
              byKey(job).map(first -> first.job.id().equals(id)).orElse(false),
              "I3",
              "a duplicate of " + id + ", which is no job of that key");
      case Admission.Refused _ ->
          require(
              waiting(job.queue()) >= offer.bound().jobs()
                  || waitingBytes(job.queue()) + job.bytes() > offer.bound().bytes(),
              "I4",
              "refused although there was room");
    }
  }

  private void enter(Job job, JobState state) {
    if (book.putIfAbsent(job.id(), new Tracked(job, state, entered)) == null) {
      entered++;
    }
  }

  private Optional<Tracked> byKey(Job job) {
    String key = job.options().key();
    return book.values().stream()
        .filter(known -> key != null && key.equals(known.job.options().key()))
        .filter(known -> known.job.queue().equals(job.queue()))
        .findFirst();
  }

  private long waiting(String queue) {
    return book.values().stream().filter(job -> waits(job, queue)).count();
  }

  private long waitingBytes(String queue) {
    return book.values().stream()
        .filter(job -> waits(job, queue))
        .mapToLong(tracked -> tracked.job.bytes())
        .sum();
  }

  private static boolean waits(Tracked tracked, String queue) {
    return tracked.state.isWaiting() && tracked.job.queue().equals(queue);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    Claimed claimed;
    try {
      claimed = inner.claim(requests);
    } catch (EngineUnavailableException doubt) {
      relearn();
      throw doubt;
    }
    Map<String, Duration> leases = new HashMap<>();
    requests.forEach(request -> leases.put(request.queue(), request.lease()));
    for (Claim claim : claimed.claims()) {
      Duration lease = leases.get(claim.job().queue());
      require(lease != null, "I3", "a job of a queue that was not asked for");
      claimed(claim, lease == null ? Duration.ZERO : lease);
    }
    return claimed;
  }

  private void claimed(Claim claim, Duration lease) {
    JobId id = claim.job().id();
    note("claim", id.low(), claim.lease().epoch(), claim.attempt());
    Tracked tracked = book.get(id);
    if (tracked == null) {
      throw broken("I3", "claimed a job that was never accepted");
    }
    require(!tracked.state.isTerminal(), "I7", "claimed a job that had ended: " + id);
    require(tracked.state.isWaiting(), "I2", "claimed a held job: " + id);
    require(claim.lease().epoch() > tracked.epoch, "I2", "the epoch did not go up: " + id);
    require(
        Arrays.equals(claim.job().payload(), tracked.job.payload()), "I3", "the payload changed");
    require(tracked.runAtMillis <= world.highestWallMillis(), "I3", "started before its time");
    require(claim.attempt() == tracked.attempt + 1, "I6", "the attempt was not counted: " + id);
    require(claim.crashes() == tracked.crashes, "I6", "a crash was not counted");
    String queue = claim.job().queue();
    require(!paused.contains(queue), "I8", "started although paused");
    inOrder(tracked);
    tracked.state = JobState.RUNNING;
    tracked.epoch = claim.lease().epoch();
    tracked.attempt = claim.attempt();
    tracked.fresh = false;
    tracked.orphan = false;
    tracked.holder = acting;
    tracked.validUntilNanos = world.monotonicNanos() + lease.toNanos();
    withinLimits(queue, claim);
  }

  /// FIFO: no older job of the same priority, as fresh as this one, is left behind.
  private void inOrder(Tracked next) {
    if (next.fresh) {
      for (Tracked other : book.values()) {
        boolean ahead =
            other.fresh
                && other.state == JobState.READY
                && other.job.queue().equals(next.job.queue())
                && other.job.priority() == next.job.priority()
                && other.place < next.place;
        require(!ahead, "I8", "started out of order");
      }
    }
  }

  private void withinLimits(String queue, Claim claim) {
    Limits now = limits.getOrDefault(queue, new Limits(1, 1, 1, 0, 1));
    long running =
        book.values().stream()
            .filter(job -> job.state == JobState.RUNNING && !job.orphan)
            .filter(job -> job.holder == acting)
            .filter(job -> job.job.queue().equals(queue))
            .count();
    require(running <= now.concurrency(), "I8", running + " run at once");
    require(
        claim.attempt() <= now.maxAttempts() + claim.crashes(),
        "I6",
        "attempt " + claim.attempt() + " started");
    if (now.permitsPerSecond() > 0) {
      StartWindow window = starts.computeIfAbsent(acting, _ -> new StartWindow());
      require(
          window.started(world.monotonicNanos(), now.permitsPerSecond(), now.burst()),
          "I8",
          "more starts than the rate allows");
    }
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    List<Extension> answers = inner.extend(leases, by);
    for (int i = 0; i < leases.size(); i++) {
      Lease lease = leases.get(i);
      note("extend", lease.id().low(), answers.get(i));
      Tracked tracked = book.get(lease.id());
      if (tracked != null && answers.get(i) != Extension.LEASE_LOST) {
        require(
            tracked.epoch == lease.epoch() && tracked.state == JobState.RUNNING,
            "I2",
            "extended a lease that was not valid");
        tracked.validUntilNanos = world.monotonicNanos() + by.toNanos();
      }
    }
    return answers;
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    List<Settled> answers;
    try {
      answers = inner.settle(settles);
    } catch (EngineUnavailableException doubt) {
      relearn();
      throw doubt;
    }
    for (int i = 0; i < settles.size(); i++) {
      settled(settles.get(i), answers.get(i));
    }
    return answers;
  }

  private void settled(Settle settle, Settled answer) {
    Lease lease = settle.lease();
    Settlement settlement = settle.settlement();
    note("settle", lease.id().low(), lease.epoch(), settlement.step(), answer);
    Tracked tracked = book.get(lease.id());
    if (deleted.contains(lease.id())) {
      require(answer == Settled.LEASE_LOST, "I2", "settled a job that was deleted");
      return;
    }
    if (tracked == null) {
      throw broken("I3", "settled a job that was never accepted");
    }
    boolean mine = tracked.epoch == lease.epoch();
    boolean reaper = settlement.step().actor() == Actor.REAPER;
    if (answer == Settled.LEASE_LOST) {
      require(
          !mine || tracked.state != JobState.RUNNING || reaper, "I1", "a valid lease was refused");
      return;
    }
    require(mine, "I2", "a stale lease was settled");
    if (tracked.state == settlement.step().to() && tracked.state.isTerminal()) {
      return;
    }
    require(tracked.state == JobState.RUNNING, "I7", "settled a job that did not run");
    require(
        !reaper || world.monotonicNanos() >= tracked.validUntilNanos,
        "I2",
        "a valid lease was taken back");
    apply(tracked, settlement);
  }

  private void apply(Tracked tracked, Settlement settlement) {
    tracked.state = settlement.step().apply(tracked.state);
    tracked.orphan = false;
    switch (settlement) {
      case Settlement.RunAgain(var at, var refund, _) -> {
        tracked.runAtMillis = at;
        tracked.attempt -= refund ? 1 : 0;
      }
      case Settlement.Release() -> tracked.attempt--;
      case Settlement.Crash _, Settlement.Poison _ -> tracked.crashes++;
      case Settlement.Bury(var reason, _) ->
          tracked.attempt -= reason == DeathReason.EXPIRED ? 1 : 0;
      case Settlement.Complete(), Settlement.Stop _ -> {}
    }
    Limits now = limits.getOrDefault(tracked.job.queue(), new Limits(1, 1, 1, 0, 1));
    require(tracked.crashes <= now.maxCrashes(), "I6", "crashed too often");
    ended(tracked);
  }

  private void ended(Tracked tracked) {
    if (tracked.state.isTerminal()) {
      tracked.ends++;
      require(tracked.ends == 1, "I1", "ended " + tracked.ends + " times");
    }
  }

  @Override
  public Control cancel(JobId id) {
    return cancelled(id, inner.cancel(id));
  }

  @Override
  public Control cancelWaiting(JobId id) {
    return cancelled(id, inner.cancelWaiting(id));
  }

  private Control cancelled(JobId id, Control answer) {
    note("cancel", id.low(), answer);
    Tracked tracked = book.get(id);
    if (answer == Control.APPLIED && tracked != null) {
      require(tracked.state.isWaiting(), "I7", "cancelled what did not wait");
      tracked.state = JobState.CANCELLED;
      ended(tracked);
    }
    return answer;
  }

  @Override
  public Control retry(JobId id, Bound bound) {
    Control answer = inner.retry(id, bound);
    note("retry", id.low(), answer);
    Tracked tracked = book.get(id);
    if (answer == Control.APPLIED && tracked != null) {
      require(tracked.state.isTerminal(), "I7", "retried what had not ended");
      require(waiting(tracked.job.queue()) < bound.jobs(), "I4", "retried beyond capacity.jobs");
      tracked.state = JobState.READY;
      tracked.attempt = 0;
      tracked.crashes = 0;
      tracked.ends = 0;
      tracked.runAtMillis = 0;
      tracked.fresh = false;
    }
    return answer;
  }

  @Override
  public Control runNow(JobId id) {
    Control answer = inner.runNow(id);
    note("run now", id.low(), answer);
    Tracked tracked = book.get(id);
    if (answer == Control.APPLIED && tracked != null) {
      require(tracked.state.isWaiting(), "I7", "told a job to run now that did not wait");
      boolean ready =
          truth.find(id).map(JobView::state).filter(state -> state == JobState.READY).isPresent();
      require(ready, "I7", "a job that shall run now is not ready");
      // One that was ready already has kept its place.
      tracked.fresh &= tracked.state == JobState.READY;
      tracked.state = JobState.READY;
      tracked.runAtMillis = 0;
    }
    return answer;
  }

  @Override
  public Control delete(JobId id) {
    Control answer = inner.delete(id);
    note("delete", id.low(), answer);
    Tracked tracked = book.get(id);
    if (answer == Control.APPLIED && tracked != null) {
      require(tracked.state.isTerminal(), "I7", "deleted a job that had not ended");
      book.remove(id);
      deleted.add(id);
    }
    return answer;
  }

  @Override
  public void pause(String queue, boolean pause) {
    inner.pause(queue, pause);
    note("pause", queue, pause);
    if (pause) {
      paused.add(queue);
    } else {
      paused.remove(queue);
    }
  }

  private void relearn() {
    long now = world.monotonicNanos();
    for (Tracked tracked : book.values()) {
      truth.find(tracked.job.id()).ifPresent(view -> tracked.learn(view, now));
    }
  }

  /// After everything has calmed down: nothing accepted is missing, everything has ended once, and
  /// the engine's counts are what the jobs add up to.
  ///
  /// @param mayWait which jobs may still wait: those that nobody has a handler for
  void allHasEnded(Predicate<Tracked> mayWait) {
    for (Tracked tracked : book.values()) {
      JobView view =
          truth.find(tracked.job.id()).orElseThrow(() -> broken("I1", "an accepted job is gone"));
      require(
          view.state().isTerminal() || mayWait.test(tracked),
          "I1",
          "job " + view.id() + " is still " + view.state());
      require(
          view.state() == tracked.state || (view.state().isWaiting() && tracked.state.isWaiting()),
          "I7",
          "job " + view.id() + " is " + view.state() + ", settled as " + tracked.state);
      require(
          Arrays.equals(view.job().payload(), tracked.job.payload()), "I3", "the payload changed");
    }
    for (String queue : truth.queues()) {
      Counts counts = truth.counts(queue);
      require(counts.waiting() == waiting(queue), "I4", "the count of waiting jobs is off");
      for (JobState state : JobState.values()) {
        long booked =
            book.values().stream()
                .filter(job -> job.state == state && job.job.queue().equals(queue))
                .count();
        require(
            state.isWaiting() || counts.of(state) == booked,
            "I4",
            "the count of " + state + " is off");
      }
    }
  }
}
