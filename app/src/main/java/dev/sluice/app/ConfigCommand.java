package dev.sluice.app;

import dev.sluice.app.config.Configuration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice config`: what the server would be told, without starting it.
///
/// Threading: confined to the main thread.
@Command(
    name = "config",
    description = "Checks or prints the configuration of the server.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {ConfigCommand.Check.class, ConfigCommand.Print.class})
final class ConfigCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "config: must be check or print");
  }

  /// `sluice config check`.
  @Command(
      name = "check",
      description = "Says whether the configuration is valid.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Check implements Callable<Integer> {
    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Mixin
    private ConfigOptions options;

    @Override
    public Integer call() {
      Configuration configuration = options.load(List.of());
      options.engine(configuration);
      options.check(configuration);
      options.checkReach(configuration);
      int queues = configuration.server().queues().named().size();
      spec.commandLine()
          .getOut()
          .println(
              "valid: "
                  + configuration.file().map(Object::toString).orElse("no file")
                  + ", "
                  + queues
                  + (queues == 1 ? " queue" : " queues"));
      return Main.FINE;
    }
  }

  /// `sluice config print`.
  @Command(
      name = "print",
      description = "Prints every value that holds and where it came from; secrets are masked.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Print implements Callable<Integer> {
    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Mixin
    private ConfigOptions options;

    @Override
    public Integer call() {
      Configuration configuration = options.load(List.of());
      options.engine(configuration);
      configuration
          .print(ConfigOptions.folder(configuration))
          .forEach(spec.commandLine().getOut()::println);
      return Main.FINE;
    }
  }
}
