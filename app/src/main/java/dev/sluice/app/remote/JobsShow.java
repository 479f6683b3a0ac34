package dev.sluice.app.remote;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `sluice jobs show`.
///
/// Threading: confined to the main thread.
@Command(
    name = "show",
    description = "Shows a job and its attempts.",
    mixinStandardHelpOptions = true)
final class JobsShow implements Callable<Integer> {
  /// The longest that one request waits.
  private static final Duration STEP = Duration.ofSeconds(30);

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Parameters(paramLabel = "ID", description = "The job.")
  private String id = "";

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "Waits so long for the job to end; exit code 1 when it did not.")
  private Duration wait = Duration.ZERO;

  @Override
  public Integer call() throws InterruptedException {
    Output output = server.output();
    try (Remote remote = server.remote()) {
      JsonNode job = find(remote);
      if (output.json()) {
        output.json(job);
      } else {
        JobText.lines(job, Times.here(), output.ink()).forEach(output::print);
      }
      return wait.isZero() || isOver(job) ? 0 : 1;
    }
  }

  private JsonNode find(Remote remote) throws InterruptedException {
    String path = "/v1/jobs/" + Remote.segment(id);
    long end = System.nanoTime() + wait.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
      Duration step = left.compareTo(STEP) < 0 ? left : STEP;
      JsonNode job =
          step.toMillis() == 0
              ? remote.get(path)
              : remote.get(Remote.query(path, Map.of("wait", step.toMillis() + "ms")), step);
      if (isOver(job) || left.compareTo(STEP) <= 0) {
        return job;
      }
    }
  }

  private static boolean isOver(JsonNode job) {
    return switch (Json.text(job, "state").orElse("")) {
      case "SUCCEEDED", "DEAD", "CANCELLED" -> true;
      default -> false;
    };
  }
}
