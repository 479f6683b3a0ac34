package dev.sluice.contract;

import static dev.sluice.job.JobState.CANCELLED;
import static dev.sluice.job.JobState.DEAD;
import static dev.sluice.job.JobState.READY;
import static dev.sluice.job.JobState.RUNNING;
import static dev.sluice.job.JobState.SCHEDULED;
import static dev.sluice.job.JobState.SUCCEEDED;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The specification by brute force: one list of jobs, looked through from end to end for every
/// question. Too slow to use and too plain to be wrong.
///
/// Threading: thread-safe, by one monitor for everything.
public class ReferenceEngine
    implements Engine, Reclaiming, Retaining, Inspectable, Controllable, Remembering {
  // Smaller limits than any engine for use: at this speed, more would only make tests slow.
  private static final Limits LIMITS =
      Limits.exact("reference", false, 1_000, 1 << 20, Duration.ofDays(3_650));
  private final Environment.Clock clock;
  private final List<ReferenceJob> entries = new ArrayList<>();
  private final Set<String> names = new TreeSet<>();
  private final Set<String> paused = new HashSet<>();
  private final Map<String, String> texts = new TreeMap<>();
  private long places;
  private boolean closed;
  private Runnable hint = () -> {};

  public ReferenceEngine(Environment environment) {
    clock = environment.clock();
  }

  /// What a durable engine would be after its process ended now: everything is kept, every lease is
  /// void.
  synchronized ReferenceEngine afterRestart(Environment environment) {
    ReferenceEngine next = new ReferenceEngine(environment);
    next.entries.addAll(entries);
    next.names.addAll(names);
    next.paused.addAll(paused);
    next.texts.putAll(texts);
    next.places = places;
    long now = clock.monotonicNanos();
    entries.stream().filter(e -> e.state == RUNNING).forEach(e -> e.deadlineNanos = now);
    return next;
  }

  private Stream<ReferenceJob> in(String queue, Predicate<JobState> states) {
    return entries.stream().filter(e -> e.job.queue().equals(queue) && states.test(e.state));
  }

  private Stream<ReferenceJob> in(String queue, JobState state) {
    return in(queue, candidate -> candidate == state);
  }

  private @Nullable ReferenceJob entry(JobId id) {
    return entries.stream().filter(e -> e.job.id().equals(id)).findFirst().orElse(null);
  }

  private void requireOpen() {
    if (closed) {
      throw new EngineUnavailableException("the reference engine is closed");
    }
  }

  @Override
  public Limits limits() {
    return LIMITS;
  }

  @Override
  public synchronized List<Admission> offer(List<Offer> offers) {
    requireOpen();
    long now = clock.wallMillis();
    LIMITS.requireOffers(offers, now);
    List<Admission> admissions = offers.stream().map(o -> admit(o.job(), o.bound(), now)).toList();
    if (admissions.stream().anyMatch(Admission.Accepted.class::isInstance)) {
      hint.run();
    }
    return admissions;
  }

  private Admission admit(Job job, Bound bound, long now) {
    if (entry(job.id()) != null) {
      return new Admission.Duplicate(job.id());
    }
    String key = job.options().key();
    Optional<JobView> first = key == null ? Optional.empty() : findByKey(job.queue(), key);
    if (first.isPresent()) {
      return new Admission.Duplicate(first.get().id());
    }
    Optional<Admission.Reason> refusal = refusal(job, bound);
    if (refusal.isPresent()) {
      return new Admission.Refused(refusal.get(), Optional.empty());
    }
    long runAt = job.options().runAtMillis();
    ReferenceJob entry = new ReferenceJob(job, runAt > now ? SCHEDULED : READY);
    entry.dueMillis = runAt;
    entry.place = ++places;
    entries.add(entry);
    names.add(job.queue());
    return new Admission.Accepted(job.id());
  }

  private Optional<Admission.Reason> refusal(Job job, Bound bound) {
    Counts counts = counts(job.queue());
    if (counts.waiting() >= bound.jobs()) {
      return Optional.of(Admission.Reason.CAPACITY_JOBS);
    }
    return counts.waitingBytes() + job.bytes() > bound.bytes()
        ? Optional.of(Admission.Reason.CAPACITY_BYTES)
        : Optional.empty();
  }

  @Override
  public synchronized Claimed claim(List<ClaimRequest> requests) {
    requireOpen();
    List<Claim> claims = new ArrayList<>();
    long nextDue = Claimed.NONE_DUE;
    for (ClaimRequest request : requests) {
      if (!paused.contains(request.queue())) {
        promote(request.queue());
        choose(request).forEach(entry -> claims.add(start(entry, request.lease())));
        nextDue = Math.min(nextDue, nextDue(request.queue()));
      }
    }
    return new Claimed(claims, nextDue);
  }

  private void promote(String queue) {
    List<ReferenceJob> due =
        in(queue, SCHEDULED)
            .filter(e -> e.dueMillis <= clock.wallMillis())
            .sorted(ReferenceJob.BY_DUE)
            .toList();
    for (ReferenceJob entry : due.stream().limit(1_000).toList()) {
      entry.take(Lifecycle.DUE);
      entry.place = ++places;
    }
  }

  private List<ReferenceJob> choose(ClaimRequest request) {
    List<ReferenceJob> ready =
        in(request.queue(), READY).sorted(ReferenceJob.IN_STARTING_ORDER).toList();
    Set<ReferenceJob> chosen = new HashSet<>();
    ready.stream()
        .filter(e -> e.job.priority() == Priority.LOW)
        .limit(request.low())
        .forEach(chosen::add);
    ready.stream()
        .filter(e -> e.job.priority() == Priority.NORMAL)
        .limit(request.normal())
        .forEach(chosen::add);
    for (ReferenceJob entry : ready) {
      if (chosen.size() < request.max()) {
        chosen.add(entry);
      }
    }
    return ready.stream().filter(chosen::contains).toList();
  }

  private Claim start(ReferenceJob entry, Duration lease) {
    entry.take(Lifecycle.CLAIM);
    entry.epoch++;
    entry.attempt++;
    entry.startedMillis = clock.wallMillis();
    entry.deadlineNanos = clock.monotonicNanos() + lease.toNanos();
    return entry.claim();
  }

  private long nextDue(String queue) {
    return in(queue, SCHEDULED).mapToLong(e -> e.dueMillis).min().orElse(Claimed.NONE_DUE);
  }

  @Override
  public synchronized List<Extension> extend(List<Lease> leases, Duration by) {
    Limits.requireLease("by", by);
    requireOpen();
    return leases.stream().map(lease -> extend(lease, by)).toList();
  }

  private Extension extend(Lease lease, Duration by) {
    ReferenceJob entry = entry(lease.id());
    if (entry == null || entry.epoch != lease.epoch() || entry.state != RUNNING) {
      return Extension.LEASE_LOST;
    }
    entry.deadlineNanos = clock.monotonicNanos() + by.toNanos();
    return entry.cancelRequested ? Extension.CANCEL_REQUESTED : Extension.EXTENDED;
  }

  @Override
  public synchronized List<Settled> settle(List<Settle> settles) {
    requireOpen();
    LIMITS.requireBatch("settles", settles);
    List<Settled> answers = settles.stream().map(s -> settle(s.lease(), s.settlement())).toList();
    hint.run();
    return answers;
  }

  private Settled settle(Lease lease, Settlement settlement) {
    ReferenceJob entry = entry(lease.id());
    if (entry == null || entry.epoch != lease.epoch()) {
      return Settled.LEASE_LOST;
    }
    JobState target = settlement.step().to();
    boolean reaped = settlement.step().actor() == Lifecycle.Actor.REAPER;
    boolean otherDeath = settlement instanceof Settlement.Bury b && b.reason() != entry.reason;
    if (entry.state.isTerminal() && entry.state == target && !reaped && !otherDeath) {
      return Settled.APPLIED;
    }
    if (entry.state != RUNNING || (reaped && !entry.late(clock.monotonicNanos()))) {
      return Settled.LEASE_LOST;
    }
    entry.take(settlement.step());
    entry.record(settlement);
    if (target.isTerminal()) {
      end(entry);
    }
    return Settled.APPLIED;
  }

  private void end(ReferenceJob entry) {
    entry.ended = ++places;
    entry.finishedMillis = clock.wallMillis();
    entry.cancelRequested = false;
  }

  @Override
  public synchronized void onWork(Runnable newHint) {
    hint = newHint;
  }

  @Override
  public synchronized Optional<String> trouble() {
    return closed ? Optional.of("the reference engine is closed") : Optional.empty();
  }

  @Override
  public synchronized void close() {
    closed = true;
  }

  @Override
  public synchronized List<Claim> expired(int max) {
    Limits.requireMost(max);
    requireOpen();
    long now = clock.monotonicNanos();
    return entries.stream()
        .filter(e -> e.state == RUNNING && e.late(now))
        .sorted(Comparator.comparingLong(e -> e.deadlineNanos - now))
        .limit(max)
        .map(ReferenceJob::claim)
        .toList();
  }

  @Override
  public synchronized int prune(String queue, Retention retention, int max) {
    Limits.requireMost(max);
    requireOpen();
    int gone = prune(queue, s -> s == SUCCEEDED || s == CANCELLED, retention.succeeded(), max);
    return gone + prune(queue, s -> s == DEAD, retention.dead(), max - gone);
  }

  private int prune(String queue, Predicate<JobState> states, Keep keep, int max) {
    int gone = 0;
    while (gone < max) {
      List<ReferenceJob> kept =
          in(queue, states).sorted(Comparator.comparingLong(e -> e.ended)).toList();
      long bytes = kept.stream().mapToLong(e -> e.job.bytes()).sum();
      if (kept.isEmpty() || keeps(keep, kept.size(), bytes, kept.getFirst())) {
        return gone;
      }
      entries.remove(kept.getFirst());
      gone++;
    }
    return gone;
  }

  private boolean keeps(Keep keep, long jobs, long bytes, ReferenceJob oldest) {
    boolean nothing = keep.age().isZero() || keep.jobs() == 0 || keep.bytes() == 0;
    boolean old = oldest.finishedMillis + keep.age().toMillis() <= clock.wallMillis();
    return !nothing && !old && jobs <= keep.jobs() && bytes <= keep.bytes();
  }

  @Override
  public synchronized Control cancel(JobId id) {
    requireOpen();
    ReferenceJob entry = entry(id);
    if (entry == null) {
      return Control.NOT_FOUND;
    }
    if (entry.state.isTerminal()) {
      return Control.WRONG_STATE;
    }
    if (entry.state == RUNNING) {
      entry.cancelRequested = true;
      return Control.REQUESTED;
    }
    entry.take(Lifecycle.CANCEL);
    end(entry);
    return Control.APPLIED;
  }

  @Override
  public synchronized Control cancelWaiting(JobId id) {
    ReferenceJob entry = entry(id);
    return entry != null && entry.state == RUNNING ? Control.WRONG_STATE : cancel(id);
  }

  @Override
  public synchronized Control retry(JobId id, Bound bound) {
    requireOpen();
    ReferenceJob entry = entry(id);
    if (entry == null) {
      return Control.NOT_FOUND;
    }
    if (!entry.state.isTerminal()) {
      return Control.WRONG_STATE;
    }
    if (refusal(entry.job, bound).isPresent()) {
      return Control.NO_ROOM;
    }
    entry.take(Lifecycle.RETRY);
    entry.place = ++places;
    entry.attempt = 0;
    entry.crashes = 0;
    entry.reason = null;
    hint.run();
    return Control.APPLIED;
  }

  @Override
  public synchronized Control runNow(JobId id) {
    requireOpen();
    ReferenceJob entry = entry(id);
    if (entry == null) {
      return Control.NOT_FOUND;
    }
    if (entry.state == SCHEDULED) {
      entry.take(Lifecycle.DUE);
      entry.place = ++places;
      hint.run();
    }
    return entry.state == READY ? Control.APPLIED : Control.WRONG_STATE;
  }

  @Override
  public synchronized Control delete(JobId id) {
    requireOpen();
    ReferenceJob entry = entry(id);
    if (entry == null) {
      return Control.NOT_FOUND;
    }
    return entry.state.isTerminal() && entries.remove(entry)
        ? Control.APPLIED
        : Control.WRONG_STATE;
  }

  @Override
  public synchronized Map<String, String> remembered() {
    requireOpen();
    return Map.copyOf(texts);
  }

  @Override
  public synchronized void remember(String name, @Nullable String text) {
    requireOpen();
    Remembering.requireFits(name, text);
    texts.remove(name);
    if (text != null) {
      Remembering.requireRoom(texts.size());
      texts.put(name, text);
    }
  }

  @Override
  public synchronized int purge(String queue, int max) {
    Limits.requireMost(max);
    requireOpen();
    List<ReferenceJob> waiting = in(queue, JobState::isWaiting).limit(max).toList();
    waiting.forEach(entry -> cancel(entry.job.id()));
    return waiting.size();
  }

  @Override
  public synchronized void pause(String queue, boolean pause) {
    requireOpen();
    if (pause) {
      paused.add(queue);
    } else {
      paused.remove(queue);
      hint.run();
    }
  }

  @Override
  public synchronized Optional<JobView> find(JobId id) {
    requireOpen();
    return Optional.ofNullable(entry(id)).map(this::view);
  }

  @Override
  public synchronized Optional<JobView> findByKey(String queue, String key) {
    requireOpen();
    return in(queue, _ -> true)
        .filter(e -> key.equals(e.job.options().key()))
        .findFirst()
        .map(this::view);
  }

  @Override
  public synchronized List<String> queues() {
    requireOpen();
    return List.copyOf(names);
  }

  @Override
  public synchronized Counts counts(String queue) {
    requireOpen();
    return new Counts(
        in(queue, SCHEDULED).count(),
        in(queue, READY).count(),
        in(queue, RUNNING).count(),
        in(queue, SUCCEEDED).count(),
        in(queue, DEAD).count(),
        in(queue, CANCELLED).count(),
        in(queue, JobState::isWaiting).mapToLong(e -> e.job.bytes()).sum(),
        Stream.of(Priority.values())
            .flatMap(p ->
                in(queue, READY)
                    .filter(e -> e.job.priority() == p)
                    .min(ReferenceJob.BY_PLACE)
                    .stream())
            .mapToLong(e -> e.job.createdAtMillis())
            .min()
            .orElse(0),
        paused.contains(queue));
  }

  @Override
  public synchronized Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    requireOpen();
    Inspectable.requirePage(limit);
    Comparator<ReferenceJob> order = ReferenceJob.order(state);
    ReferenceJob last = cursor == null ? null : ReferenceJob.ofCursor(state, cursor);
    Predicate<ReferenceJob> wanted = entry -> last == null || order.compare(entry, last) > 0;
    List<ReferenceJob> rest = in(queue, state).filter(wanted).sorted(order).toList();
    List<ReferenceJob> page = rest.stream().limit(limit).toList();
    return new Page(
        page.stream().map(this::view).toList(),
        rest.size() > limit ? page.getLast().cursor() : null);
  }

  private JobView view(ReferenceJob entry) {
    return entry.view(
        in(entry.job.queue(), READY)
            .filter(e -> ReferenceJob.IN_STARTING_ORDER.compare(e, entry) < 0)
            .count());
  }
}
