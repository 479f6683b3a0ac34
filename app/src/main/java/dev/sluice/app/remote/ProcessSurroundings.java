package dev.sluice.app.remote;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// The surroundings of this process. What the JDK cannot tell of a terminal, `sh` and `stty` tell.
///
/// Threading: thread-safe.
final class ProcessSurroundings implements Surroundings {
  private static final int USUAL_COLUMNS = 80;
  private static final int NEITHER = 3;

  private final Function<Runnable, Stop> stops;
  private int terminals = -1;

  ProcessSurroundings(Function<Runnable, Stop> stops) {
    this.stops = stops;
  }

  @Override
  public Optional<String> variable(String name) {
    return Optional.ofNullable(System.getenv(name)).filter(value -> !value.isBlank());
  }

  @Override
  public InputStream in() {
    return System.in;
  }

  @Override
  public boolean outIsTerminal() {
    return (terminals() & 2) == 0;
  }

  @Override
  public boolean errIsTerminal() {
    return (terminals() & 1) == 0;
  }

  /// [java.io.Console] looks at input and output together, and a pipe on the one says nothing of
  /// the other.
  private int terminals() {
    if (terminals < 0) {
      terminals = ask("[ -t 1 ]; out=$?; [ -t 2 ]; exit $((out * 2 + $?))");
    }
    return terminals;
  }

  private static int ask(String script) {
    try {
      Process process =
          new ProcessBuilder("sh", "-c", script)
              .redirectOutput(Redirect.INHERIT)
              .redirectError(Redirect.INHERIT)
              .start();
      process.getOutputStream().close();
      return process.waitFor(5, TimeUnit.SECONDS) ? process.exitValue() & NEITHER : NEITHER;
    } catch (IOException _) {
      return NEITHER;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return NEITHER;
    }
  }

  @Override
  public int columns() {
    try {
      String[] size = stty("size").split(" ", -1);
      int columns = size.length == 2 ? Integer.parseInt(size[1]) : 0;
      return columns > 0 ? columns : USUAL_COLUMNS;
    } catch (IOException | NumberFormatException _) {
      return USUAL_COLUMNS;
    }
  }

  @Override
  public Restore singleKeys() {
    try {
      String before = stty("-g");
      if (!before.matches("[0-9a-fA-F:=]+|[a-z0-9=:;-]+")) {
        return () -> {};
      }
      stty("-icanon -echo min 0 time 1");
      return () -> {
        try {
          stty(before);
        } catch (IOException _) {
          // The terminal is gone; nobody misses its settings.
        }
      };
    } catch (IOException _) {
      return () -> {};
    }
  }

  private static String stty(String arguments) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", "stty " + arguments + " </dev/tty 2>/dev/null").start();
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
  }

  @Override
  public Stop stops(Runnable lastWords) {
    return stops.apply(lastWords);
  }
}
