package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.Lifecycle;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/// The step machine that has ended runs recorded, many in one commit, and then frees their slots
/// and tells the listeners. While the engine cannot record, ended runs keep their slots and wait;
/// on a broker, which can fail or fall silent for one queue alone, only those of that queue: there
/// each queue is recorded on a thread of its own, and its answers are heeded here.
///
/// Threading: [#ended] and [#endedLate] are thread-safe; [#step] is confined to the settler's loop,
/// and when that has ended, [#finish] to whoever closes.
final class Settler implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.settler");
  private final Engine engine;
  private final Environment environment;
  private final Runs runs;
  private final Listeners listeners;
  private final int batch;
  private final DoubleSupplier jitter;

  /// Ended runs, newest first: a stack of links, bounded by the slots (Treiber, 1986).
  private final AtomicReference<@Nullable Run> ended = new AtomicReference<>();

  /// Taken from the stack and not yet recorded, by what is recorded together.
  private final Map<String, SettleLane> lanes = new LinkedHashMap<>();

  /// Taken from the stack and not yet in a lane, newest first: what waits here while there is no
  /// memory for longer lists.
  private @Nullable Run taken;

  /// Whether a queue can fail by itself, and then shall not hold up the others.
  private final boolean alone;

  private volatile @Nullable String trouble;
  private volatile Runnable wake = () -> {};
  private volatile Runnable slotsFreed = () -> {};

  Settler(Engine engine, Environment environment, Runs runs, Listeners listeners) {
    this.engine = engine;
    this.environment = environment;
    this.runs = runs;
    this.listeners = listeners;
    this.batch = engine.limits().batch();
    this.alone = engine.limits().brokered();
    this.jitter = () -> environment.random().nextDouble();
  }

  /// Names what asks for a step of this machine; to be called before the first run is started, for
  /// a run that ends unheard is never settled.
  void wakeBy(Runnable wakeUp) {
    wake = wakeUp;
  }

  /// Names what is called after slots were freed.
  void onSlotsFreed(Runnable action) {
    slotsFreed = action;
  }

  /// Why ended runs cannot be recorded, in words; empty when they can.
  Optional<String> trouble() {
    return Optional.ofNullable(trouble);
  }

  /// Hands in a run that has ended.
  void ended(Run run) {
    Run before;
    do {
      before = ended.get();
      run.settledNext = before;
    } while (!ended.compareAndSet(before, run));
    // Whoever found the stack empty wakes; the others know that somebody did.
    if (before == null) {
      wake.run();
    }
  }

  /// Hands in a zombie that has ended at last. What it said is discarded.
  void endedLate(Run run) {
    runs.removeZombie(run);
    slotsFreed.run();
    run.queue.counters.lateResults.increment();
    if (!listeners.isEmpty()) {
      listeners.tell(new JobEvent.LateResult(run.claim.job(), run.attempt()));
    }
  }

  @Override
  public long step() {
    takeEnded();
    return alone ? serveEach() : serveAll();
  }

  /// Records on the settler's own thread: one commit for all queues.
  private long serveAll() {
    SettleLane all = lanes.get("");
    long pause = all == null ? WHEN_WOKEN : all.nanosToTry(environment.clock().monotonicNanos());
    if (all == null || pause > 0) {
      return pause;
    }
    // What needs memory comes before the settling, which must not be forgotten after it was done.
    SettleLane.Asked asked = decide(all.next(batch));
    List<Settled> answers;
    try {
      answers = engine.settle(asked.settles());
    } catch (EngineUnavailableException unavailable) {
      LOG.log(System.Logger.Level.WARNING, failed(all, asked, unavailable.getMessage()));
      return AT_ONCE;
    }
    settled(all, asked, answers);
    if (all.isEmpty()) {
      lanes.remove(all.name());
    }
    return AT_ONCE;
  }

  /// Whatever goes wrong with some queues, the others are served.
  private long serveEach() {
    long wait = WHEN_WOKEN;
    Throwable failed = null;
    for (SettleLane lane : List.copyOf(lanes.values())) {
      try {
        wait = Math.min(wait, serve(lane));
      } catch (RuntimeException | Error failure) {
        failed = failed == null ? failure : failed;
      }
    }
    return switch (failed) {
      case RuntimeException exception -> throw exception;
      case Error error -> throw error;
      case null, default -> wait;
    };
  }

  /// Takes the answer that a lane was given and asks again. While there is no answer, the lane
  /// waits, and what ends meanwhile is asked about next; its thread wakes this machine.
  private long serve(SettleLane lane) {
    if (lane.isAsking()) {
      if (!lane.hasAnswer()) {
        return WHEN_WOKEN;
      }
      take(lane);
    }
    long now = environment.clock().monotonicNanos();
    if (lane.isEmpty()) {
      long left = lane.nanosToEnd(now);
      if (left > 0) {
        return left;
      }
      lane.end();
      lanes.remove(lane.name());
      return WHEN_WOKEN;
    }
    long pause = lane.nanosToTry(now);
    if (pause > 0) {
      return pause;
    }
    SettleLane.Asked asked = decide(lane.next(batch));
    try {
      lane.ask(engine, environment, asked, () -> wake.run());
    } catch (RuntimeException | Error failure) {
      // No memory for a thread, say.
      failed(lane, asked, failure.toString());
      throw failure;
    }
    return WHEN_WOKEN;
  }

  private void take(SettleLane lane) {
    SettleLane.Asked asked = lane.asked();
    List<Settled> answers;
    try {
      answers = lane.takeAnswer();
    } catch (EngineUnavailableException unavailable) {
      LOG.log(System.Logger.Level.WARNING, failed(lane, asked, unavailable.getMessage()));
      return;
    } catch (RuntimeException | Error failure) {
      failed(lane, asked, failure.toString());
      throw failure;
    }
    settled(lane, asked, answers);
  }

  /// Lets a lane wait before it tries again.
  ///
  /// @return the trouble, in words
  private String failed(SettleLane lane, SettleLane.Asked asked, @Nullable String cause) {
    String why = asked.part().size() + " ended jobs wait to be recorded: " + cause;
    lane.failed(why, environment.clock().monotonicNanos());
    trouble = why;
    return why;
  }

  private void settled(SettleLane lane, SettleLane.Asked asked, List<Settled> answers) {
    List<Run> part = asked.part();
    lane.recorded(part.size());
    trouble = anyTrouble();
    runs.remove(part);
    freeSlots(part, asked.settles(), answers);
    slotsFreed.run();
    report(part, asked.settles(), answers);
  }

  /// Records what ended last. Only for whoever has stopped the loop and so owns this machine.
  ///
  /// @param nanos how long to wait for answers about queues of a broker; what is not answered by
  ///   then is given up, and said
  void finish(long nanos) {
    if (!alone) {
      while (step() == AT_ONCE) {}
      return;
    }
    Bell answered = new Bell();
    wake = answered::ring;
    stepAndGoOn();
    long left = nanos;
    while (left > 0 && lanes.values().stream().anyMatch(SettleLane::isAsking)) {
      left = answered.await(left);
      stepAndGoOn();
    }
    for (SettleLane lane : lanes.values()) {
      if (lane.isAsking()) {
        LOG.log(
            System.Logger.Level.WARNING,
            lane.size()
                + " ended jobs of queue '"
                + lane.name()
                + "' are not recorded: the engine has not answered before the end of the close");
      }
      lane.end();
    }
  }

  /// As the loop does it, which has ended: what fails for one queue is not lost for the others.
  private void stepAndGoOn() {
    try {
      step();
    } catch (RuntimeException | Error failure) {
      LOG.log(System.Logger.Level.ERROR, "recording what ended last failed and goes on", failure);
    }
  }

  private @Nullable String anyTrouble() {
    for (SettleLane lane : lanes.values()) {
      if (lane.trouble() != null) {
        return lane.trouble();
      }
    }
    return null;
  }

  private void takeEnded() {
    if (taken == null) {
      taken = ended.getAndSet(null);
    }
    // All that needs memory comes first: what has been moved must not be moved again.
    for (Run run = taken; run != null; run = run.settledNext) {
      lanes.computeIfAbsent(laneOf(run), SettleLane::new).expect();
    }
    for (SettleLane lane : lanes.values()) {
      lane.makeRoom();
    }
    for (Run run = taken; run != null; run = run.settledNext) {
      Objects.requireNonNull(lanes.get(laneOf(run))).add(run);
    }
    taken = null;
    for (SettleLane lane : lanes.values()) {
      lane.turnRound();
    }
  }

  private String laneOf(Run run) {
    return alone ? run.queue.name() : "";
  }

  private SettleLane.Asked decide(List<Run> part) {
    List<Settle> settles = new ArrayList<>(part.size());
    long now = environment.clock().wallMillis();
    for (Run run : part) {
      Settlement settlement =
          Decision.settle(run.claim, run.ending(), run.queue.policy(), now, jitter);
      settles.add(new Settle(run.claim.lease(), settlement));
    }
    return new SettleLane.Asked(part, settles);
  }

  /// Frees slots queue by queue; neighbours are nearly always of one queue.
  private void freeSlots(List<Run> settled, List<Settle> settles, List<Settled> answers) {
    long now = environment.clock().monotonicNanos();
    int from = 0;
    while (from < settled.size()) {
      QueueRuntime queue = settled.get(from).queue;
      int to = from;
      int gone = 0;
      int succeeded = 0;
      while (to < settled.size() && settled.get(to).queue == queue) {
        if (answers.get(to) == Settled.APPLIED) {
          Settlement settlement = settles.get(to).settlement();
          gone += settlement.step().to().isTerminal() ? 1 : 0;
          succeeded += settlement instanceof Settlement.Complete ? 1 : 0;
        }
        to++;
      }
      int left = queue.running.addAndGet(from - to);
      queue.drain.ended(gone, left == 0, now);
      queue.counters.succeeded.add(succeeded);
      from = to;
    }
  }

  /// Counts and answers first: whoever waits for the record does not wait for listeners.
  private void report(List<Run> settled, List<Settle> settles, List<Settled> answers) {
    for (int i = 0; i < settled.size(); i++) {
      Run run = settled.get(i);
      if (answers.get(i) == Settled.LEASE_LOST) {
        run.queue.counters.leasesLost.increment();
      } else if (isFailure(settles.get(i).settlement())) {
        countFailure(run);
      }
      run.recorded(answers.get(i));
    }
    boolean silent = listeners.isEmpty();
    for (int i = 0; i < settled.size(); i++) {
      Settlement settlement = settles.get(i).settlement();
      if (answers.get(i) == Settled.APPLIED && isFailure(settlement)) {
        EndLog.settled(settled.get(i).claim, settlement);
      }
      if (!silent) {
        listeners.tell(event(settled.get(i), settlement, answers.get(i)));
      }
    }
  }

  private static boolean isFailure(Settlement settlement) {
    Lifecycle step = settlement.step();
    return step != Lifecycle.COMPLETE && step != Lifecycle.RELEASE && step != Lifecycle.STOP;
  }

  private static void countFailure(Run run) {
    switch (run.ending()) {
      case Ending.Failed _, Ending.Returned(Outcome.Retry _), Ending.Returned(Outcome.Bury _) ->
          run.queue.counters.failed.increment();
      case Ending.Returned _,
          Ending.Unhandled _,
          Ending.Withdrawn _,
          Ending.Poisoned _,
          Ending.Expired _ -> {}
    }
  }

  private JobEvent event(Run run, Settlement settlement, Settled answer) {
    Claim claim = run.claim;
    Job job = claim.job();
    int attempt = claim.attempt();
    if (answer == Settled.LEASE_LOST) {
      return new JobEvent.LeaseLost(job, attempt);
    }
    long ran = ranNanos(run);
    return switch (settlement) {
      case Settlement.Complete() -> new JobEvent.Succeeded(job, attempt, ran);
      case Settlement.RunAgain(var at, _, var record) -> {
        Instant when = Instant.ofEpochMilli(at);
        yield switch (record.outcome()) {
          case SNOOZED -> new JobEvent.Snoozed(job, attempt, when, ran);
          case PARKED -> new JobEvent.Parked(job, attempt, when);
          default ->
              new JobEvent.Retrying(
                  job, attempt, Objects.requireNonNullElse(record.error(), ""), when, ran);
        };
      }
      case Settlement.Bury(var reason, var record) ->
          new JobEvent.Died(
              job, attempt, reason, Objects.requireNonNullElse(record.error(), ""), ran);
      case Settlement.Release() -> new JobEvent.Released(job, attempt, ran);
      case Settlement.Stop _ -> new JobEvent.Cancelled(job, attempt, ran);
      case Settlement.Crash _, Settlement.Poison _ ->
          throw new IllegalStateException("a run cannot end as " + settlement);
    };
  }

  private long ranNanos(Run run) {
    return switch (run.ending()) {
      case Ending.Returned _, Ending.Failed _ ->
          environment.clock().monotonicNanos() - run.startedNanos;
      case Ending.Unhandled _, Ending.Withdrawn _, Ending.Expired _, Ending.Poisoned _ -> 0;
    };
  }
}
