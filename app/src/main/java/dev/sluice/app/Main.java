package dev.sluice.app;

import dev.sluice.app.remote.RemoteCommands;
import dev.sluice.job.SluiceException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// The way in: reads the command line, runs a command, and turns what goes wrong into one sentence
/// and an exit code: 0 fine, 1 failed, 2 bad usage or configuration.
///
/// Threading: confined to the main thread.
@Command(
    name = "sluice",
    description = "Fire-and-forget background work, under control.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      TokenCommand.class,
      ConfigCommand.class,
      DoctorCommand.class,
      BenchCommand.class,
      MoveCommand.class
    },
    footer = {"", "Exit codes: 0 fine, 1 failed, 2 bad usage or configuration."})
final class Main implements Callable<Integer> {
  static final int FINE = 0;
  static final int FAILED = 1;
  static final int BAD_USAGE = 2;

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  private Main() {}

  public static void main(String[] args) {
    ConsoleLog.install(System.err);
    int code = run(args, printer(System.out), printer(System.err));
    System.exit(code);
  }

  private static PrintWriter printer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  /// Runs one command line.
  ///
  /// @return the exit code
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    CommandLine program = new CommandLine(new Main());
    RemoteCommands.addTo(
        program, RemoteCommands.process(words -> StopSignal.install(words)::await));
    return program
        .setOut(out)
        .setErr(err)
        .registerConverter(int.class, text -> (int) Checks.whole(text))
        .registerConverter(Integer.class, text -> (int) Checks.whole(text))
        .registerConverter(boolean.class, Checks::truth)
        .registerConverter(long.class, Checks::whole)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::badUsage)
        .setExecutionExceptionHandler((failure, commandLine, _) -> failed(failure, commandLine))
        .execute(args);
  }

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(),
        "command: none given, must be one of " + String.join(", ", spec.subcommands().keySet()));
  }

  private static int badUsage(ParameterException bad, String[] args) {
    CommandLine commandLine = bad.getCommandLine();
    commandLine
        .getErr()
        .println(
            oneLine(sentence(bad))
                + " (see: "
                + commandLine.getCommandSpec().qualifiedName()
                + " --help)");
    return BAD_USAGE;
  }

  private static String sentence(ParameterException bad) {
    if (bad.getCause() instanceof TypeConversionException unread
        && bad.getArgSpec() instanceof OptionSpec option) {
      return option.longestName().substring(2) + ": " + unread.getMessage();
    }
    return Objects.requireNonNullElse(bad.getMessage(), "bad usage");
  }

  private static int failed(Exception failure, CommandLine commandLine) {
    String message = failure.getMessage();
    String sentence =
        failure instanceof SluiceException && message != null ? message : "failed: " + failure;
    commandLine.getErr().println(oneLine(sentence));
    return FAILED;
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
