package dev.sluice.app.remote;

import java.util.List;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/// The commands of this package, for the program that offers them.
///
/// Threading: confined to the main thread.
public final class RemoteCommands {
  private static final List<Class<?>> COMMANDS =
      List.of(
          EnqueueCommand.class,
          JobsCommand.class,
          QueuesCommand.class,
          SchedulesCommand.class,
          TailCommand.class,
          TopCommand.class,
          WorkCommand.class,
          CompletionCommand.class);

  private RemoteCommands() {}

  /// The surroundings of this process.
  ///
  /// @param stops takes over signals, as [Surroundings#stops] says
  public static Surroundings process(Function<Runnable, Surroundings.Stop> stops) {
    return new ProcessSurroundings(stops);
  }

  /// Adds the commands to a program.
  public static void addTo(CommandLine program, Surroundings surroundings) {
    IFactory factory = new Factory(surroundings);
    COMMANDS.forEach(command -> program.addSubcommand(new CommandLine(command, factory)));
  }

  /// Makes commands; those options that need the surroundings are given them.
  private record Factory(Surroundings surroundings) implements IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      return type == ServerOptions.class
          ? type.cast(new ServerOptions(surroundings))
          : CommandLine.defaultFactory().create(type);
    }
  }
}
