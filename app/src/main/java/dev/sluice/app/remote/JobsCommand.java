package dev.sluice.app.remote;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice jobs`: looks at jobs and steers them.
///
/// Threading: confined to the main thread.
@Command(
    name = "jobs",
    description = "Looks at jobs and steers them.",
    mixinStandardHelpOptions = true,
    subcommands = {
      JobsList.class,
      JobsShow.class,
      JobsSteer.Cancel.class,
      JobsSteer.Retry.class,
      JobsSteer.RunNow.class,
      JobsSteer.Delete.class
    })
final class JobsCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw missing(spec);
  }

  /// What a group of commands says when none of them is named.
  static ParameterException missing(CommandSpec spec) {
    return new ParameterException(
        spec.commandLine(),
        "command: none given, must be one of " + String.join(", ", spec.subcommands().keySet()));
  }
}
