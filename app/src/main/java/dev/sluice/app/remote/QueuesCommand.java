package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import dev.sluice.app.remote.Table.Cell;
import dev.sluice.app.remote.Table.Column;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `sluice queues`: looks at queues, changes and steers them.
///
/// Threading: confined to the main thread.
@Command(
    name = "queues",
    description = "Looks at queues, changes and steers them.",
    mixinStandardHelpOptions = true)
final class QueuesCommand implements Callable<Integer> {
  private static final String QUEUE = "The queue.";

  /// Origins of queues that no configuration names.
  private static final Set<String> MADE = Set.of("created", "auto");

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw JobsCommand.missing(spec);
  }

  @Command(name = "list", description = "Lists the queues.", mixinStandardHelpOptions = true)
  int list(@Mixin ServerOptions server) throws InterruptedException {
    Output output = server.output();
    try (Remote remote = server.remote()) {
      JsonNode queues = remote.get("/v1/queues").path("queues");
      if (output.json()) {
        queues.values().forEach(output::json);
        return 0;
      }
      Table table =
          new Table(
              Column.left("QUEUE"),
              Column.right("READY"),
              Column.right("SCHEDULED"),
              Column.right("RUNNING"),
              Column.right("DEAD"),
              Column.right("OLDEST"),
              Column.right("DRAIN/S"),
              Column.right("REFUSED"),
              Column.left("STATE"));
      for (JsonNode queue : queues.values()) {
        row(table, new QueueRow(queue));
      }
      output.print(table);
      return 0;
    }
  }

  private static void row(Table table, QueueRow queue) {
    long dead = queue.count("DEAD");
    table.row(
        Cell.of(queue.name()),
        Cell.of(queue.shown(queue.count("READY"))),
        Cell.of(queue.shown(queue.count("SCHEDULED"))),
        Cell.of(queue.shown(queue.count("RUNNING"))),
        new Cell(queue.shown(dead), dead > 0 ? Tone.BAD : Tone.PLAIN),
        Cell.of(queue.oldestAge().orElse("-")),
        Cell.of(Numbers.rate(queue.drainPerSecond())),
        Cell.of(queue.total("refused")),
        queue.paused() ? new Cell("paused", Tone.LATER) : Cell.of("open"));
  }

  @Command(
      name = "show",
      description = "Shows a queue: counters, rules, and what was changed at run time.",
      mixinStandardHelpOptions = true)
  int show(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "QUEUE", description = QUEUE) String name)
      throws InterruptedException {
    try (Remote remote = server.remote()) {
      return tell(server.output(), remote.get(path(name)));
    }
  }

  @Command(
      name = "set",
      description = "Changes rules: set mail concurrency=4 rate=10/s capacity.jobs=1000",
      mixinStandardHelpOptions = true)
  int set(
      @Mixin ServerOptions server,
      @Parameters(index = "0", paramLabel = "QUEUE", description = QUEUE) String name,
      @Parameters(
              index = "1..*",
              arity = "1..*",
              paramLabel = "KEY=VALUE",
              description = "As in the configuration file, with points between levels.")
          List<String> values)
      throws InterruptedException {
    ObjectNode document;
    try {
      document = Assignments.read(values);
    } catch (IllegalArgumentException bad) {
      throw server.bad(String.valueOf(bad.getMessage()));
    }
    Output output = server.output();
    try (Remote remote = server.remote()) {
      // Asked before: the answer looks the same, and a typing error makes a queue.
      boolean made = find(remote, name).isEmpty();
      int code = tell(output, remote.put(path(name), document));
      if (made) {
        output.note("there was no queue " + name + ": it was made");
      }
      return code;
    }
  }

  @Command(
      name = "reset",
      description = "Takes back what was changed at run time; a queue that is not configured goes.",
      mixinStandardHelpOptions = true)
  int reset(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "QUEUE", description = QUEUE) String name)
      throws InterruptedException {
    try (Remote remote = server.remote()) {
      boolean made = find(remote, name).filter(queue -> !isConfigured(queue)).isPresent();
      JsonNode answer = remote.delete(path(name));
      return done(
          server.output(),
          answer,
          made
              ? name + " is removed, no configuration names it"
              : name + " is as it is configured");
    }
  }

  @Command(
      name = "pause",
      description = "Starts no more jobs; those that run go on.",
      mixinStandardHelpOptions = true)
  int pause(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "QUEUE", description = QUEUE) String name)
      throws InterruptedException {
    try (Remote remote = server.remote()) {
      return done(
          server.output(), remote.post(path(name) + ":pause", Json.object()), name + " is paused");
    }
  }

  @Command(name = "resume", description = "Starts jobs again.", mixinStandardHelpOptions = true)
  int resume(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "QUEUE", description = QUEUE) String name)
      throws InterruptedException {
    try (Remote remote = server.remote()) {
      return done(
          server.output(), remote.post(path(name) + ":resume", Json.object()), name + " is open");
    }
  }

  @Command(
      name = "purge",
      description = "Cancels every job that waits. Without --yes it only counts them.",
      mixinStandardHelpOptions = true)
  int purge(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "QUEUE", description = QUEUE) String name,
      @Option(names = "--yes", description = "Does it.") boolean yes)
      throws InterruptedException {
    Output output = server.output();
    try (Remote remote = server.remote()) {
      if (!yes) {
        QueueRow queue = new QueueRow(remote.get(path(name)));
        if (output.json()) {
          output.json(Json.object().put("count", queue.waiting()).put("dryRun", true));
        } else {
          output.print("would cancel " + queue.mark() + Numbers.jobs(queue.waiting()));
        }
        output.note(
            queue.mark().isEmpty()
                ? "nothing was done: say --yes to do it"
                : "nothing was done, and jobs that wait on a broker cannot be cancelled");
        return 1;
      }
      JsonNode answer = remote.post(path(name) + ":purge", Json.object());
      return done(output, answer, "cancelled " + Numbers.jobs(Json.number(answer, "cancelled")));
    }
  }

  private static Optional<JsonNode> find(Remote remote, String name) throws InterruptedException {
    try {
      return Optional.of(remote.get(path(name)));
    } catch (RemoteFailure failure) {
      if (failure.status() == 404) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  private static String path(String name) {
    return "/v1/queues/" + Remote.segment(name);
  }

  private static int done(Output output, JsonNode answer, String sentence) {
    if (output.json()) {
      output.json(answer);
    } else {
      output.print(Harmless.line(sentence));
    }
    return 0;
  }

  private static int tell(Output output, JsonNode answer) {
    if (output.json()) {
      output.json(answer);
    } else {
      Document.lines(readable(answer), Times.here()).forEach(output::print);
    }
    return 0;
  }

  /// Of the rules, those that hold, and beside them what they were where that was changed; counts
  /// that are near the truth only say so.
  private static JsonNode readable(JsonNode queue) {
    if (!(queue.deepCopy() instanceof ObjectNode shown)) {
      return queue;
    }
    QueueRow row = new QueueRow(queue);
    if (!row.mark().isEmpty()) {
      shown.remove("approximate");
      ObjectNode counts = shown.putObject("counts");
      for (String state : queue.path("counts").propertyNames()) {
        counts.put(state, row.shown(row.count(state)));
      }
      shown.put("waiting", row.shown(row.waiting()));
    }
    JsonNode policy = queue.path("policy");
    if (policy.has("effective")) {
      shown.remove("policy");
      String from = policy.has("override") && !isConfigured(queue) ? "default" : "configured";
      compare(policy.path("effective"), policy.path("configured"), from, shown.putObject("policy"));
    }
    return shown;
  }

  private static boolean isConfigured(JsonNode queue) {
    return Json.text(queue, "origin").filter(MADE::contains).isEmpty();
  }

  /// @param from what `configured` is called
  private static void compare(
      JsonNode effective, JsonNode configured, String from, ObjectNode rules) {
    for (Map.Entry<String, JsonNode> rule : effective.properties()) {
      String name = rule.getKey();
      JsonNode before = configured.path(name);
      if (rule.getValue().isObject()) {
        compare(rule.getValue(), before, from, rules.putObject(name));
      } else if (rule.getValue().equals(before)) {
        rules.set(name, rule.getValue());
      } else {
        rules.put(
            name,
            Json.text(effective, name).orElse("")
                + (" (" + from + ": " + Json.text(configured, name).orElse("none") + ")"));
      }
    }
  }
}
