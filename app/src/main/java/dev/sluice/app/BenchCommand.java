package dev.sluice.app;

import dev.sluice.engine.Engine;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/// `sluice bench`: how fast an engine is on this machine.
///
/// Threading: confined to the main thread.
@Command(
    name = "bench",
    description = "Measures an engine on this machine, beside the raw limit in the same run.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    showDefaultValues = true)
final class BenchCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--engine",
      paramLabel = "URL",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = {
        "memory:, sqlite:PATH (a file that is not there yet; it is removed again), amqp:// or sqs:",
        "(the queue bench, which should hold nothing else)."
      })
  private String engine = "";

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description =
          "Jobs in each phase. Default: 1000000 for memory:, 300000 for sqlite:, 50000 for amqp:, 5000 for sqs:.")
  private @Nullable Integer jobs;

  @Option(names = "--payload", paramLabel = "BYTES", description = "Size of a job's payload.")
  private int payload = 200;

  @Option(
      names = "--producers",
      paramLabel = "N",
      description = "Virtual threads that enqueue at once. Default: 2 for memory:, else 1000.")
  private @Nullable Integer producers;

  @Option(names = "--batch", paramLabel = "N", description = "Jobs in one call.")
  private int batch = 1;

  @Option(names = "--json", description = "Print one JSON object and nothing else.")
  private boolean json;

  @Override
  public Integer call() throws InterruptedException {
    BenchConfig config;
    BenchPlace place;
    try {
      EngineConfig parsed = EngineConfig.parse(engine, BenchPlace.FRESH);
      config =
          new BenchConfig(
              jobs != null ? jobs : usualJobs(parsed),
              payload,
              producers != null ? producers : parsed instanceof EngineConfig.Memory ? 2 : 1000,
              batch);
      place = BenchPlace.prepare(parsed);
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), bad.getMessage(), bad);
    }
    try (place) {
      BenchResult result = Bench.run(config, place, open(place), ProgressBar.forTerminal());
      spec.commandLine()
          .getOut()
          .println(
              json
                  ? JsonMapper.builder().build().writeValueAsString(result)
                  : result.text().stripTrailing());
    }
    return Main.FINE;
  }

  private static int usualJobs(EngineConfig engine) {
    return switch (engine) {
      case EngineConfig.Memory _ -> 1_000_000;
      case EngineConfig.Sqlite _ -> 300_000;
      case EngineConfig.Rabbit _ -> 50_000;
      case EngineConfig.Sqs _ -> 5_000;
    };
  }

  private Engine open(BenchPlace place) {
    try {
      return place.engine().open();
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), bad.getMessage(), bad);
    }
  }
}
