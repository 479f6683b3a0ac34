package dev.sluice.server;

import dev.sluice.JobStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Inspectable;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Looking at jobs.
///
/// Threading: thread-safe.
final class JobRoutes {
  private static final int PAGE = 100;
  private static final Set<String> FILTER =
      Set.of("queue", "state", "type", "key", "q", "limit", "cursor");

  private final Sluice sluice;
  private final Environment.Clock clock;
  private final JobWaits waits;

  JobRoutes(Sluice sluice, Environment.Clock clock, JobWaits waits) {
    this.sluice = sluice;
    this.clock = clock;
    this.waits = waits;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/v1/jobs", Scope.READ, FILTER, this::list),
        Route.get("/v1/jobs/{id}", Scope.READ, Set.of("wait"), this::show));
  }

  private void show(Call call) {
    JobId id = call.id();
    Duration wait = call.query("wait", JobRoutes::wait).orElse(Duration.ZERO);
    JobStatus status = permitted(sluice, call, id);
    if (wait.isPositive() && !status.view().state().isTerminal()) {
      status = waits.await(call, id, status, wait);
      if (call.isClientGone()) {
        throw new CloseConnectionException("the client went while it waited for a job");
      }
    }
    send(call, Status.OK_200, status, clock);
  }

  private static Duration wait(String text) {
    Duration wait = Durations.parse(text);
    if (wait.compareTo(JobWaits.LONGEST) > 0) {
      throw new IllegalArgumentException("must be at most " + Durations.text(JobWaits.LONGEST));
    }
    return wait;
  }

  /// The job of that id, if the caller may use its queue; a job of another queue is none for it.
  ///
  /// @throws ProblemException 404 when there is none
  static JobStatus permitted(Sluice sluice, Call call, JobId id) {
    return Asked.of(() -> sluice.find(id))
        .filter(status -> call.caller().mayUse(status.view().job().queue()))
        .orElseThrow(Call::noJob);
  }

  static void send(Call call, Status status, JobStatus job, Environment.Clock clock) {
    boolean payload = call.caller().may(Scope.READ_PAYLOAD);
    call.send(status, new JobJson(call.mapper(), clock).of(job, payload));
  }

  private void list(Call call) {
    JobFilter filter =
        new JobFilter(
            call.query("type"),
            call.query("key"),
            call.query("q"),
            call.caller().may(Scope.READ_PAYLOAD));
    int limit = call.query("limit", JobRoutes::limit).orElse(PAGE);
    List<JobState> states =
        call.query("state", JobRoutes::state).map(List::of).orElse(List.of(JobState.values()));
    Optional<String> queue = call.query("queue");
    List<String> queues =
        queue
            .map(name -> List.of(known(sluice, call.permitted(name))))
            .orElseGet(() -> sluice.queues().stream().filter(call.caller()::mayUse).toList());
    Map<String, Object> answer = new LinkedHashMap<>();
    JobWalk.Found found =
        queues.isEmpty()
            ? new JobWalk.Found(List.of(), null)
            : Asked.of(() -> found(queues, states, filter, call, limit));
    answer.put("jobs", new JobJson(call.mapper(), clock).list(found.jobs(), filter.payload()));
    if (found.next() != null) {
      answer.put("next", found.next());
    }
    call.send(Status.OK_200, answer);
  }

  private JobWalk.Found found(
      List<String> queues, List<JobState> states, JobFilter filter, Call call, int limit) {
    Optional<List<JobView>> shortcut = shortcut(queues, states, filter);
    return shortcut.isPresent()
        ? new JobWalk.Found(shortcut.get(), null)
        : new JobWalk(sluice, queues, states, filter, call.query("cursor").orElse(null))
            .next(limit);
  }

  /// A whole id, or a key of one queue, is found without a walk.
  private Optional<List<JobView>> shortcut(
      List<String> queues, List<JobState> states, JobFilter filter) {
    if (!sluice.canFind()) {
      return Optional.empty();
    }
    Optional<JobStatus> one;
    Optional<JobId> id = filter.q().flatMap(JobRoutes::id);
    if (id.isPresent()) {
      one = sluice.find(id.get());
      if (one.isEmpty()) {
        // The text of an id may stand in the payload of another job.
        return Optional.empty();
      }
    } else if (filter.key().isPresent() && queues.size() == 1) {
      one = sluice.findByKey(queues.getFirst(), filter.key().get());
    } else {
      return Optional.empty();
    }
    return Optional.of(
        one
            .map(JobStatus::view)
            .filter(view -> queues.contains(view.job().queue()))
            .filter(view -> states.contains(view.state()))
            .filter(view -> filter.matches(view.job()))
            .stream()
            .toList());
  }

  private static Optional<JobId> id(String text) {
    try {
      return Optional.of(JobId.parse(text));
    } catch (IllegalArgumentException none) {
      return Optional.empty();
    }
  }

  /// The name of a queue that is there.
  ///
  /// @throws ProblemException 404 when it is not
  static String known(Sluice sluice, String queue) {
    if (!sluice.hasQueue(queue)) {
      throw Problem.of(Status.NOT_FOUND_404, "unknown-queue", "there is no queue of this name")
          .exception();
    }
    return queue;
  }

  private static int limit(String text) {
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= Inspectable.MAX_PAGE) {
        return limit;
      }
    } catch (NumberFormatException _) {
      // Said below, as for a number that is out of bounds.
    }
    throw new IllegalArgumentException("must be a whole number from 1 to " + Inspectable.MAX_PAGE);
  }

  static JobState state(String text) {
    return Arrays.stream(JobState.values())
        .filter(state -> state.name().equalsIgnoreCase(text))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException("must be one of " + Arrays.toString(JobState.values())));
  }
}
