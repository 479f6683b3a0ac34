package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What people do to jobs and queues, and what they are shown of them.
///
/// Threading: thread-safe.
final class Steering {
  private static final System.Logger LOG = System.getLogger("dev.sluice.steering");
  private static final int STEP = 1000;

  private final Engine engine;
  private final Environment.Clock clock;
  private final Queues queues;
  private final Runs runs;
  private final Listeners listeners;
  private final boolean handlers;
  private final Runnable wakeDispatcher;

  /// @param handlers whether job types have handlers here
  Steering(
      Engine engine,
      Environment.Clock clock,
      Queues queues,
      Runs runs,
      Listeners listeners,
      boolean handlers,
      Runnable wakeDispatcher) {
    this.engine = engine;
    this.clock = clock;
    this.queues = queues;
    this.runs = runs;
    this.listeners = listeners;
    this.handlers = handlers;
    this.wakeDispatcher = wakeDispatcher;
  }

  JobStatus status(JobView view) {
    long now = clock.monotonicNanos();
    Optional<RunningJob> running =
        view.state() == JobState.RUNNING
            ? runs.find(view.id()).map(run -> run.show(now))
            : Optional.empty();
    return new JobStatus(view, eta(view, now), running);
  }

  Optional<JobStatus> find(JobId id) {
    if (engine instanceof Inspectable inspectable) {
      return inspectable.find(id).map(this::status);
    }
    Run run = runs.find(id).orElseThrow(() -> cannot("look up a job that does not run here"));
    return Optional.of(status(view(run.claim)));
  }

  private static JobView view(Claim claim) {
    return new JobView(
        claim.job(),
        JobState.RUNNING,
        claim.attempt(),
        claim.crashes(),
        claim.lease().epoch(),
        -1,
        null,
        Instant.ofEpochMilli(claim.startedAtMillis()),
        null,
        null,
        false,
        List.of());
  }

  private Optional<Duration> eta(JobView view, long nowNanos) {
    QueueRuntime queue = queues.find(view.job().queue());
    if (queue == null || queue.paused || !queue.isWorked(handlers, nowNanos)) {
      return Optional.empty();
    }
    return switch (view.state()) {
      case READY -> queue.timeToStart(view.ahead(), nowNanos);
      case SCHEDULED ->
          Optional.ofNullable(view.dueAt())
              .map(due -> Duration.ofMillis(due.toEpochMilli() - clock.wallMillis()))
              .map(left -> left.isNegative() ? Duration.ZERO : left);
      case RUNNING, SUCCEEDED, DEAD, CANCELLED -> Optional.empty();
    };
  }

  Runnable listen(JobListener listener) {
    return listeners.add(listener);
  }

  Control cancel(JobId id) {
    if (!(engine instanceof Controllable steered)) {
      return cancelHere(id);
    }
    Control control = cancelled(steered.cancel(id));
    if (control == Control.REQUESTED) {
      long now = clock.monotonicNanos();
      runs.find(id).ifPresent(run -> run.interrupt(Ending.Interruption.CANCEL, now));
    } else {
      tellCancelled(id, control);
    }
    return control;
  }

  /// Tells of a waiting job that was cancelled; the end of a running one is told by its run.
  private void tellCancelled(JobId id, Control control) {
    if (control == Control.APPLIED
        && !listeners.isEmpty()
        && engine instanceof Inspectable inspectable) {
      inspectable
          .find(id)
          .ifPresent(view -> listeners.tell(new JobEvent.Cancelled(view.job(), view.attempt(), 0)));
    }
  }

  /// Where the engine cannot look a job up, one that runs in this process can still be stopped.
  private Control cancelHere(JobId id) {
    Run run = runs.find(id).orElseThrow(() -> cannot("cancel a job that does not run here"));
    run.interrupt(Ending.Interruption.CANCEL, clock.monotonicNanos());
    return Control.REQUESTED;
  }

  Control cancelWaiting(JobId id) {
    Control control = cancelled(controllable().cancelWaiting(id));
    tellCancelled(id, control);
    return control;
  }

  /// A place is free, in a queue that only the engine knows.
  private Control cancelled(Control control) {
    if (control == Control.APPLIED) {
      queues.all().forEach(queue -> queue.fullness.clear());
    }
    return control;
  }

  Control retry(JobId id) {
    if (engine instanceof Redrivable redrivable) {
      return among(queue -> redrive(redrivable, queue, Set.of(id)).get(id));
    }
    Bound bound =
        inspectable()
            .find(id)
            .map(view -> queues.find(view.job().queue()))
            .map(queue -> queue.policy().capacity())
            .orElse(QueuePolicy.defaults().capacity());
    return controllable().retry(id, bound);
  }

  Control delete(JobId id) {
    return engine instanceof Redrivable redrivable
        ? among(
            queue -> redrivable.forget(queue.name(), Set.of(id)).isEmpty() ? null : Control.APPLIED)
        : controllable().delete(id);
  }

  /// Asks queue by queue, for engines that do not know a job's queue by its id.
  private Control among(Function<QueueRuntime, @Nullable Control> ask) {
    for (QueueRuntime queue : queues.all()) {
      Control answer = ask.apply(queue);
      if (answer != null) {
        return answer;
      }
    }
    return Control.NOT_FOUND;
  }

  private static Map<JobId, Control> redrive(
      Redrivable redrivable, QueueRuntime queue, Set<JobId> ids) {
    return redrivable.redrive(queue.name(), ids, queue.policy().capacity());
  }

  /// As [#retry(JobId)], many at a time.
  Map<JobId, Control> retry(String queue, Set<JobId> ids) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Set<JobId> all = Set.copyOf(Objects.requireNonNull(ids, "ids: must not be null"));
    QueueRuntime runtime = queues.require(queue);
    return engine instanceof Redrivable redrivable
        ? whole(all, redrive(redrivable, runtime, all)::get)
        : whole(all, this::retry);
  }

  /// As [#delete(JobId)], many at a time.
  Map<JobId, Control> delete(String queue, Set<JobId> ids) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Set<JobId> all = Set.copyOf(Objects.requireNonNull(ids, "ids: must not be null"));
    queues.require(queue);
    if (!(engine instanceof Redrivable redrivable)) {
      return whole(all, this::delete);
    }
    Set<JobId> gone = redrivable.forget(queue, all);
    return whole(all, id -> gone.contains(id) ? Control.APPLIED : null);
  }

  private static Map<JobId, Control> whole(
      Set<JobId> ids, Function<JobId, @Nullable Control> answer) {
    Map<JobId, Control> all = new LinkedHashMap<>();
    for (JobId id : ids) {
      all.put(id, Objects.requireNonNullElse(answer.apply(id), Control.NOT_FOUND));
    }
    return all;
  }

  Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    if (engine instanceof Redrivable redrivable) {
      if (state != JobState.DEAD) {
        throw cannot(
            "list jobs that are " + state + ", only those that are DEAD; ask for that state");
      }
      return new Page(redrivable.dead(queue, limit), null);
    }
    return inspectable().list(queue, state, limit, cursor);
  }

  void pause(String name, boolean paused) {
    QueueRuntime queue = queues.require(name);
    controllable().pause(name, paused);
    queue.paused = paused;
    wakeDispatcher.run();
  }

  long purge(String name) {
    queues.require(name);
    int step = Math.min(STEP, engine.limits().batch());
    // No more than wait now: producers may be as quick as this.
    long most = countable().counts(name).waiting();
    long all = 0;
    int some;
    do {
      some = controllable().purge(name, step);
      queues.require(name).fullness.clear();
      all += some;
    } while (some == step && all < most);
    return all;
  }

  /// Forgets a queue in which nothing waits or runs, and the ended jobs that are kept of it.
  ///
  /// @param schedule a schedule that fires into a queue, if there is one
  /// @throws IllegalStateException when something does
  void drop(String name, Function<String, Optional<String>> schedule) {
    queues.require(name);
    requireUnused(name, schedule);
    Optional<QueueRuntime> removed = queues.remove(name);
    boolean paused;
    try {
      // Once more, for what was handed over before the name was gone.
      paused = requireUnused(name, schedule).paused();
    } catch (RuntimeException notEmpty) {
      removed.ifPresent(queues::putBack);
      throw notEmpty;
    }
    removed.ifPresent(queue -> queue.pulls.close());
    try {
      forget(name, paused);
    } catch (EngineUnavailableException unavailable) {
      // The queue is gone all the same.
      LOG.log(
          System.Logger.Level.WARNING,
          "ended jobs of the dropped queue '" + name + "' stay: " + unavailable.getMessage());
    }
  }

  private void forget(String name, boolean paused) {
    if (paused) {
      // A queue of that name that comes later is not to be paused from its start.
      controllable().pause(name, false);
    }
    if (engine instanceof Retaining retaining) {
      Retention nothing = Retention.none();
      while (retaining.prune(name, nothing, STEP) == STEP) {}
    }
  }

  private Countable.Counts requireUnused(String name, Function<String, Optional<String>> schedule) {
    schedule
        .apply(name)
        .ifPresent(user -> {
          throw new IllegalStateException(
              "queue: '" + name + "' is still used by the schedule '" + user + "'");
        });
    Countable.Counts counts = countable().counts(name);
    if (counts.waiting() + counts.running() > 0) {
      throw new IllegalStateException(
          "queue: '"
              + name
              + "' must be empty, "
              + counts.waiting()
              + " jobs wait and "
              + counts.running()
              + " run");
    }
    return counts;
  }

  Countable countable() {
    if (engine instanceof Countable countable) {
      return countable;
    }
    throw cannot("count jobs");
  }

  Inspectable inspectable() {
    if (engine instanceof Inspectable inspectable) {
      return inspectable;
    }
    throw cannot("look jobs up");
  }

  Controllable controllable() {
    if (engine instanceof Controllable controllable) {
      return controllable;
    }
    throw cannot("be steered");
  }

  Remembering remembering() {
    if (engine instanceof Remembering remembering) {
      return remembering;
    }
    throw cannot("keep settings");
  }

  /// Refuses what would fire twice, because the engine does not tell firings apart by their key.
  void requireUniqueKeys() {
    if (engine.limits().keys() != Limits.Keys.UNIQUE) {
      throw cannot("keep schedules, for it cannot tell whether a firing was handed over before");
    }
  }

  private IllegalStateException cannot(String what) {
    return new IllegalStateException(
        "the engine '" + engine.limits().engine() + "' cannot " + what);
  }
}
