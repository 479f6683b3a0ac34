package dev.sluice.contract;

import dev.sluice.contract.Command.PassTime;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Two engines led through the same commands, which must not be told apart from outside.
///
/// Threading: confined to the test.
final class Model {
  private final Function<Environment, Engine> subject;
  private final Function<Environment, Engine> oracle;

  Model(Function<Environment, Engine> subject, Function<Environment, Engine> oracle) {
    this.subject = subject;
    this.oracle = oracle;
  }

  /// Runs the commands of a seed.
  ///
  /// @return the shortest sequence found on which the engines disagree, with what they said
  Optional<String> disagreement(long seed, int length) {
    List<Command> commands = new CommandGenerator(seed).commands(length);
    if (run(commands).isEmpty()) {
      return Optional.empty();
    }
    List<Command> shortest = shrink(commands);
    String listing =
        shortest.stream().map(command -> "  " + command).collect(Collectors.joining("\n"));
    return Optional.of(
        "seed %d, %d of %d commands:%n%s%n%s"
            .formatted(seed, shortest.size(), length, listing, run(shortest).orElseThrow()));
  }

  /// Leaves out whatever the disagreement does not need: halves first, single commands last.
  List<Command> shrink(List<Command> failing) {
    List<Command> shortest = failing;
    int chunk = Math.max(1, failing.size() / 2);
    while (true) {
      boolean shorter = false;
      for (int from = shortest.size() - chunk; from > -chunk; from -= chunk) {
        List<Command> fewer = new ArrayList<>(shortest);
        fewer.subList(Math.max(0, from), Math.min(from + chunk, fewer.size())).clear();
        if (run(fewer).isPresent()) {
          shortest = fewer;
          shorter = true;
        }
      }
      if (!shorter && chunk == 1) {
        return shortest;
      }
      chunk = shorter ? chunk : chunk / 2;
      chunk = Math.max(1, Math.min(chunk, shortest.size()));
    }
  }

  /// What the engines disagree about first, if they do.
  Optional<String> run(List<Command> commands) {
    ManualEnvironment world = new ManualEnvironment(1);
    try (Engine tested = subject.apply(world.environment());
        Engine trusted = oracle.apply(world.environment())) {
      CommandSession left = new CommandSession(tested, world);
      CommandSession right = new CommandSession(trusted, world);
      for (Command command : commands) {
        if (command instanceof PassTime(var by)) {
          world.advance(by);
        }
        Optional<String> difference = step(command, left, right);
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    }
  }

  private static Optional<String> step(Command command, CommandSession left, CommandSession right) {
    Object answer = answer(command, left);
    Object expected = answer(command, right);
    if (!answer.equals(expected)) {
      return Optional.of(
          "%s%n  was answered %s%n  and not      %s".formatted(command, answer, expected));
    }
    List<String> seen = left.everythingSeen();
    List<String> known = right.everythingSeen();
    if (seen.equals(known)) {
      return Optional.empty();
    }
    List<String> surplus = new ArrayList<>(seen);
    surplus.removeAll(known);
    List<String> missing = new ArrayList<>(known);
    missing.removeAll(seen);
    return Optional.of(
        "after %s%n  there is     %s%n  and there is not %s%n  (both empty: in another order)"
            .formatted(command, surplus, missing));
  }

  // An exception is an answer too, to be compared and shrunk like any other.
  private static Object answer(Command command, CommandSession session) {
    try {
      return command.run(session);
    } catch (RuntimeException thrown) {
      return "threw " + thrown;
    }
  }
}
