package dev.sluice.app;

import java.io.Console;
import java.io.PrintStream;
import java.util.Optional;

/// A bar for people at a terminal, on the error stream.
///
/// Threading: confined to the thread that runs the benchmark.
final class ProgressBar {
  private static final int WIDTH = 30;

  private final PrintStream stream;
  private final boolean shown;
  private String last = "";

  private ProgressBar(PrintStream stream, boolean shown) {
    this.stream = stream;
    this.shown = shown;
  }

  static ProgressBar forTerminal() {
    boolean terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    return new ProgressBar(System.err, terminal);
  }

  void show(String phase, long done, long all) {
    if (!shown) {
      return;
    }
    int full = (int) (WIDTH * Math.min(done, all) / Math.max(1, all));
    String line =
        "\r%-12s [%s%s] %3d%%"
            .formatted(
                phase, "#".repeat(full), " ".repeat(WIDTH - full), 100 * done / Math.max(1, all));
    if (!line.equals(last)) {
      stream.print(line);
      stream.flush();
      last = line;
    }
  }

  void clear() {
    if (shown) {
      stream.print("\r" + " ".repeat(WIDTH + 20) + "\r");
      stream.flush();
    }
  }
}
