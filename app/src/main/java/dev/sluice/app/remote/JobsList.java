package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import dev.sluice.app.remote.Table.Cell;
import dev.sluice.app.remote.Table.Column;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// `sluice jobs list`.
///
/// Threading: confined to the main thread.
@Command(
    name = "list",
    description = "Lists jobs: by queue, and by state in the order of a job's life.",
    mixinStandardHelpOptions = true)
final class JobsList implements Callable<Integer> {
  private static final int PAGE = 100;
  private static final int MOST = 1_000_000;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Mixin private JobFilter filter = new JobFilter();

  @Option(names = "--limit", paramLabel = "N", description = "Most jobs to list. Default: 50.")
  private int limit = 50;

  @Override
  public Integer call() throws InterruptedException {
    if (limit < 1 || limit > MOST) {
      throw server.bad("limit: " + limit + " must be between 1 and " + MOST);
    }
    Output output = server.output();
    Table table =
        new Table(
            Column.left("ID"),
            Column.left("STATE"),
            Column.left("QUEUE"),
            Column.left("TYPE"),
            Column.right("ATTEMPT"),
            Column.left("AGE"),
            Column.left("KEY, ERROR"));
    Times times = Times.here();
    int listed = 0;
    try (Remote remote = server.remote()) {
      Map<String, String> query = filter.values();
      Optional<String> cursor = Optional.empty();
      do {
        query.put("limit", Integer.toString(Math.min(PAGE, limit - listed)));
        cursor.ifPresent(at -> query.put("cursor", at));
        JsonNode page = remote.get(Remote.query("/v1/jobs", query));
        for (JsonNode job : page.path("jobs").values()) {
          listed++;
          if (output.json()) {
            output.json(job);
          } else {
            row(table, job, times);
          }
        }
        cursor = Json.text(page, "next");
      } while (cursor.isPresent() && listed < limit);
      if (!output.json()) {
        output.print(table);
        output.note(listed == 0 ? "no jobs" : Numbers.jobs(listed) + more(cursor));
      }
    }
    return 0;
  }

  private static String more(Optional<String> cursor) {
    return cursor.isPresent() ? ", and more (see --limit)" : "";
  }

  /// Keys of schedules end in a digest that says nothing to people.
  private static String shortKey(String key) {
    int digest = key.startsWith("schedule:") ? key.lastIndexOf('#') : -1;
    return digest < 0 ? key : key.substring(0, digest);
  }

  private static void row(Table table, JsonNode job, Times times) {
    String state = Json.text(job, "state").orElse("?");
    String key = shortKey(Json.text(job, "key").orElse(""));
    String error = JobText.lastError(job).orElse("");
    table.row(
        Cell.of(Json.text(job, "id").orElse("?")),
        new Cell(state, Tone.ofState(state)),
        Cell.of(Json.text(job, "queue").orElse("")),
        Cell.of(Json.text(job, "type").orElse("")),
        Cell.of(Json.number(job, "attempt")),
        Cell.of(Json.text(job, "createdAt").map(times::age).orElse("")),
        Cell.of(key.isEmpty() || error.isEmpty() ? key + error : key + ", " + error));
  }
}
