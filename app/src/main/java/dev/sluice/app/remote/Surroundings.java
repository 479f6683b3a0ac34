package dev.sluice.app.remote;

import java.io.InputStream;
import java.util.Optional;

/// What is around a command: environment variables, standard input, the terminal, signals.
///
/// Threading: implementations are thread-safe.
public interface Surroundings {
  /// The value of an environment variable; an empty one counts as none.
  Optional<String> variable(String name);

  /// Standard input.
  InputStream in();

  /// Whether somebody reads standard output at a terminal.
  boolean outIsTerminal();

  /// Whether somebody reads the error stream at a terminal.
  boolean errIsTerminal();

  /// How many columns the terminal has.
  int columns();

  /// Gives each key at once and unseen, until the answer is closed.
  Restore singleKeys();

  /// Takes over Ctrl-C and SIGTERM.
  ///
  /// @param lastWords runs when somebody asks a second time, before the process ends at once
  Stop stops(Runnable lastWords);

  /// A request to stop.
  interface Stop {
    /// Returns when somebody asked.
    void await() throws InterruptedException;
  }

  /// Undoes a change of the terminal.
  interface Restore extends AutoCloseable {
    @Override
    void close();
  }
}
