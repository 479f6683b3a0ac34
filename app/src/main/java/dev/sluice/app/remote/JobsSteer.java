package dev.sluice.app.remote;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is done to jobs: to some that are named, or to all that a filter finds.
///
/// Threading: confined to the main thread.
abstract sealed class JobsSteer implements Callable<Integer> {
  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Parameters(arity = "0..*", paramLabel = "ID", description = "The jobs.")
  private List<String> ids = List.of();

  private final String verb;

  JobsSteer(String verb) {
    this.verb = verb;
  }

  /// Stops jobs that wait, and asks those that run.
  @Command(
      name = "cancel",
      description = "Stops jobs that wait, and asks those that run to stop.",
      mixinStandardHelpOptions = true)
  static final class Cancel extends ByFilter {
    Cancel() {
      super("cancel");
    }
  }

  /// Lets ended jobs wait again.
  @Command(
      name = "retry",
      description = "Lets dead and cancelled jobs wait again.",
      mixinStandardHelpOptions = true)
  static final class Retry extends ByFilter {
    Retry() {
      super("retry");
    }
  }

  /// Removes jobs.
  @Command(
      name = "delete",
      description = "Removes jobs that do not run.",
      mixinStandardHelpOptions = true)
  static final class Delete extends ByFilter {
    Delete() {
      super("delete");
    }
  }

  /// Lets jobs start that wait for their time.
  @Command(
      name = "run-now",
      description = "Lets jobs start that wait for their time.",
      mixinStandardHelpOptions = true)
  static final class RunNow extends JobsSteer {
    RunNow() {
      super("run-now");
    }
  }

  /// What can be done to many jobs at once.
  abstract static sealed class ByFilter extends JobsSteer {
    @Mixin private JobFilter filter = new JobFilter();

    @Option(names = "--all", description = "All jobs that the filter finds.")
    private boolean all;

    @Option(names = "--dry-run", description = "With --all: only counts.")
    private boolean dryRun;

    @Option(names = "--yes", description = "With --all: does it.")
    private boolean yes;

    ByFilter(String verb) {
      super(verb);
    }

    @Override
    public Integer call() throws InterruptedException {
      Map<String, String> values = filter.values();
      if (!all) {
        if (!values.isEmpty() || dryRun) {
          throw server().bad("all: a filter or --dry-run needs --all");
        }
        return super.call();
      }
      if (hasIds()) {
        throw server().bad("ID: cannot be given together with --all");
      }
      if (!values.containsKey("queue")) {
        throw server().bad("all: needs a --queue");
      }
      try (Remote remote = server().remote()) {
        return byFilter(remote, values);
      }
    }

    private int byFilter(Remote remote, Map<String, String> values) throws InterruptedException {
      boolean does = yes && !dryRun;
      ObjectNode body = Json.object();
      values.forEach(body::put);
      body.put("dryRun", !does);
      Output output = server().output();
      Sum sum = new Sum();
      do {
        JsonNode answer = remote.post("/v1/jobs:" + verb(), body);
        sum.add(answer);
        if (output.json()) {
          output.json(answer);
        }
        Json.text(answer, "next").ifPresent(next -> body.put("cursor", next));
        // Without a cursor the rest comes first when these are gone.
        sum.more &= answer.has("next") || (does && Json.number(answer, "done") > 0);
      } while (sum.more);
      output.say(does ? sum.done(verb()) : "would " + verb() + " " + Numbers.jobs(sum.matched));
      if (!does && !dryRun) {
        output.note("nothing was done: say --yes to do it");
        return 1;
      }
      return sum.failed == 0 ? 0 : 1;
    }
  }

  /// What several requests did together.
  private static final class Sum {
    private long matched;
    private long done;
    private long requested;
    private long failed;
    private boolean more;

    void add(JsonNode answer) {
      matched += Json.number(answer, "matched");
      done += Json.number(answer, "done");
      requested += Json.number(answer, "requested");
      failed += Json.number(answer, "failed");
      more = Json.flag(answer, "more");
    }

    String done(String verb) {
      return verb
          + ": "
          + Numbers.jobs(done)
          + (requested > 0 ? ", " + Numbers.grouped(requested) + " that run were asked" : "")
          + (failed > 0 ? ", " + Numbers.grouped(failed) + " could not" : "");
    }
  }

  ServerOptions server() {
    return server;
  }

  boolean hasIds() {
    return !ids.isEmpty();
  }

  String verb() {
    return verb;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (ids.isEmpty()) {
      throw server.bad("ID: none given");
    }
    Output output = server.output();
    int failed = 0;
    try (Remote remote = server.remote()) {
      for (String id : ids) {
        try {
          one(remote, output, id);
        } catch (RemoteFailure failure) {
          if (failure.status() != 404 && failure.status() != 409) {
            throw failure;
          }
          failed++;
          output.note(id + ": " + failure.getMessage());
        }
      }
    }
    return failed == 0 ? 0 : 1;
  }

  private void one(Remote remote, Output output, String id) throws InterruptedException {
    String path = "/v1/jobs/" + Remote.segment(id);
    JsonNode answer =
        verb.equals("delete") ? remote.delete(path) : remote.post(path + ":" + verb, Json.object());
    if (output.json()) {
      output.json(answer);
    } else {
      String state =
          Json.text(answer, "state")
              .map(text -> " " + text)
              .orElse(verb.equals("delete") ? " gone" : "");
      boolean asked = Json.flag(answer, "cancelRequested");
      output.print(Harmless.line(id + state + (asked ? ", was asked to stop" : "")));
    }
  }
}
