package dev.sluice.app;

import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Limits;
import dev.sluice.job.JobState;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice move`: jobs go from one engine to another.
///
/// Threading: confined to the main thread.
@Command(
    name = "move",
    description = {
      "Moves waiting, scheduled and dead jobs from one engine to another.",
      "Stop whoever works on either of them first. A run that was cut short can be run again."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class MoveCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--from",
      paramLabel = "URL",
      defaultValue = "${env:SLUICE_FROM}",
      description = "Engine that holds the jobs. Default: $SLUICE_FROM.")
  private @Nullable String from;

  @Option(
      names = "--to",
      paramLabel = "URL",
      defaultValue = "${env:SLUICE_TO}",
      description = "Engine that takes them. Default: $SLUICE_TO.")
  private @Nullable String to;

  @Option(
      names = "--queue",
      paramLabel = "NAME",
      description = "Queue to move; may be repeated. Default: all of a file; a broker lists none.")
  private List<String> queues = List.of();

  @Override
  public Integer call() {
    EngineConfig source = parse("from", from);
    EngineConfig target = parse("to", to);
    if (source instanceof EngineConfig.Sqlite(var file) && !Files.exists(file)) {
      throw new ParameterException(
          spec.commandLine(), "from: 'sqlite:" + file + "' must be a file that is there");
    }
    if (source.place().equals(target.place())) {
      throw new ParameterException(
          spec.commandLine(), "to: must be another place than from, whatever else the URLs say");
    }
    Environment environment = Environment.system();
    PrintWriter out = spec.commandLine().getOut();
    out.println("from: " + source.words());
    out.println("to: " + target.words());
    try (Engine open = orBadUsage(source::open);
        Engine other = orBadUsage(target::open)) {
      Move move =
          orBadUsage(() -> new Move(open, other, environment.clock(), ProgressBar.forTerminal()));
      List<String> names = orBadUsage(() -> move.queues(queues));
      move.requireIdle(names);
      long back = move.takeBack();
      if (back > 0) {
        out.println(
            back == 1
                ? "1 job was running when its process ended; it waits again"
                : back + " jobs were running when their process ended; they wait again");
      }
      move.check(names);
      boolean all = true;
      boolean unknown = false;
      for (String queue : names) {
        Move.Moved moved = move.move(queue);
        all &= moved.isAll();
        out.println(text(moved, open.limits(), other.limits()));
        if (moved.isNothing() && !move.isThere(queue)) {
          out.println("no queue of that name is on the broker");
          unknown = true;
        }
      }
      if (!all) {
        out.println(
            "some jobs are not here yet, came meanwhile, or are in other hands; run this again");
      }
      return all && !unknown ? Main.FINE : Main.FAILED;
    }
  }

  private static String text(Move.Moved moved, Limits source, Limits target) {
    return "queue '"
        + moved.queue()
        + "': moved "
        + moved.sum()
        + byState(moved.moved())
        + (moved.already() == 0 ? "" : ", " + moved.already() + " were there from an earlier run")
        + "; left: "
        + counts(moved.left(), source)
        + (moved.strangers() == 0 ? "" : ", of which " + moved.strangers() + " are no jobs")
        + (moved.taken() ? ", and somebody takes jobs there" : "")
        + "; now there: "
        + counts(moved.arrived(), target);
  }

  private static String byState(Map<JobState, Long> moved) {
    return moved.isEmpty()
        ? ""
        : Stream.of(JobState.READY, JobState.SCHEDULED, JobState.DEAD)
            .filter(moved::containsKey)
            .map(state -> moved.get(state) + " " + state.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String counts(Counts counts, Limits limits) {
    return Move.shown(limits, counts.ready())
        + " ready, "
        + Move.shown(limits, counts.scheduled())
        + " scheduled, "
        + Move.shown(limits, counts.dead())
        + " dead"
        + (counts.running() == 0 ? "" : ", " + Move.shown(limits, counts.running()) + " running");
  }

  private EngineConfig parse(String field, @Nullable String url) {
    if (url == null || url.isBlank()) {
      throw new ParameterException(
          spec.commandLine(),
          field
              + ": must be given, as --"
              + field
              + " URL or in SLUICE_"
              + field.toUpperCase(Locale.ROOT));
    }
    try {
      return EngineConfig.parse(url, EngineConfig.dataFolder().resolve("sluice.db"));
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), field + ": " + bad.getMessage(), bad);
    }
  }

  private <T> T orBadUsage(Supplier<T> action) {
    try {
      return action.get();
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), bad.getMessage(), bad);
    }
  }
}
