package dev.sluice.app.remote;

import dev.sluice.app.remote.Table.Cell;
import dev.sluice.app.remote.Table.Column;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `sluice schedules`: jobs that recur.
///
/// Threading: confined to the main thread.
@Command(
    name = "schedules",
    description = "Looks at jobs that recur, and changes them.",
    mixinStandardHelpOptions = true)
final class SchedulesCommand implements Callable<Integer> {
  private static final String NAME = "The schedule.";

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw JobsCommand.missing(spec);
  }

  @Command(name = "list", description = "Lists the schedules.", mixinStandardHelpOptions = true)
  int list(@Mixin ServerOptions server) throws InterruptedException {
    Output output = server.output();
    try (Remote remote = server.remote()) {
      JsonNode answer = remote.get("/v1/schedules");
      Table table =
          new Table(
              Column.left("NAME"),
              Column.left("QUEUE"),
              Column.left("WHEN"),
              Column.left("ZONE"),
              Column.left("NEXT"));
      Times times = Times.here();
      for (JsonNode schedule : answer.path("schedules").values()) {
        if (output.json()) {
          output.json(schedule);
        } else {
          table.row(
              Cell.of(Json.text(schedule, "name").orElse("?")),
              Cell.of(Json.text(schedule, "queue").orElse("")),
              Cell.of(when(schedule)),
              Cell.of(Json.text(schedule, "zone").orElse("")),
              Cell.of(next(schedule).map(times::withAge).orElse("never")));
        }
      }
      for (JsonNode kept : answer.path("notInForce").values()) {
        if (output.json()) {
          output.json(kept);
        } else {
          table.row(
              Cell.of(Json.text(kept, "name").orElse("?")),
              Cell.of(Json.text(kept, "queue").orElse("")),
              Cell.of(""),
              Cell.of(""),
              Cell.of("not in force: " + Json.text(kept, "reason").orElse("?")));
        }
      }
      if (!output.json()) {
        output.print(table);
      }
      return 0;
    }
  }

  private static String when(JsonNode schedule) {
    return Json.text(schedule, "cron")
        .or(() -> Json.text(schedule, "every").map(every -> "every " + every))
        .orElse("");
  }

  private static Optional<String> next(JsonNode schedule) {
    return Json.text(schedule, "nextAt").or(() -> Json.text(schedule, "next"));
  }

  @Command(name = "show", description = "Shows a schedule.", mixinStandardHelpOptions = true)
  int show(
      @Mixin ServerOptions server, @Parameters(paramLabel = "NAME", description = NAME) String name)
      throws InterruptedException {
    try (Remote remote = server.remote()) {
      return tell(server.output(), remote.get(path(name)));
    }
  }

  /// What `set` takes beside the name.
  static final class Wanted {
    @Option(
        names = "--queue",
        paramLabel = "QUEUE",
        required = true,
        description = "Where its jobs go.")
    private String queue = "";

    @Option(
        names = "--cron",
        paramLabel = "CRON",
        description = "When, as in '0 3 * * MON'; or give --every.")
    private @Nullable String cron;

    @Option(
        names = "--every",
        paramLabel = "TIME",
        converter = Times.Reader.class,
        description = "How often: 30s, 1h.")
    private @Nullable Duration every;

    @Option(names = "--zone", paramLabel = "ZONE", description = "Of the --cron: Europe/Vienna.")
    private @Nullable String zone;

    @Option(names = "--type", paramLabel = "TYPE", description = "What kind of job it is.")
    private @Nullable String type;

    @Option(names = "--payload", paramLabel = "JSON", description = "What each job is given.")
    private @Nullable String payload;

    ObjectNode document(ServerOptions server) {
      if ((cron == null) == (every == null)) {
        throw server.bad("cron: either --cron or --every must be given");
      }
      ObjectNode document = Json.object().put("queue", queue);
      put(document, "cron", cron);
      put(document, "every", every == null ? null : Times.exact(every));
      put(document, "zone", zone);
      put(document, "type", type);
      if (payload != null) {
        try {
          document.set("payload", Json.read(payload));
        } catch (JacksonException _) {
          throw server.bad("payload: must be JSON; a text needs its quotes: '\"text\"'");
        }
      }
      return document;
    }

    private static void put(ObjectNode document, String name, @Nullable String value) {
      if (value != null) {
        document.put(name, value);
      }
    }
  }

  @Command(
      name = "set",
      description = "Makes a schedule, or changes it.",
      mixinStandardHelpOptions = true)
  int set(
      @Mixin ServerOptions server,
      @Mixin Wanted wanted,
      @Parameters(paramLabel = "NAME", description = NAME) String name)
      throws InterruptedException {
    ObjectNode document = wanted.document(server);
    try (Remote remote = server.remote()) {
      return tell(server.output(), remote.put(path(name), document));
    }
  }

  @Command(name = "delete", description = "Removes a schedule.", mixinStandardHelpOptions = true)
  int delete(
      @Mixin ServerOptions server, @Parameters(paramLabel = "NAME", description = NAME) String name)
      throws InterruptedException {
    Output output = server.output();
    try (Remote remote = server.remote()) {
      JsonNode answer = remote.delete(path(name));
      if (output.json()) {
        output.json(answer);
      } else {
        output.print(Harmless.line(name) + " is removed");
      }
      return 0;
    }
  }

  private static String path(String name) {
    return "/v1/schedules/" + Remote.segment(name);
  }

  private static int tell(Output output, JsonNode answer) {
    if (output.json()) {
      output.json(answer);
    } else {
      Document.lines(answer, Times.here()).forEach(output::print);
    }
    return 0;
  }
}
