package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Names;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// A gate for background work: jobs are handed over and answered at once, wait in bounded queues,
/// and are run with controlled concurrency and rate.
///
/// ```java
/// try (Sluice sluice = Sluice.on(MemoryEngine.open()).handle(WELCOME_EMAIL, mailer).start()) {
///   switch (sluice.enqueue(WELCOME_EMAIL, "ada@example.org")) {
///     case Accepted(var id) -> ...
///     case Duplicate(var id) -> ...
///     case Refused(var reason, var retryAfter) -> ...
///   }
/// }
/// ```
///
/// Accepted once, started at least once, finished once: a job whose enqueue was answered with
/// [Admission.Accepted] is kept as safely as the engine promises, is started at least once, and
/// reaches one terminal state.
///
/// Threading: thread-safe. Calls may block for the engine's I/O; an interrupt does not cut them
/// short and stays set.
public final class Sluice implements AutoCloseable {
  /// How long [#close()] lets jobs run.
  public static final Duration DEFAULT_CLOSE = Duration.ofSeconds(25);

  private static final long UNRESPONSIVE_NANOS = 15_000_000_000L;

  private final Engine engine;
  private final Limits limits;
  private final Environment environment;
  private final Map<String, QueueRuntime> queues;
  private final boolean works;
  private final Ids ids;
  private final GroupCommitter committer;
  private final Recurring recurring;
  private final Runs runs = new Runs();
  private final Settler settler;
  private final Keeper keeper;
  private final Closing closing;

  private Sluice(SluiceBuilder builder, Listeners listeners) {
    engine = builder.engine;
    limits = engine.limits();
    environment = builder.environment;
    works = !builder.registrations.isEmpty();
    Environment.Clock clock = environment.clock();
    queues = new TreeMap<>();
    builder.policies.forEach(
        (name, policy) -> queues.put(name, new QueueRuntime(name, policy, clock.monotonicNanos())));
    ids = new Ids(clock, environment.random());
    committer = new GroupCommitter(engine);
    recurring =
        new Recurring(
            clock, job -> enqueue(List.of(job)).getFirst(), id -> controllable().cancelWaiting(id));
    settler = new Settler(engine, environment, runs, listeners);
    Map<String, QueueRuntime> worked = works ? queues : Map.of();
    Reaper reaper = new Reaper(engine, clock, queues, listeners);
    keeper =
        new Keeper(
            clock,
            new LeaseKeeper(engine, clock, runs),
            reaper,
            recurring,
            new Pruner(engine, queues),
            new StuckCheck(engine, clock, worked));
    Dispatcher dispatcher =
        new Dispatcher(
            engine,
            environment,
            worked,
            Map.copyOf(builder.registrations),
            runs,
            settler,
            listeners,
            recurring);
    Environment.Threads threads = environment.threads();
    // The settler first and the dispatcher last: nothing starts before its end can be recorded.
    Loop settling = threads.loop("sluice-settler", settler);
    settler.wakeBy(settling::wake);
    Loop watching =
        threads.loop("sluice-watchdog", new Watchdog(environment, runs, settler, listeners));
    // Before the keeper, whose reaper it is from then on.
    reclaim(reaper);
    Loop keeping = threads.loop("sluice-keeper", keeper);
    Loop dispatching = threads.loop("sluice-dispatcher", dispatcher);
    settler.onSlotsFreed(dispatching::wake);
    recurring.connect(keeping::wake);
    engine.onWork(() -> {
      if (dispatcher.hasFreeSlot()) {
        dispatching.wake();
      }
    });
    closing =
        new Closing(
            engine, clock, runs, settler, listeners, dispatching, watching, settling, keeping);
  }

  /// Takes back what an earlier process left running before anything starts, so that an interrupted
  /// job keeps its place ahead of those that waited behind it.
  private static void reclaim(Reaper reaper) {
    try {
      while (reaper.step() == Environment.Step.AT_ONCE) {}
    } catch (EngineUnavailableException _) {
      // The keeper tries again, and says so.
    }
  }

  /// The way to start one: names the engine, which the Sluice will own and close.
  public static SluiceBuilder on(Engine engine) {
    return new SluiceBuilder(Objects.requireNonNull(engine, "engine: must not be null"));
  }

  static Sluice start(SluiceBuilder builder) {
    return new Sluice(builder, new Listeners(builder.listeners));
  }

  /// Hands over a job.
  ///
  /// @throws IllegalArgumentException when the queue is unknown, the payload is larger than the
  ///   engine takes, or the delay is longer than it can hold
  /// @throws CodecException when the payload cannot be encoded
  /// @throws EngineUnavailableException when the engine could not take it, or cannot tell whether
  ///   it did; with a key, trying again is safe
  public <T> Admission enqueue(JobType<T> type, T payload) {
    return enqueue(type, payload, EnqueueOptions.defaults());
  }

  /// Hands over a job, with options.
  ///
  /// @throws IllegalArgumentException as [#enqueue(JobType, Object)]
  /// @throws CodecException as [#enqueue(JobType, Object)]
  /// @throws EngineUnavailableException as [#enqueue(JobType, Object)]
  public <T> Admission enqueue(JobType<T> type, T payload, EnqueueOptions options) {
    NewJob<T> newJob = new NewJob<>(type, payload, options);
    QueueRuntime queue = queue(newJob);
    if (closing.begun()) {
      return stopping(queue);
    }
    long now = environment.clock().wallMillis();
    Job job = job(ids.id(ids.reserve(1, now)), queue, newJob, now);
    List<Offer> offer = List.of(new Offer(job, queue.policy().capacity()));
    return answer(queue, committer.commit(offer).getFirst());
  }

  /// Hands over many jobs; each gets its own answer, in order. Jobs that go into one batch of the
  /// engine share its commit.
  ///
  /// @throws IllegalArgumentException as [#enqueue(JobType, Object)]; then none was handed over
  /// @throws CodecException as [#enqueue(JobType, Object)]; then none was handed over
  /// @throws EngineUnavailableException as [#enqueue(JobType, Object)]; earlier batches of a very
  ///   long list may have been taken
  public List<Admission> enqueue(List<? extends NewJob<?>> jobs) {
    Limits.requireEach("jobs", jobs);
    List<Offer> offers = new ArrayList<>(jobs.size());
    List<QueueRuntime> targets = new ArrayList<>(jobs.size());
    long now = environment.clock().wallMillis();
    long tick = ids.reserve(jobs.size(), now);
    for (NewJob<?> newJob : jobs) {
      QueueRuntime queue = queue(newJob);
      targets.add(queue);
      offers.add(new Offer(job(ids.id(tick++), queue, newJob, now), queue.policy().capacity()));
    }
    if (closing.begun()) {
      return targets.stream().map(Sluice::stopping).toList();
    }
    List<Admission> answers = new ArrayList<>(jobs.size());
    for (int from = 0; from < offers.size(); from += limits.batch()) {
      int to = Math.min(offers.size(), from + limits.batch());
      for (Admission admission : committer.commit(offers.subList(from, to))) {
        answers.add(answer(targets.get(answers.size()), admission));
      }
    }
    return answers;
  }

  private <T> Job job(JobId id, QueueRuntime queue, NewJob<T> newJob, long now) {
    return Intake.job(id, queue, newJob.type(), newJob.payload(), newJob.options(), now, limits);
  }

  private static Admission stopping(QueueRuntime queue) {
    queue.counters.refused.increment();
    return new Admission.Refused(Admission.Reason.STOPPING, Optional.empty());
  }

  /// Counts the engine's answer, and gives a refusal its time.
  private Admission answer(QueueRuntime queue, Admission admission) {
    return switch (admission) {
      case Admission.Accepted _ -> {
        queue.counters.accepted.increment();
        yield admission;
      }
      case Admission.Duplicate _ -> {
        queue.counters.duplicates.increment();
        yield admission;
      }
      case Admission.Refused(var reason, _) -> {
        queue.counters.refused.increment();
        yield refused(queue, reason);
      }
    };
  }

  private Admission refused(QueueRuntime queue, Admission.Reason reason) {
    if (queue.paused) {
      return new Admission.Refused(Admission.Reason.PAUSED, Optional.empty());
    }
    if (!works) {
      return new Admission.Refused(Admission.Reason.NO_WORKER, Optional.empty());
    }
    long now = environment.clock().monotonicNanos();
    Duration retryAfter =
        queue.drain.retryAfter(
            () -> runs.longest(queue, now),
            queue.running.get(),
            environment.random().nextDouble(),
            now);
    return new Admission.Refused(reason, Optional.of(retryAfter));
  }

  /// Puts a schedule in force: at each firing, a job of that type and payload runs once, also when
  /// several processes share the engine and have the same schedule. An earlier schedule of that
  /// name is replaced. Of firings that nobody was there for, one runs.
  ///
  /// @throws IllegalArgumentException when the name is none or the queue is unknown
  public <T> void schedule(String name, Schedule schedule, JobType<T> type, T payload) {
    schedule(name, schedule, NewJob.of(type, payload), Schedule.Missed.RUN_ONE);
  }

  /// Puts a schedule in force, with options. Of the job's options, key and run-at are the
  /// schedule's own, and so is time-to-start when missed firings are skipped: then a firing that
  /// has not started within a minute does not start at all.
  ///
  /// @throws IllegalArgumentException when the name is none, the queue is unknown, or the options
  ///   hold a delay
  public <T> void schedule(String name, Schedule schedule, NewJob<T> job, Schedule.Missed missed) {
    Names.require("schedule", name);
    Objects.requireNonNull(schedule, "schedule: must not be null");
    Objects.requireNonNull(job, "job: must not be null");
    Objects.requireNonNull(missed, "missed: must not be null");
    queue(job);
    if (job.options().delay().isPresent()) {
      throw new IllegalArgumentException("delay: cannot be set for a recurring job");
    }
    recurring.put(name, schedule, job, missed);
  }

  /// Takes a schedule out of force and cancels the firing that waits. One that runs goes on.
  ///
  /// @return whether there was such a schedule
  public boolean unschedule(String name) {
    Objects.requireNonNull(name, "schedule: must not be null");
    boolean known = recurring.names().contains(name);
    recurring.remove(name).ifPresent(id -> controllable().cancelWaiting(id));
    return known;
  }

  /// Names of the schedules in force in this process, sorted.
  public List<String> schedules() {
    return recurring.names();
  }

  /// The job of that id, if it is kept.
  ///
  /// @throws IllegalStateException when the engine cannot show jobs
  public Optional<JobStatus> find(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return inspectable().find(id).map(this::status);
  }

  private JobStatus status(JobView view) {
    long now = environment.clock().monotonicNanos();
    Optional<RunningJob> running =
        view.state() == JobState.RUNNING
            ? runs.find(view.id()).map(run -> run.show(now))
            : Optional.empty();
    return new JobStatus(view, eta(view, now), running);
  }

  private Optional<Duration> eta(JobView view, long nowNanos) {
    QueueRuntime queue = queues.get(view.job().queue());
    if (queue == null || queue.paused || !works) {
      return Optional.empty();
    }
    return switch (view.state()) {
      case READY -> queue.timeToStart(view.ahead(), nowNanos);
      case SCHEDULED ->
          Optional.ofNullable(view.dueAt())
              .map(due -> Duration.ofMillis(due.toEpochMilli() - environment.clock().wallMillis()))
              .map(left -> left.isNegative() ? Duration.ZERO : left);
      case RUNNING, SUCCEEDED, DEAD, CANCELLED -> Optional.empty();
    };
  }

  /// Cancels a waiting job, or asks a running one to stop: its thread is interrupted, and what the
  /// handler makes of that decides.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control cancel(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    Control control = controllable().cancel(id);
    if (control == Control.REQUESTED) {
      long now = environment.clock().monotonicNanos();
      runs.find(id).ifPresent(run -> run.interrupt(Ending.Interruption.CANCEL, now));
    }
    return control;
  }

  /// Lets an ended job run again, from attempt 1, if its queue has room.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control retry(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    Bound bound =
        inspectable()
            .find(id)
            .map(view -> queues.get(view.job().queue()))
            .map(queue -> queue.policy().capacity())
            .orElse(QueuePolicy.defaults().capacity());
    return controllable().retry(id, bound);
  }

  /// Stops starting jobs of a queue; enqueues go on until it is full. Kept by the engine.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot be steered
  public void pause(String queue) {
    pause(queue, true);
  }

  /// Undoes [#pause].
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot be steered
  public void resume(String queue) {
    pause(queue, false);
  }

  private void pause(String queue, boolean paused) {
    QueueRuntime runtime = queue(queue);
    controllable().pause(queue, paused);
    runtime.paused = paused;
    closing.wakeDispatcher();
  }

  /// Cancels all waiting jobs of a queue.
  ///
  /// @return how many
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot be steered
  public long purge(String queue) {
    queue(queue);
    int step = Math.min(1000, limits.batch());
    long all = 0;
    int some;
    do {
      some = controllable().purge(queue, step);
      all += some;
    } while (some == step);
    return all;
  }

  /// Changes the policy of a queue while it works. `change` must be a pure function: it is called
  /// again when somebody else changed the policy at the same time. Running jobs keep their timeout;
  /// fewer slots than running jobs means that none starts until enough have ended.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  public void reconfigure(String queue, UnaryOperator<QueuePolicy> change) {
    Objects.requireNonNull(change, "change: must not be null");
    QueueRuntime runtime = queue(queue);
    runtime.change(change);
    closing.wakeDispatcher();
  }

  /// The attempts that run in this process, zombies among them, with their live stacks.
  public List<RunningJob> running() {
    long now = environment.clock().monotonicNanos();
    return Stream.concat(runs.snapshot().stream(), runs.zombies().stream())
        .distinct()
        .map(run -> run.show(now))
        .toList();
  }

  /// Names of the queues of this process, sorted.
  public List<String> queues() {
    return List.copyOf(queues.keySet());
  }

  /// A queue at this moment.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot show jobs
  public QueueStatus status(String queue) {
    QueueRuntime runtime = queue(queue);
    return runtime.status(inspectable().counts(queue));
  }

  /// Whether this instance does its work. Asks nobody and never blocks.
  public Health health() {
    List<String> reasons = new ArrayList<>();
    if (closing.begun()) {
      reasons.add("shutting down");
    }
    engine.trouble().ifPresent(reasons::add);
    settler.trouble().ifPresent(reasons::add);
    long busyNanos = keeper.busyNanos(environment.clock().monotonicNanos());
    if (busyNanos > UNRESPONSIVE_NANOS) {
      reasons.add(
          "the engine has not answered for " + Duration.ofNanos(busyNanos).toSeconds() + " s");
    }
    for (QueueRuntime queue : queues.values()) {
      queue.complaints().forEach(reasons::add);
    }
    return new Health(reasons);
  }

  /// What the engine can hold and promises.
  public Limits limits() {
    return limits;
  }

  /// Stops: refuses new jobs, starts no more, lets running ones end; what is still running near the
  /// deadline is interrupted, and what ends then is given back with its attempt. Idempotent: a
  /// second call waits for the first and returns its report.
  ///
  /// @param deadline how long this may take in all, 0 to 1 day; the last fifth of it, at most 5 s,
  ///   is for interrupted jobs
  /// @throws IllegalStateException when a listener of this Sluice calls it
  public CloseReport close(Duration deadline) {
    return closing.close(
        QueuePolicy.requireBetween("close.deadline", deadline, Duration.ZERO, Duration.ofDays(1)));
  }

  /// Stops within [#DEFAULT_CLOSE].
  @Override
  public void close() {
    close(DEFAULT_CLOSE);
  }

  private QueueRuntime queue(NewJob<?> job) {
    return queue(job.options().queue().orElse(job.type().queue()));
  }

  private QueueRuntime queue(String name) {
    Objects.requireNonNull(name, "queue: must not be null");
    QueueRuntime queue = queues.get(name);
    if (queue == null) {
      throw new IllegalArgumentException(
          "queue: '" + name + "' is not configured; known are " + queues.keySet());
    }
    return queue;
  }

  private Inspectable inspectable() {
    if (engine instanceof Inspectable inspectable) {
      return inspectable;
    }
    throw new IllegalStateException("the engine '" + limits.engine() + "' cannot show jobs");
  }

  private Controllable controllable() {
    if (engine instanceof Controllable controllable) {
      return controllable;
    }
    throw new IllegalStateException("the engine '" + limits.engine() + "' cannot be steered");
  }
}
