package dev.sluice.app.remote;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sluice work`: runs a command for each job of a queue.
///
/// Threading: confined to the main thread.
@Command(
    name = "work",
    description = "Runs a command for each job of a queue, until Ctrl-C.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "The command runs through sh -c. It finds the payload on its standard input,",
      "and SLUICE_JOB_ID, SLUICE_QUEUE, SLUICE_TYPE, SLUICE_ATTEMPT and SLUICE_EPOCH",
      "in its environment. Its exit code says how the job ended: 0 done, 65 bury (it",
      "can never go well), 75 or any other: retry, with the last line of its error",
      "stream as the reason."
    })
final class WorkCommand implements Callable<Integer> {
  private static final Duration SHORTEST_LEASE = Duration.ofSeconds(1);
  private static final Duration LONGEST_LEASE = Duration.ofHours(12);
  private static final int MOST = 1000;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Option(names = "--queue", paramLabel = "QUEUE", required = true, description = "The queue.")
  private String queue = "";

  @Option(
      names = "--exec",
      paramLabel = "COMMAND",
      required = true,
      description = "What to run, such as 'python3 send.py'.")
  private String command = "";

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      description = "Most commands at once. Default: 1.")
  private int concurrency = 1;

  @Option(
      names = "--lease",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "How long a job is held without a sign of life. Default: 30s.")
  private Duration lease = Duration.ofSeconds(30);

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "How long a stop waits for commands that run. Default: 25s.")
  private Duration grace = Duration.ofSeconds(25);

  @Option(
      names = "--kill-after",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "Between TERM and KILL, for a command that must end. Default: 5s.")
  private Duration killAfter = Duration.ofSeconds(5);

  @Override
  public Integer call() throws InterruptedException {
    if (concurrency < 1 || concurrency > MOST) {
      throw server.bad("concurrency: " + concurrency + " must be between 1 and " + MOST);
    }
    if (lease.compareTo(SHORTEST_LEASE) < 0 || lease.compareTo(LONGEST_LEASE) > 0) {
      throw server.bad("lease: " + Times.exact(lease) + " must be between 1s and 12h");
    }
    if (command.isBlank()) {
      throw server.bad("exec: must be a command");
    }
    Optional<Path> setsid = CommandRun.setsid(server.surroundings().variable("PATH"));
    WorkPlan plan = new WorkPlan(queue, command, concurrency, lease, grace, killAfter, setsid);
    try (Remote remote = server.remote()) {
      Worker worker = new Worker(remote, plan, server.output());
      Surroundings.Stop stop = server.surroundings().stops(worker::killAll);
      Thread.ofVirtual()
          .name("sluice-stop")
          .start(() -> {
            try {
              stop.await();
            } catch (InterruptedException _) {
              Thread.currentThread().interrupt();
            }
            worker.stop();
          });
      worker.run();
    }
    return 0;
  }
}
