package dev.sluice.simulation;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobContext;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import dev.sluice.RetryPolicy;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.SluiceBuilder;
import dev.sluice.engine.Bound;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// One seeded run: one or two processes on one durable model, with crashes, freezes, clock jumps,
/// failed writes, lost answers and lost wake-ups; then calm, in which everything must end.
///
/// Threading: confined to one thread; many simulations may run side by side.
public final class Simulation {
  private static final int EVENTS = 250;
  private static final int CALM_ROUNDS = 20_000;
  private static final String PLAIN = "plain";
  private static final String LIMITED = "limited";
  private static final List<Priority> PRIORITIES = List.of(Priority.values());
  private static final Keep EVERYTHING =
      new Keep(Duration.ofDays(3650), Long.MAX_VALUE, Long.MAX_VALUE);
  private static final JobType<String> WORK = JobType.of("work", Codec.string()).on(PLAIN);
  private static final JobType<String> POISON = JobType.of("poison", Codec.string()).on(PLAIN);
  private static final JobType<String> ORPHAN = JobType.of("no-handler", Codec.string()).on(PLAIN);

  private final Bug bug;
  private final World world;
  private final DurableModel model;
  private final FaultyEngine faulty;
  private final BuggyEngine buggy;
  private final Ledger ledger;
  private final List<Node> processes = new ArrayList<>();
  private final List<@Nullable Sluice> sluices = new ArrayList<>();
  private boolean calm;
  private int enqueued;

  private Simulation(long seed, Bug bug) {
    this.bug = bug;
    world = new World(seed);
    model =
        new DurableModel(bug == Bug.LEASE_BY_WALL_CLOCK ? wallClockOnly() : engineClock(), world);
    faulty = new FaultyEngine(model, world);
    buggy = new BuggyEngine(faulty, bug, world);
    ledger = new Ledger(buggy, model, world);
    int count = world.chance(0.5) ? 1 : 2;
    for (int i = 0; i < count; i++) {
      processes.add(new Node(world));
      sluices.add(null);
    }
  }

  /// Runs one seed.
  ///
  /// @return a digest of the whole run: the same for the same seed and defect
  /// @throws AssertionError when an invariant did not hold; the message names seed and invariant
  public static long run(long seed, Bug bug) {
    Simulation simulation = new Simulation(seed, bug);
    try {
      simulation.storm();
      simulation.calm();
    } catch (AssertionError violated) {
      throw new AssertionError(
          "seed " + seed + " with " + bug + ": " + violated.getMessage(), violated);
    }
    return simulation.ledger.trace();
  }

  private Environment.Clock engineClock() {
    if (bug != Bug.STARTED_EARLY) {
      return world;
    }
    return clock(world::monotonicNanos, () -> world.wallMillis() + 20_000);
  }

  private Environment.Clock wallClockOnly() {
    return clock(() -> world.wallMillis() * 1_000_000, world::wallMillis);
  }

  private static Environment.Clock clock(LongSupplier monotonic, LongSupplier wall) {
    return new Environment.Clock() {
      @Override
      public long wallMillis() {
        return wall.getAsLong();
      }

      @Override
      public long monotonicNanos() {
        return monotonic.getAsLong();
      }
    };
  }

  private void storm() {
    faulty.misbehave(world.random.nextDouble() * 0.05, world.random.nextDouble() * 0.01);
    world.wakeLoss = world.chance(0.5) ? 0.3 : 0;
    world.deaf = bug == Bug.WAKE_UP_LOST;
    for (int i = 0; i < EVENTS; i++) {
      int which = world.dice(processes.size());
      ensureRunning(which);
      if (!processes.get(which).isFrozen()) {
        act(which);
      } else {
        world.advance(world.dice(5_000) * 1_000_000L);
      }
      bury(which);
    }
  }

  private void act(int which) {
    ledger.acting = which;
    Node process = processes.get(which);
    Sluice sluice = running(which);
    int roll = world.dice(100);
    if (roll < 38) {
      step(process);
    } else if (roll < 60) {
      endWorker(process);
    } else if (roll < 76) {
      enqueue(sluice);
    } else if (roll < 86) {
      world.advance(world.dice(world.chance(0.2) ? 40_000 : 400) * 1_000_000L);
    } else if (roll < 89) {
      world.jumpWall(world.random.nextLong(-3_600_000, 3_600_000));
    } else if (roll < 92) {
      Predicate<Tracked> alive = tracked -> !tracked.state.isTerminal();
      if (world.chance(0.5)) {
        steer(sluice, alive, job -> sluice.cancel(job.id()));
      } else {
        steer(sluice, alive, job -> sluice.runNow(job.id()));
      }
    } else if (roll < 94) {
      steer(sluice, tracked -> tracked.state.isTerminal(), job -> sluice.retry(job.id()));
    } else if (roll < 95) {
      // Now and then one that has not ended, which must be refused.
      boolean any = world.chance(0.2);
      steer(sluice, tracked -> any || tracked.state.isTerminal(), job -> sluice.delete(job.id()));
    } else if (roll < 97) {
      reconfigure(sluice);
    } else if (roll < 98) {
      process.frozenUntilNanos = world.monotonicNanos() + world.dice(90_000) * 1_000_000L;
    } else if (roll < 99) {
      world.crashed = true;
    } else {
      restart(which, sluice);
    }
  }

  private void step(Node process) {
    List<Node.SimulatedLoop> due =
        process.loops.stream().filter(loop -> loop.nanosToStep() == 0).toList();
    if (due.isEmpty()) {
      long wait = process.nanosToNextStep();
      world.advance(wait == Environment.Step.WHEN_WOKEN ? 1_000_000 : wait);
    } else {
      due.get(world.dice(due.size())).step();
    }
  }

  private void endWorker(Node process) {
    if (!process.workers.isEmpty()) {
      process.workers.get(world.dice(process.workers.size())).end();
    }
  }

  private void enqueue(Sluice sluice) {
    List<NewJob<String>> jobs = new ArrayList<>();
    int count = world.chance(0.2) ? 1 + world.dice(6) : 1;
    for (int i = 0; i < count; i++) {
      jobs.add(
          new NewJob<>(
              anyType(), "payload " + enqueued++ + " " + "x".repeat(world.dice(40)), anyOptions()));
    }
    try {
      for (Admission admission : sluice.enqueue(jobs)) {
        if (admission instanceof Admission.Accepted(var id)) {
          Violation.unless(ledger.knows(id), "I3", "an answer that the engine never gave");
        }
      }
    } catch (EngineUnavailableException nobodyKnows) {
      // The ledger has looked which of them exist.
    }
  }

  private JobType<String> anyType() {
    int roll = world.dice(40);
    return roll == 0 ? POISON : roll == 1 ? ORPHAN : WORK;
  }

  private EnqueueOptions anyOptions() {
    EnqueueOptions options =
        EnqueueOptions.defaults()
            .withPriority(PRIORITIES.get(world.dice(PRIORITIES.size())))
            .withQueue(world.chance(0.3) ? LIMITED : PLAIN);
    if (world.chance(0.2)) {
      options = options.withDelay(Duration.ofMillis(world.dice(30_000)));
    }
    if (world.chance(0.3)) {
      options = options.withKey("key " + world.dice(8));
    }
    if (world.chance(0.1)) {
      options = options.withTimeToStart(Duration.ofMillis(1 + world.dice(20_000)));
    }
    if (world.chance(0.1)) {
      options = options.withTimeout(Duration.ofMillis(1 + world.dice(10_000)));
    }
    return options;
  }

  /// What the user's code does; called when the simulation lets a handler end.
  private Outcome work(Node process) throws InterruptedException {
    Node.SimulatedWorker worker = process.current;
    if (calm) {
      return Outcome.done();
    }
    if (worker != null && worker.interrupted && world.chance(0.7)) {
      throw new InterruptedException("asked to stop");
    }
    return switch (world.dice(16)) {
      case 0, 1 -> throw new IllegalStateException("failed");
      case 2 -> Outcome.retry("again");
      case 3 -> Outcome.retry(Duration.ofMillis(world.dice(5_000)), "again, soon");
      case 4 -> Outcome.snooze(Duration.ofMillis(world.dice(5_000)));
      case 5 -> Outcome.bury("useless");
      default -> Outcome.done();
    };
  }

  private Outcome die(String payload, JobContext job) {
    world.crashed = true;
    return Outcome.done();
  }

  private void steer(Sluice sluice, Predicate<Tracked> fit, Consumer<Job> action) {
    List<Job> jobs = ledger.jobs().stream().filter(fit).map(tracked -> tracked.job).toList();
    if (!jobs.isEmpty() && !sluice.queues().isEmpty()) {
      action.accept(jobs.get(world.dice(jobs.size())));
    }
  }

  private void reconfigure(Sluice sluice) {
    if (world.chance(0.5)) {
      sluice.pause(PLAIN);
    } else {
      sluice.resume(PLAIN);
    }
    long capacity = 5L + world.dice(30);
    sluice.reconfigure(PLAIN, policy -> policy.withCapacity(capacity));
  }

  private void restart(int which, Sluice sluice) {
    sluice.close(Duration.ZERO);
    died(which);
  }

  private void ensureRunning(int which) {
    if (sluices.get(which) == null) {
      ledger.acting = which;
      sluices.set(which, start(processes.get(which)));
    }
  }

  private Sluice running(int which) {
    return Objects.requireNonNull(sluices.get(which));
  }

  private void bury(int which) {
    ledger.mustHold();
    if (world.crashed) {
      died(which);
      buggy.processDied();
      world.crashed = false;
    }
  }

  private void died(int which) {
    boolean alone = processes.size() == 1;
    processes.get(which).die();
    sluices.set(which, null);
    ledger.processDied(which, alone);
    if (alone) {
      model.reopen();
    }
  }

  private Sluice start(Node process) {
    QueuePolicy plain = policy().withConcurrency(4);
    QueuePolicy limited =
        policy().withConcurrency(2).withCapacity(8).withRate(Rate.perSecond(10).withBurst(3));
    ledger.allow(PLAIN, limits(plain));
    ledger.allow(LIMITED, limits(limited));
    Environment.Clock clock =
        bug == Bug.RATE_TOO_FAST
            ? clock(() -> world.monotonicNanos() * 3, world::wallMillis)
            : world;
    SplittableRandom random = world.random.split();
    SluiceBuilder builder =
        Sluice.on(ledger)
            .environment(new Environment(clock, random, process))
            .queue(PLAIN, plain)
            .queue(LIMITED, limited)
            .handle(WORK, (_, _) -> work(process))
            .handle(POISON, this::die);
    Sluice sluice = builder.start();
    if (!calm) {
      sluice.schedule("tick", Schedule.every(Duration.ofSeconds(20)), WORK, "tick");
    }
    return sluice;
  }

  private static QueuePolicy policy() {
    return QueuePolicy.defaults()
        .withCapacity(new Bound(20, 400))
        // Shorter than the timeout, so that leases end before handlers do.
        .withLease(Duration.ofSeconds(5))
        .withTimeout(Duration.ofSeconds(15))
        .withGrace(Duration.ofSeconds(2))
        .withRetry(
            RetryPolicy.defaults()
                .withMaxAttempts(4)
                .withDelay(Duration.ofSeconds(1))
                .withMaxDelay(Duration.ofSeconds(10)))
        .withRetention(new Retention(EVERYTHING, EVERYTHING));
  }

  private static Ledger.Limits limits(QueuePolicy policy) {
    return new Ledger.Limits(
        policy.concurrency(),
        policy.retry().maxAttempts(),
        policy.maxCrashes(),
        policy.rate().map(Rate::permits).orElse(0L),
        policy.rate().map(Rate::burst).orElse(1L));
  }

  /// No more faults: everything that was accepted must reach its end in bounded time.
  private void calm() {
    calm = true;
    faulty.misbehave(0, 0);
    world.wakeLoss = 0;
    world.mendWall();
    for (int which = 0; which < processes.size(); which++) {
      processes.get(which).frozenUntilNanos = 0;
      ensureRunning(which);
      ledger.acting = which;
      running(which).unschedule("tick");
    }
    running(0).resume(PLAIN);
    for (int round = 0; round < CALM_ROUNDS; round++) {
      if (allEnded()) {
        ledger.allHasEnded(Simulation::isUnhandled);
        return;
      }
      calmRound();
    }
    ledger.allHasEnded(Simulation::isUnhandled);
  }

  private boolean allEnded() {
    return processes.stream().allMatch(process -> process.workers.isEmpty())
        && ledger.jobs().stream()
            .allMatch(tracked -> tracked.state.isTerminal() || isUnhandled(tracked));
  }

  /// Jobs of a type without a handler are parked for ever, and visible.
  private static boolean isUnhandled(Tracked tracked) {
    return tracked.job.type().equals(ORPHAN.name()) && tracked.state.isWaiting();
  }

  private void calmRound() {
    long wait = Environment.Step.WHEN_WOKEN;
    for (int which = 0; which < processes.size(); which++) {
      ensureRunning(which);
      Node process = processes.get(which);
      ledger.acting = which;
      for (Node.SimulatedLoop loop : List.copyOf(process.loops)) {
        if (loop.nanosToStep() == 0) {
          loop.step();
        }
      }
      if (!process.workers.isEmpty()) {
        process.workers.getFirst().end();
      }
      bury(which);
      wait = Math.min(wait, process.workers.isEmpty() ? process.nanosToNextStep() : 0);
    }
    Violation.unless(
        wait != Environment.Step.WHEN_WOKEN || sluices.contains(null),
        "I9",
        "nobody will ever look");
    if (wait > 0 && wait != Environment.Step.WHEN_WOKEN) {
      world.advance(wait);
    }
  }
}
