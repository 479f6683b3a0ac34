package dev.sluice.server;

import dev.sluice.JobStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Inspectable;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import io.helidon.http.Method;
import io.helidon.http.Status;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Steering jobs, one by one and many that match.
///
/// Threading: thread-safe.
final class JobControlRoutes {
  private static final int BODY = 64 << 10;
  private static final int LIMIT = 1000;
  private static final int MOST = 10_000;

  private static final List<JobState> ENDED =
      List.of(JobState.SUCCEEDED, JobState.DEAD, JobState.CANCELLED);

  private final Sluice sluice;
  private final Environment.Clock clock;

  JobControlRoutes(Sluice sluice, Environment.Clock clock) {
    this.sluice = sluice;
    this.clock = clock;
  }

  List<Route> routes() {
    return List.of(
        one(Method.POST, "/v1/jobs/{id}:cancel", call -> steer(call, sluice::cancel)),
        one(Method.POST, "/v1/jobs/{id}:retry", this::retry),
        one(Method.POST, "/v1/jobs/{id}:run-now", call -> steer(call, sluice::runNow)),
        one(Method.DELETE, "/v1/jobs/{id}", this::delete),
        one(
            Method.POST,
            "/v1/jobs:cancel",
            call ->
                many(
                    call,
                    List.of(JobState.SCHEDULED, JobState.READY, JobState.RUNNING),
                    (_, ids) -> each(ids, sluice::cancel))),
        one(
            Method.POST,
            "/v1/jobs:retry",
            call -> many(call, List.of(JobState.DEAD), sluice::retry)),
        one(Method.POST, "/v1/jobs:delete", call -> many(call, ENDED, this::letGo)));
  }

  private static Route one(Method method, String path, Endpoint endpoint) {
    return Route.audited(method, path, Scope.OPERATE, endpoint);
  }

  private void steer(Call call, Function<JobId, Control> work) {
    JobId id = call.id();
    JobStatus before = known(call, id);
    Control control = Asked.of(() -> work.apply(id));
    require(control, before.view());
    Status status = control == Control.REQUESTED ? Status.ACCEPTED_202 : Status.OK_200;
    JobRoutes.send(call, status, after(id).orElse(before), clock);
  }

  private void retry(Call call) {
    if (sluice.canFind()) {
      steer(call, sluice::retry);
      return;
    }
    JobId id = call.id();
    JobView before = known(call, id).view();
    require(Asked.of(() -> sluice.retry(id)), before);
    // Nobody can look it up from now on, but this is what became of it.
    JobRoutes.send(
        call,
        Status.OK_200,
        new JobStatus(waiting(before), Optional.empty(), Optional.empty()),
        clock);
  }

  private static JobView waiting(JobView dead) {
    return new JobView(
        dead.job(),
        JobState.READY,
        0,
        0,
        dead.epoch(),
        -1,
        null,
        null,
        null,
        null,
        false,
        dead.attempts());
  }

  private Optional<JobStatus> after(JobId id) {
    return sluice.canFind() ? sluice.find(id) : Optional.empty();
  }

  /// The job as it stands. An engine that cannot look jobs up is asked for its dead ones: those and
  /// the running ones are all that can be steered there.
  private JobStatus known(Call call, JobId id) {
    if (sluice.canFind() || sluice.running().stream().anyMatch(run -> run.id().equals(id))) {
      return JobRoutes.permitted(sluice, call, id);
    }
    return sluice.queues().stream()
        .filter(call.caller()::mayUse)
        .flatMap(queue -> dead(queue).stream())
        .filter(view -> view.id().equals(id))
        .findFirst()
        .map(view -> new JobStatus(view, Optional.empty(), Optional.empty()))
        .orElseThrow(() ->
            Problem.of(
                    Status.NOT_FOUND_404,
                    "unknown-job",
                    "no job of this id is dead or runs here; whether it waits, the engine '"
                        + sluice.limits().engine()
                        + "' cannot tell")
                .exception());
  }

  private List<JobView> dead(String queue) {
    return Asked.of(() -> sluice.list(queue, JobState.DEAD, Inspectable.MAX_PAGE, null)).jobs();
  }

  private void delete(Call call) {
    JobId id = call.id();
    JobStatus before = known(call, id);
    require(Asked.of(() -> letGo(before.view())), before.view());
    call.noContent();
  }

  private Map<JobId, Control> letGo(String queue, Set<JobId> ids) {
    return sluice.canFind() ? each(ids, this::letGo) : sluice.delete(queue, ids);
  }

  private static Map<JobId, Control> each(Set<JobId> ids, Function<JobId, Control> work) {
    return ids.stream().collect(Collectors.toMap(id -> id, work));
  }

  private Control letGo(JobId id) {
    return sluice.find(id).map(status -> letGo(status.view())).orElse(Control.NOT_FOUND);
  }

  /// Cancels a waiting job first. One that has started meanwhile goes on, nobody asked to stop it:
  /// it cannot be deleted then, as any other that runs.
  private Control letGo(JobView view) {
    if (view.state().isWaiting()) {
      var _ = sluice.cancelWaiting(view.id());
    }
    return sluice.delete(view.id());
  }

  private static void require(Control control, JobView before) {
    switch (control) {
      case APPLIED, REQUESTED -> {}
      case NOT_FOUND -> throw Call.noJob();
      case WRONG_STATE ->
          throw Problem.of(
                  Status.CONFLICT_409,
                  "wrong-state",
                  "not possible in the state of the job, which was " + before.state())
              .with("state", before.state().name())
              .exception();
      case NO_ROOM ->
          throw Problem.of(
                  Status.SERVICE_UNAVAILABLE_503, "no-room", "the queue of the job is full")
              .later()
              .exception();
    }
  }

  private void many(Call call, List<JobState> usual, Work work) throws IOException {
    Fields fields = call.fields(BODY);
    String named = fields.text("queue").orElseThrow(() -> new BadField("/queue", "must be given"));
    String queue = JobRoutes.known(sluice, call.permitted(named));
    List<JobState> states = fields.text("state", JobRoutes::state).map(List::of).orElse(usual);
    JobFilter filter =
        new JobFilter(
            fields.text("type"),
            fields.text("key"),
            fields.text("q"),
            call.caller().may(Scope.READ_PAYLOAD));
    int limit = fields.whole("limit", 1, MOST).orElse((long) LIMIT).intValue();
    boolean dryRun = fields.flag("dryRun").orElse(false);
    String cursor = fields.text("cursor").orElse(null);
    fields.done();
    JobWalk walk = new JobWalk(sluice, List.of(queue), states, filter, cursor);
    call.send(Status.OK_200, Asked.of(() -> new Bulk(queue, work, dryRun).over(walk, limit)));
  }

  /// What is done to many jobs.
  private interface Work {
    Map<JobId, Control> on(String queue, Set<JobId> ids);
  }

  /// One call of many.
  ///
  /// Threading: confined to the request's thread.
  private static final class Bulk {
    private final String queue;
    private final Work work;
    private final boolean dryRun;
    private int matched;
    private int done;
    private int requested;
    private int failed;

    Bulk(String queue, Work work, boolean dryRun) {
      this.queue = queue;
      this.work = work;
      this.dryRun = dryRun;
    }

    /// All that match are found first, and then worked on: what is done to one moves it in the
    /// lists that are walked.
    Map<String, Object> over(JobWalk walk, int limit) {
      JobWalk.Ids found = walk.ids(limit);
      matched = found.ids().size();
      if (!dryRun && matched > 0) {
        work.on(queue, found.ids()).values().forEach(this::count);
      }
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("matched", matched);
      answer.put("done", done);
      answer.put("requested", requested);
      answer.put("failed", failed);
      answer.put("more", found.more());
      if (found.next() != null) {
        answer.put("next", found.next());
      }
      answer.put("dryRun", dryRun);
      return answer;
    }

    private void count(Control control) {
      switch (control) {
        case APPLIED -> done++;
        case REQUESTED -> requested++;
        case NOT_FOUND, WRONG_STATE, NO_ROOM -> failed++;
      }
    }
  }
}
