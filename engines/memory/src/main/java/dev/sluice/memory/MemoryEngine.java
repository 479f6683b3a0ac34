package dev.sluice.memory;

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
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Admission.Refused;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Lifecycle.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Jobs in the memory of this process: they end with it. The reference for all other engines.
///
/// Threading: thread-safe. One lock, held for memory work only: never while a clock is read, never
/// while the hint runs.
public final class MemoryEngine
    implements Engine, Reclaiming, Retaining, Inspectable, Controllable, Remembering {
  private static final Limits LIMITS =
      Limits.exact("memory", false, 10_000, 16 << 20, Duration.ofDays(3_650));

  /// Longer leases are cut to this, so that deadlines never overflow.
  private static final Duration MAX_LEASE = Duration.ofDays(36_500);

  private static final String CLOSED = "the memory engine is closed";

  private final Environment.Clock clock;

  /// Guards `nodes`, `queues`, `texts`, everything inside their values, and writes of `closed`.
  private final ReentrantLock lock = new ReentrantLock();

  private final JobTable nodes = new JobTable();
  private final Map<String, MemoryQueue> queues = new HashMap<>();
  private final Map<String, String> texts = new HashMap<>();
  private volatile boolean closed;
  private volatile @Nullable Runnable hint;

  private MemoryEngine(Environment environment) {
    clock = environment.clock();
  }

  /// A new, empty engine that goes by the machine's clock.
  public static MemoryEngine open() {
    return open(Environment.system());
  }

  /// A new, empty engine.
  public static MemoryEngine open(Environment environment) {
    return new MemoryEngine(Objects.requireNonNull(environment, "environment: must not be null"));
  }

  @Override
  public Limits limits() {
    return LIMITS;
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    long nowMillis = clock.wallMillis();
    LIMITS.requireOffers(offers, nowMillis);
    List<Admission> admissions = new ArrayList<>(offers.size());
    boolean work = false;
    lockOpen();
    try {
      for (Offer offer : offers) {
        Admission admission = admit(offer.job(), offer.bound(), nowMillis);
        work |= admission instanceof Accepted;
        admissions.add(admission);
      }
    } finally {
      lock.unlock();
    }
    if (work) {
      callHint();
    }
    return admissions;
  }

  private Admission admit(Job job, Bound bound, long nowMillis) {
    JobNode same = nodes.get(job.id());
    if (same != null) {
      return new Duplicate(job.id());
    }
    MemoryQueue known = queues.get(job.queue());
    // A refused job leaves no trace, so a queue is kept from its first accepted job on.
    MemoryQueue queue = known == null ? new MemoryQueue() : known;
    String key = job.options().key();
    JobNode first = key == null ? null : queue.byKey(key);
    if (first != null) {
      return new Duplicate(first.job.id());
    }
    Admission.Reason refusal = queue.refusal(job, bound);
    if (refusal != null) {
      return new Refused(refusal, Optional.empty());
    }
    Accepted accepted = new Accepted(job.id());
    nodes.makeRoom();
    if (known == null) {
      queues.put(job.queue(), queue);
    }
    nodes.add(queue.accept(job, nowMillis));
    return accepted;
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    Limits.requireEach("requests", requests);
    long nowMillis = clock.wallMillis();
    long nowNanos = clock.monotonicNanos();
    List<Claim> claims = new ArrayList<>(expected(requests));
    long nextDueMillis = Claimed.NONE_DUE;
    lockOpen();
    try {
      for (ClaimRequest request : requests) {
        MemoryQueue queue = queues.get(request.queue());
        if (queue != null) {
          long deadlineNanos = nowNanos + nanos(request.lease());
          long dueMillis = queue.claim(request, nowMillis, deadlineNanos, claims);
          nextDueMillis = Math.min(nextDueMillis, dueMillis);
        }
      }
    } finally {
      lock.unlock();
    }
    return new Claimed(claims, nextDueMillis);
  }

  /// Room for what a claim may bring, without making much of a request for very many.
  private static int expected(List<ClaimRequest> requests) {
    long most = requests.stream().mapToLong(ClaimRequest::max).sum();
    return (int) Math.min(MAX_PAGE, most);
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    Limits.requireEach("leases", leases);
    Limits.requireLease("by", by);
    long deadlineNanos = clock.monotonicNanos() + nanos(by);
    return locked(() -> leases.stream().map(lease -> extend(lease, deadlineNanos)).toList());
  }

  private Extension extend(Lease lease, long deadlineNanos) {
    JobNode node = nodes.get(lease.id());
    if (node == null || node.epoch != lease.epoch() || node.state != JobState.RUNNING) {
      return Extension.LEASE_LOST;
    }
    node.deadlineNanos = deadlineNanos;
    return node.cancelRequested() ? Extension.CANCEL_REQUESTED : Extension.EXTENDED;
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    LIMITS.requireBatch("settles", settles);
    long nowMillis = clock.wallMillis();
    long nowNanos = clock.monotonicNanos();
    List<Settled> answers = new ArrayList<>(settles.size());
    boolean work = false;
    lockOpen();
    try {
      for (Settle settle : settles) {
        Settled answer = settle(settle.lease(), settle.settlement(), nowMillis, nowNanos);
        work |= answer == Settled.APPLIED && settle.settlement().step().to().isWaiting();
        answers.add(answer);
      }
    } finally {
      lock.unlock();
    }
    if (work) {
      callHint();
    }
    return answers;
  }

  private Settled settle(Lease lease, Settlement settlement, long nowMillis, long nowNanos) {
    JobNode node = nodes.get(lease.id());
    if (node == null || node.epoch != lease.epoch()) {
      return Settled.LEASE_LOST;
    }
    if (node.state != JobState.RUNNING) {
      boolean repeated = settlement.isRepeated(node.state, node.deathReason());
      return repeated ? Settled.APPLIED : Settled.LEASE_LOST;
    }
    if (settlement.step().actor() == Actor.REAPER && !node.deadlinePassed(nowNanos)) {
      return Settled.LEASE_LOST;
    }
    node.queue.settle(node, settlement, nowMillis);
    return Settled.APPLIED;
  }

  @Override
  public void onWork(Runnable newHint) {
    hint = Objects.requireNonNull(newHint, "hint: must not be null");
  }

  private void callHint() {
    Runnable current = hint;
    if (current != null) {
      current.run();
    }
  }

  @Override
  public Optional<String> trouble() {
    return closed ? Optional.of(CLOSED) : Optional.empty();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      nodes.clear();
      queues.clear();
      texts.clear();
      hint = null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Claim> expired(int max) {
    Limits.requireMost(max);
    long nowNanos = clock.monotonicNanos();
    return locked(() -> {
      List<JobNode> late = new ArrayList<>();
      for (MemoryQueue queue : queues.values()) {
        for (JobNode node = queue.running.head; node != null; node = node.next) {
          if (node.deadlinePassed(nowNanos)) {
            late.add(node);
          }
        }
      }
      late.sort(Comparator.comparingLong(node -> node.deadlineNanos - nowNanos));
      return late.stream().limit(max).map(JobNode::claim).toList();
    });
  }

  @Override
  public int prune(String queueName, Retention retention, int max) {
    Objects.requireNonNull(retention, "retention: must not be null");
    Limits.requireMost(max);
    long nowMillis = clock.wallMillis();
    return locked(() -> {
      MemoryQueue queue = queue(queueName);
      int gone = 0;
      while (queue != null && gone < max) {
        JobNode node = queue.notKept(retention, nowMillis);
        if (node == null) {
          return gone;
        }
        forget(node);
        gone++;
      }
      return gone;
    });
  }

  private void forget(JobNode node) {
    node.queue.forget(node);
    nodes.remove(node);
  }

  /// Does something to one job.
  private Control steer(JobId id, Function<JobNode, Control> action) {
    return locked(() -> {
      JobNode node = node(id);
      return node == null ? Control.NOT_FOUND : action.apply(node);
    });
  }

  /// Passes an answer on, after a hint if it made a job ready.
  private Control hinted(Control answer) {
    if (answer == Control.APPLIED) {
      callHint();
    }
    return answer;
  }

  @Override
  public Control cancel(JobId id) {
    return cancel(id, true);
  }

  @Override
  public Control cancelWaiting(JobId id) {
    return cancel(id, false);
  }

  private Control cancel(JobId id, boolean evenRunning) {
    long nowMillis = clock.wallMillis();
    return steer(
        id,
        node -> {
          if (node.state.isWaiting()) {
            node.queue.cancel(node, nowMillis);
            return Control.APPLIED;
          }
          if (node.state.isTerminal() || !evenRunning) {
            return Control.WRONG_STATE;
          }
          node.requestCancel();
          return Control.REQUESTED;
        });
  }

  @Override
  public Control retry(JobId id, Bound bound) {
    Objects.requireNonNull(bound, "bound: must not be null");
    return hinted(
        steer(
            id,
            node -> {
              if (!node.state.isTerminal()) {
                return Control.WRONG_STATE;
              }
              if (node.queue.refusal(node.job, bound) != null) {
                return Control.NO_ROOM;
              }
              node.queue.retry(node);
              return Control.APPLIED;
            }));
  }

  @Override
  public Control runNow(JobId id) {
    return hinted(
        steer(
            id,
            node -> {
              if (node.state == JobState.SCHEDULED) {
                node.queue.makeReady(node);
              }
              return node.state == JobState.READY ? Control.APPLIED : Control.WRONG_STATE;
            }));
  }

  @Override
  public Control delete(JobId id) {
    return steer(
        id,
        node -> {
          if (!node.state.isTerminal()) {
            return Control.WRONG_STATE;
          }
          forget(node);
          return Control.APPLIED;
        });
  }

  @Override
  public int purge(String queueName, int max) {
    Limits.requireMost(max);
    long nowMillis = clock.wallMillis();
    return locked(() -> {
      MemoryQueue queue = queue(queueName);
      return queue == null ? 0 : queue.purge(max, nowMillis);
    });
  }

  @Override
  public void pause(String queueName, boolean paused) {
    Objects.requireNonNull(queueName, "queue: must not be null");
    locked(() -> queues.computeIfAbsent(queueName, _ -> new MemoryQueue()).paused = paused);
    if (!paused) {
      callHint();
    }
  }

  @Override
  public Optional<JobView> find(JobId id) {
    return locked(() -> Optional.ofNullable(node(id)).map(JobNode::view));
  }

  @Override
  public Optional<JobView> findByKey(String queueName, String key) {
    Objects.requireNonNull(key, "key: must not be null");
    return locked(() ->
        Optional.ofNullable(queue(queueName)).map(queue -> queue.byKey(key)).map(JobNode::view));
  }

  @Override
  public List<String> queues() {
    return locked(() ->
        queues.entrySet().stream()
            .filter(queue -> queue.getValue().heldJobs)
            .map(Map.Entry::getKey)
            .sorted()
            .toList());
  }

  @Override
  public Counts counts(String queueName) {
    return locked(() ->
        Optional.ofNullable(queue(queueName))
            .map(MemoryQueue::counts)
            .orElseGet(() -> new Counts(0, 0, 0, 0, 0, 0, 0, 0, false)));
  }

  @Override
  public Page list(String queueName, JobState state, int limit, @Nullable String cursor) {
    Objects.requireNonNull(queueName, "queue: must not be null");
    Objects.requireNonNull(state, "state: must not be null");
    Inspectable.requirePage(limit);
    Cursor place = cursor == null ? null : Cursor.parse(state, cursor);
    return locked(() -> {
      MemoryQueue queue = queue(queueName);
      if (queue == null) {
        return new Page(List.of(), null);
      }
      JobNode anchor = place == null ? null : nodes.get(place.id());
      return new Listing(queue, state, limit, place, anchor).page();
    });
  }

  @Override
  public Map<String, String> remembered() {
    return locked(() -> new TreeMap<>(texts));
  }

  @Override
  public void remember(String name, @Nullable String text) {
    Remembering.requireFits(name, text);
    locked(() -> {
      if (text != null) {
        Remembering.requireRoom(texts.containsKey(name) ? 0 : texts.size());
      }
      return text == null ? texts.remove(name) : texts.put(name, text);
    });
  }

  private @Nullable MemoryQueue queue(String name) {
    return queues.get(Objects.requireNonNull(name, "queue: must not be null"));
  }

  private @Nullable JobNode node(JobId id) {
    return nodes.get(Objects.requireNonNull(id, "id: must not be null"));
  }

  private <T> T locked(Supplier<T> work) {
    lockOpen();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /// Takes the lock; the caller gives it back, unless this throws.
  private void lockOpen() {
    lock.lock();
    if (closed) {
      lock.unlock();
      throw new EngineUnavailableException(CLOSED);
    }
  }

  private static long nanos(Duration lease) {
    return lease.compareTo(MAX_LEASE) > 0 ? MAX_LEASE.toNanos() : lease.toNanos();
  }
}
