package dev.sluice.app;

import dev.sluice.Rate;
import dev.sluice.engine.Engine;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice demo`: the smallest real use, until somebody stops it.
///
/// Threading: confined to the main thread.
@Command(
    name = "demo",
    description =
        "Serves GET and POST /?user_id=1: answers at once, and a worker processes the user.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    showDefaultValues = true)
final class DemoCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Option(names = "--host", paramLabel = "HOST", description = "Where to listen.")
  private String host = "127.0.0.1";

  @Option(names = "--port", paramLabel = "PORT", description = "0 takes a free one.")
  private int port = 8080;

  @Option(
      names = "--engine",
      paramLabel = "URL",
      description =
          "memory:, sqlite:PATH, amqp://HOST/VHOST or sqs:REGION; sqlite: is a file in Sluice's data"
              + " folder.")
  private String engine = "sqlite:";

  @Option(names = "--capacity", paramLabel = "N", description = "Most jobs that wait.")
  private long capacity = 10;

  @Option(names = "--workers", paramLabel = "N", description = "Most jobs that run at once.")
  private int workers = 1;

  @Option(
      names = "--job-duration",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "10s",
      description = "How long a job takes: 500ms, 10s, 1m.")
  private Duration jobDuration = Duration.ofSeconds(10);

  @Option(
      names = "--rate",
      paramLabel = "N/s",
      converter = RateConverter.class,
      description = "Most jobs that start in a time: 10/s, 100/m. No limit by default.")
  private @Nullable Rate rate;

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "25s",
      description = "How long a stop waits for running jobs.")
  private Duration grace = Duration.ofSeconds(25);

  @Override
  public Integer call() throws InterruptedException {
    DemoConfig config = config();
    ConsoleLog.install(System.out);
    StopSignal signal = StopSignal.install(StopSignal::sayThatJobsCrashed);
    PrintWriter out = spec.commandLine().getOut();
    Optional<Path> made = config.engine().missingFolder();
    try (Demo _ =
        Demo.start(
            config,
            open(config),
            lines -> {
              made.ifPresent(path -> out.println("made the folder " + path));
              lines.forEach(out::println);
            })) {
      signal.await();
    }
    return Main.FINE;
  }

  private Engine open(DemoConfig config) {
    try {
      return config.engine().open();
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), bad.getMessage(), bad);
    }
  }

  private DemoConfig config() {
    try {
      Path file = EngineConfig.dataFolder().resolve("demo.db");
      DemoConfig config =
          new DemoConfig(
              host,
              port,
              EngineConfig.parse(engine, file),
              capacity,
              workers,
              jobDuration,
              Optional.ofNullable(rate),
              grace);
      InetAddress.getByName(host);
      return config;
    } catch (UnknownHostException unknown) {
      throw new ParameterException(
          spec.commandLine(), "host: '" + host + "' must be a host that can be resolved", unknown);
    } catch (IllegalArgumentException bad) {
      throw new ParameterException(spec.commandLine(), bad.getMessage(), bad);
    }
  }
}
