package dev.sluice;

import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Remembering;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Names;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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

  private final Engine engine;
  private final Environment environment;
  private final Queues queues;
  private final boolean handlers;
  private final Ids ids;
  private final Committers committers;
  private final Recurring recurring;
  private final Runs runs = new Runs();
  private final Answers answers;
  private final Settler settler;
  private final Keeper keeper;
  private final Closing closing;
  private final Steering steering;
  private final Workers workers;

  private Sluice(SluiceBuilder builder, Listeners listeners) {
    engine = builder.engine;
    queues = new Queues(engine);
    environment = builder.environment;
    handlers = !builder.registrations.isEmpty();
    Environment.Clock clock = environment.clock();
    long now = clock.monotonicNanos();
    builder.queues.forEach(
        (name, queue) -> queues.put(name, queue.policy(), queue.delivery(), now));
    ids = new Ids(clock, environment.random());
    committers = new Committers(engine, clock, builder.commitListener);
    recurring = new Recurring(clock, job -> enqueue(List.of(job)).getFirst(), this::cancelWaiting);
    answers = new Answers(committers, environment, runs, handlers, engine.limits().brokered());
    settler = new Settler(engine, environment, runs, listeners);
    Reaper reaper = new Reaper(engine, clock, queues, runs, listeners);
    keeper =
        new Keeper(
            clock,
            new LeaseKeeper(engine, environment, runs),
            reaper,
            recurring,
            new Pruner(engine, queues),
            new StuckCheck(engine, clock, queues, handlers));
    Dispatcher dispatcher =
        new Dispatcher(
            engine,
            environment,
            queues,
            Map.copyOf(builder.registrations),
            runs,
            settler,
            listeners,
            recurring);
    Environment.Threads threads = environment.threads();
    // The settler first and the dispatcher last: nothing starts before its end can be recorded.
    Loop settling = threads.loop("sluice-settler", settler);
    settler.wakeBy(settling::wake);
    Loop watching = threads.loop("sluice-watchdog", new Watchdog(environment, runs, listeners));
    // Before the keeper, whose reaper it is from then on.
    reaper.takeOver();
    Loop keeping = threads.loop("sluice-keeper", keeper);
    keeper.wakeBy(keeping::wake);
    Loop dispatching = threads.loop("sluice-dispatcher", dispatcher);
    settler.onSlotsFreed(dispatching::wake);
    recurring.connect(keeping::wake);
    engine.onLost(lease -> runs.lost(lease, clock.monotonicNanos()));
    engine.onWork(() -> {
      if (dispatcher.hasFreeSlot()) {
        dispatching.wake();
      }
    });
    closing =
        new Closing(
            engine,
            clock,
            queues,
            runs,
            settler,
            listeners,
            dispatching,
            watching,
            settling,
            keeping);
    steering = new Steering(engine, clock, queues, runs, listeners, handlers, dispatching::wake);
    workers = new Workers(engine, clock, queues, runs, dispatching::wake);
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
      return answers.stopping(queue);
    }
    long now = environment.clock().wallMillis();
    Offer offer = Intake.offer(ids.id(ids.reserve(1, now)), queue, newJob, now, engine);
    return answers.ask(queue, offer);
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
      offers.add(Intake.offer(ids.id(tick++), queue, newJob, now, engine));
    }
    if (closing.begun()) {
      return targets.stream().map(answers::stopping).toList();
    }
    List<Admission> admissions = new ArrayList<>(jobs.size());
    for (Admission admission : committers.commit(offers)) {
      admissions.add(answers.of(targets.get(admissions.size()), admission));
    }
    return admissions;
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
    steering.requireUniqueKeys();
    if (job.options().delay().isPresent()) {
      throw new IllegalArgumentException("delay: cannot be set for a recurring job");
    }
    recurring.put(name, schedule, job, missed);
    try {
      queue(job);
    } catch (IllegalArgumentException dropped) {
      // Dropped at this very moment by somebody who could not see the schedule yet.
      recurring.remove(name);
      throw dropped;
    }
  }

  /// Takes a schedule out of force and cancels the firing that waits. One that runs goes on.
  ///
  /// @return whether there was such a schedule
  public boolean unschedule(String name) {
    Objects.requireNonNull(name, "schedule: must not be null");
    boolean known = recurring.names().contains(name);
    recurring.remove(name).ifPresent(this::cancelWaiting);
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
    return steering.find(id);
  }

  /// Whether any job can be looked up, and not only one that runs here.
  public boolean canFind() {
    return engine instanceof Inspectable;
  }

  /// The newest job of that key in the queue, if it is kept.
  ///
  /// @throws IllegalStateException when the engine cannot show jobs
  public Optional<JobStatus> findByKey(String queue, String key) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(key, "key: must not be null");
    return steering.inspectable().findByKey(queue, key).map(steering::status);
  }

  /// Jobs of one queue in one state, in the order of [Inspectable#list].
  ///
  /// @param limit 1 to [Inspectable#MAX_PAGE]
  /// @param cursor where the page before this one ended; null for the first page
  /// @throws IllegalArgumentException when limit or cursor are none
  /// @throws IllegalStateException when the engine cannot show jobs
  public Inspectable.Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(state, "state: must not be null");
    return steering.list(queue, state, limit, cursor);
  }

  /// Cancels a waiting job, or asks a running one to stop: its thread is interrupted, and what the
  /// handler makes of that decides.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control cancel(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return steering.cancel(id);
  }

  /// Cancels a waiting job. One that runs goes on, and is answered with [Control#WRONG_STATE].
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control cancelWaiting(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return steering.cancelWaiting(id);
  }

  /// Lets an ended job run again, from attempt 1, if its queue has room.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control retry(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return steering.retry(id);
  }

  /// Lets ended jobs of a queue run again, as [#retry(JobId)] does, many at a time: what looks
  /// through all dead jobs for one does so once for all.
  ///
  /// @return what became of each
  public Map<JobId, Control> retry(String queue, Set<JobId> ids) {
    return steering.retry(queue, ids);
  }

  /// Makes a scheduled job ready now.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control runNow(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return steering.controllable().runNow(id);
  }

  /// Lets go of an ended job.
  ///
  /// @throws IllegalStateException when the engine cannot be steered
  public Control delete(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return steering.delete(id);
  }

  /// Lets go of ended jobs of a queue, as [#delete(JobId)] does, many at a time.
  ///
  /// @return what became of each
  public Map<JobId, Control> delete(String queue, Set<JobId> ids) {
    return steering.delete(queue, ids);
  }

  /// Stops starting jobs of a queue; enqueues go on until it is full. Kept by the engine.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot be steered
  public void pause(String queue) {
    steering.pause(queue, true);
  }

  /// Undoes [#pause], and throws what that does.
  public void resume(String queue) {
    steering.pause(queue, false);
  }

  /// Cancels all waiting jobs of a queue.
  ///
  /// @return how many
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot be steered
  public long purge(String queue) {
    return steering.purge(queue);
  }

  /// Changes the policy of a queue while it works. `change` must be a pure function: it is called
  /// again when somebody else changed the policy at the same time. Running jobs keep their timeout;
  /// fewer slots than running jobs means that none starts until enough have ended.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  public void reconfigure(String queue, UnaryOperator<QueuePolicy> change) {
    Objects.requireNonNull(change, "change: must not be null");
    queues.change(queue, change);
    closing.wakeDispatcher();
  }

  /// Checks that the engine can have a queue of that name and honour its policy.
  ///
  /// @throws IllegalArgumentException when it cannot
  public void requireDefinable(String queue, QueuePolicy policy) {
    queues.requireDefinable(queue, policy);
  }

  /// Adds a queue, or gives a known one another policy and delivery. Not kept by the engine.
  ///
  /// @throws IllegalArgumentException when the name is none, there are too many queues, or the
  ///   engine can have none of that name or not honour the policy
  public void define(String queue, QueuePolicy policy, Delivery delivery) {
    queues.put(
        Names.require("queue", queue),
        Objects.requireNonNull(policy, "policy: must not be null"),
        Objects.requireNonNull(delivery, "delivery: must not be null"),
        environment.clock().monotonicNanos());
    closing.wakeDispatcher();
  }

  /// Forgets a queue in which no job waits or runs, and its ended jobs. A job that is handed over
  /// at this very moment may be kept by the engine, and waits until the queue is defined again.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when it is not empty, a schedule fires into it, or the engine
  ///   cannot show jobs
  public void drop(String queue) {
    steering.drop(queue, recurring::into);
    committers.forget(queue);
  }

  /// The door for workers in other processes.
  public Workers workers() {
    return workers;
  }

  /// Small texts that the engine keeps beside the jobs, by name; none when it cannot keep any.
  public Map<String, String> remembered() {
    return engine instanceof Remembering kept ? kept.remembered() : Map.of();
  }

  /// Keeps a small text beside the jobs, in place of an earlier one of that name.
  ///
  /// @param text null to forget
  /// @throws IllegalArgumentException when name or text are longer than [Remembering] takes
  /// @throws IllegalStateException when the engine keeps none
  public void remember(String name, @Nullable String text) {
    Objects.requireNonNull(name, "name: must not be null");
    steering.remembering().remember(name, text);
  }

  /// The attempts that run in this process, zombies among them, with their live stacks.
  public List<RunningJob> running() {
    return runs.show(environment.clock().monotonicNanos());
  }

  /// Names who is told of each batch of enqueues from now on, in place of an earlier one.
  public void measure(CommitListener listener) {
    committers.measure(Objects.requireNonNull(listener, "listener: must not be null"));
  }

  /// Adds a listener, told of events from now on. Returns what undoes it.
  public Runnable listen(JobListener listener) {
    return steering.listen(listener);
  }

  /// Whether this process has a queue of that name.
  public boolean hasQueue(String queue) {
    return queues.find(Objects.requireNonNull(queue, "queue: must not be null")) != null;
  }

  /// Names of the queues of this process, sorted.
  public List<String> queues() {
    return queues.names();
  }

  /// A queue at this moment.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  /// @throws IllegalStateException when the engine cannot show jobs
  public QueueStatus status(String queue) {
    QueueRuntime runtime = queues.require(queue);
    return runtime.status(
        steering.countable().counts(queue), handlers, environment.clock().monotonicNanos());
  }

  /// What a job that is handed over to that queue now may expect. Asks nobody and never blocks.
  ///
  /// @throws IllegalArgumentException when the queue is unknown
  public Outlook outlook(String queue) {
    return queues.require(queue).outlook(handlers, environment.clock().monotonicNanos());
  }

  /// Whether this instance does its work. Asks nobody and never blocks.
  public Health health() {
    List<String> reasons = new ArrayList<>();
    if (closing.begun()) {
      reasons.add("shutting down");
    }
    engine.trouble().ifPresent(reasons::add);
    settler.trouble().ifPresent(reasons::add);
    keeper.trouble().ifPresent(reasons::add);
    queues.all().forEach(queue -> reasons.addAll(queue.complaints()));
    return new Health(reasons);
  }

  /// What the engine can hold and promises.
  public Limits limits() {
    return engine.limits();
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
    return queues.require(job.options().queue().orElse(job.type().queue()));
  }
}
