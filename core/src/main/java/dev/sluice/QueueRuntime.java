package dev.sluice;

import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable.Counts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A queue at work in this process: its policy of the moment, its slots, its rate.
///
/// Threading: what is volatile, atomic or a thread-safe type may be used by any thread; the bucket,
/// the credits and the methods that touch them are confined to the dispatcher.
final class QueueRuntime {
  /// Of so many starts one is set aside for the oldest LOW job, and twice as many for NORMAL.
  private static final double LOW_SHARE = 1 / 16.0;

  private static final double NORMAL_SHARE = 2 / 16.0;

  /// Bytes that one claim should not exceed by much, or a thousand large jobs that one worker asks
  /// for would fill the memory of all.
  private static final long CLAIM_BYTES = 64 << 20;

  /// A worker that asks for jobs again and again does so at least this often.
  private static final long PULLED_LATELY_NANOS = 60_000_000_000L;

  private final String name;
  private final AtomicReference<QueuePolicy> policy;
  private volatile Delivery delivery;

  /// Workers elsewhere that wait for its jobs.
  final Pulls pulls = new Pulls();

  /// When a worker elsewhere asked last, monotonic.
  volatile long pulledAtNanos;

  /// Claims that hold a slot: from the claim until their end is recorded.
  final AtomicInteger running = new AtomicInteger();

  /// Given-up handlers that still run. Up to the policy's limit they hold no slot.
  final AtomicInteger zombies = new AtomicInteger();

  final DrainRate drain = new DrainRate();
  final QueueCounters counters = new QueueCounters();
  final Fullness fullness = new Fullness();

  /// Whether the engine gives out no jobs of this queue, as far as is known here.
  volatile boolean paused;

  /// The engine's word on the line at one moment, to be carried on by what is counted here.
  private record Look(long ready, long waiting, long accepted, long started) {}

  /// How many jobs of the size that waits here go into one claim.
  private volatile int bySize = Integer.MAX_VALUE;

  /// Why nothing starts although it should, in words; null when all is well.
  volatile @Nullable String stuck;

  /// Since when there has been something to claim without pause, monotonic; the stuck check's.
  volatile long claimableSinceNanos;

  /// When jobs were claimed last, monotonic.
  volatile long claimedAtNanos;

  /// What the engine said last, and how many had been accepted and started then.
  private volatile Look look = new Look(0, 0, 0, 0);

  private @Nullable TokenBucket bucket;
  private double lowCredit;
  private double normalCredit;
  private long handlersStarted;

  QueueRuntime(String name, QueuePolicy policy, Delivery delivery, long nowNanos) {
    this.name = name;
    this.policy = new AtomicReference<>(policy);
    this.delivery = delivery;
    this.pulledAtNanos = nowNanos;
    this.claimedAtNanos = nowNanos;
    this.claimableSinceNanos = nowNanos;
  }

  String name() {
    return name;
  }

  QueuePolicy policy() {
    return Objects.requireNonNull(policy.get());
  }

  /// Changes the policy; of changes at the same time none is lost.
  void change(UnaryOperator<QueuePolicy> change) {
    policy.updateAndGet(change);
  }

  Delivery delivery() {
    return delivery;
  }

  void deliver(Delivery changed) {
    delivery = changed;
  }

  /// Whether a job could be handed to somebody if a slot were free.
  boolean isWanted() {
    return !(delivery instanceof Delivery.Pull) || !pulls.isEmpty();
  }

  /// Whether somebody works on this queue: a handler here, or a worker elsewhere that has a job or
  /// has asked for one lately.
  boolean isWorked(boolean handlers, long nowNanos) {
    return switch (delivery) {
      case Delivery.ByType() -> handlers;
      case Delivery.To _ -> true;
      case Delivery.Pull() ->
          running.get() > 0 || !pulls.isEmpty() || nowNanos - pulledAtNanos < PULLED_LATELY_NANOS;
    };
  }

  /// Slots that are free now; zombies beyond their limit take slots away.
  int freeSlots() {
    QueuePolicy now = policy();
    int unreplaced = Math.max(0, zombies.get() - now.maxZombies());
    return Math.max(0, now.concurrency() - unreplaced - running.get());
  }

  /// How many jobs may start now, by slots, by rate and by what one claim may bring into memory.
  int startable(int most, long nowNanos) {
    int slots = Math.min(Math.min(most, bySize), freeSlots());
    TokenBucket tokens = bucket(nowNanos);
    return tokens == null ? slots : Math.min(slots, tokens.available(nowNanos));
  }

  /// The claim of `max` jobs, with the places that are owed to lower priorities.
  ClaimRequest request(int max, Duration lease) {
    int low = (int) Math.min(max, lowCredit);
    int normal = (int) Math.min(max - low, normalCredit);
    return new ClaimRequest(name, max, low, normal, lease);
  }

  /// Takes slots and tokens for jobs that were just claimed with `request`.
  void claimed(ClaimRequest request, int count, long nowNanos) {
    claimedAtNanos = nowNanos;
    if (running.getAndAdd(count) == 0) {
      drain.begin(nowNanos);
    }
    TokenBucket tokens = bucket(nowNanos);
    if (tokens != null) {
      tokens.take(count);
    }
    counters.started.add(count);
    lowCredit = Math.min(policy().concurrency(), lowCredit - request.low() + count * LOW_SHARE);
    normalCredit =
        Math.min(policy().concurrency(), normalCredit - request.normal() + count * NORMAL_SHARE);
  }

  /// How long until a ready job with so many ahead of it starts: until a slot is free for it, and
  /// the rate has let the others start; empty while nothing was measured.
  Optional<Duration> timeToStart(long ahead, long nowNanos) {
    int free = freeSlots();
    Optional<Duration> bySlots =
        ahead < free ? Optional.of(Duration.ZERO) : drain.timeUntil(ahead - free, nowNanos);
    Duration byRate = policy().rate().map(rate -> rate.timeFor(ahead)).orElse(Duration.ZERO);
    return bySlots.map(time -> time.compareTo(byRate) < 0 ? byRate : time);
  }

  /// Keeps the engine's counts of this moment.
  void looked(Counts counts) {
    paused = counts.paused();
    long size = counts.waiting() == 0 ? 0 : counts.waitingBytes() / counts.waiting();
    bySize = size == 0 ? Integer.MAX_VALUE : (int) Math.max(1, CLAIM_BYTES / size);
    look =
        new Look(counts.ready(), counts.waiting(), counters.accepted.sum(), counters.started.sum());
  }

  /// What a job that is handed over now may expect, without asking the engine.
  Outlook outlook(boolean handlers, long nowNanos) {
    Look last = look;
    long since = counters.accepted.sum() - last.accepted - (counters.started.sum() - last.started);
    long ahead = Math.max(0, last.ready + since);
    return new Outlook(
        ahead,
        paused || !isWorked(handlers, nowNanos) ? Optional.empty() : timeToStart(ahead, nowNanos),
        Math.max(0, last.waiting + since),
        drain.perSecond(nowNanos));
  }

  /// Nanoseconds until the rate lets a job start; 0 when it does now.
  long nanosToToken(long nowNanos) {
    TokenBucket tokens = bucket(nowNanos);
    return tokens == null ? 0 : tokens.nanosToNext(nowNanos);
  }

  /// What is wrong with this queue, in words.
  List<String> complaints() {
    List<String> complaints = new ArrayList<>();
    String why = stuck;
    if (why != null) {
      complaints.add(why);
    }
    int undead = zombies.get();
    if (undead > policy().maxZombies()) {
      complaints.add(
          "queue '"
              + name
              + "': "
              + undead
              + " zombies, more than the "
              + policy().maxZombies()
              + " whose slots are replaced");
    }
    return complaints;
  }

  QueueStatus status(Counts counts, boolean handlers, long nowNanos) {
    boolean worked = isWorked(handlers, nowNanos);
    return new QueueStatus(
        name,
        policy(),
        counts,
        worked,
        worked && !paused ? timeToStart(counts.ready(), nowNanos) : Optional.empty(),
        running.get(),
        zombies.get(),
        drain.perSecond(nowNanos),
        counters.accepted.sum(),
        counters.duplicates.sum(),
        counters.refused.sum(),
        counters.started.sum(),
        counters.succeeded.sum(),
        counters.failed.sum(),
        counters.leasesLost.sum(),
        counters.lateResults.sum());
  }

  String nextHandlerName() {
    return "sluice-" + name + "-" + ++handlersStarted;
  }

  private @Nullable TokenBucket bucket(long nowNanos) {
    Rate wanted = policy().rate().orElse(null);
    if (wanted == null) {
      bucket = null;
    } else if (bucket == null) {
      bucket = new TokenBucket(wanted, nowNanos);
    } else if (!bucket.rate().equals(wanted)) {
      bucket = bucket.changedTo(wanted, nowNanos);
    }
    return bucket;
  }
}
