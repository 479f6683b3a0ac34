package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import dev.sluice.app.remote.Surroundings.Restore;
import dev.sluice.app.remote.Surroundings.Stop;
import dev.sluice.app.remote.Table.Cell;
import dev.sluice.app.remote.Table.Column;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// `sluice top`: the queues in a table that refreshes.
///
/// Threading: the main thread asks and prints; one thread reads keys, one waits for Ctrl-C.
@Command(
    name = "top",
    description = "Shows the queues in a table that refreshes, until q or Ctrl-C.",
    mixinStandardHelpOptions = true)
final class TopCommand implements Callable<Integer> {
  private static final String OPEN_SCREEN = "\u001b[?1049h\u001b[?25l";
  private static final String CLOSE_SCREEN = "\u001b[?25h\u001b[?1049l";
  private static final String HOME = "\u001b[H";
  private static final String REST_OF_LINE = "\u001b[K\r\n";
  private static final Duration KEYS = Duration.ofMillis(100);
  private static final String REST_OF_SCREEN = "\u001b[J";

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Option(names = "--once", description = "Prints the table once and ends.")
  private boolean once;

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "Between two looks. Default: 1s.")
  private Duration interval = Duration.ofSeconds(1);

  /// What was counted at the look before.
  private record Look(long nanos, long accepted, long ended) {}

  private final Map<String, Look> before = new HashMap<>();

  @Override
  public Integer call() throws InterruptedException {
    if (interval.toMillis() < 100) {
      throw server.bad("interval: " + interval.toMillis() + "ms must be at least 100ms");
    }
    Output output = server.output();
    try (Remote remote = server.remote()) {
      if (once) {
        JsonNode queues = remote.get("/v1/queues").path("queues");
        if (output.json()) {
          queues.values().forEach(output::json);
        } else {
          output.print(table(queues));
        }
        return 0;
      }
      if (output.json() || output.width() == 0) {
        throw server.bad("once: must be given where no terminal shows the table");
      }
      watch(remote, output);
      return 0;
    }
  }

  private void watch(Remote remote, Output output) throws InterruptedException {
    // The first look may fail in words, before the screen is taken.
    JsonNode queues = remote.get("/v1/queues").path("queues");
    Pause pause = new Pause();
    try (Restore keys = server.surroundings().singleKeys();
        Restore _ = () -> output.raw(CLOSE_SCREEN, false)) {
      output.raw(OPEN_SCREEN, false);
      Stop stop =
          server
              .surroundings()
              .stops(() -> {
                output.raw(CLOSE_SCREEN, false);
                undo(keys);
              });
      Thread.ofVirtual().name("sluice-stop").start(() -> endAt(stop, pause));
      Thread.ofPlatform().daemon().name("sluice-keys").start(() -> readKeys(pause));
      String trouble = "";
      do {
        draw(output, remote, table(queues), trouble);
        if (pause.await(interval)) {
          return;
        }
        try {
          queues = remote.get("/v1/queues").path("queues");
          trouble = "";
        } catch (RemoteFailure failure) {
          if (!failure.mayPass()) {
            throw failure;
          }
          trouble = String.valueOf(failure.getMessage());
        }
      } while (!pause.isEnded());
    }
  }

  private static void undo(Restore change) {
    change.close();
  }

  private static void endAt(Stop stop, Pause pause) {
    try {
      stop.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    pause.end();
  }

  private void readKeys(Pause pause) {
    InputStream in = server.surroundings().in();
    try {
      int key = in.read();
      while (key != 'q' && key != 'Q') {
        // Nothing typed looks like the end of the stream here; a real end must not spin.
        if (pause.await(key < 0 ? KEYS : Duration.ZERO)) {
          return;
        }
        key = in.read();
      }
    } catch (IOException _) {
      return;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return;
    }
    pause.end();
  }

  private void draw(Output output, Remote remote, Table table, String trouble) {
    int width = server.surroundings().columns();
    List<String> lines = table.lines(output.ink(), width);
    StringBuilder screen = new StringBuilder(HOME);
    String title = "sluice  " + remote.address() + "  " + Times.here().clock() + "  (q ends)";
    screen.append(output.ink().paint(Tone.STRONG, Columns.cut(title, width)));
    screen.append(REST_OF_LINE).append(REST_OF_LINE);
    lines.forEach(line -> screen.append(line).append(REST_OF_LINE));
    if (!trouble.isEmpty()) {
      screen.append(REST_OF_LINE).append(output.ink().paint(Tone.BAD, Columns.cut(trouble, width)));
    }
    output.raw(screen.append(REST_OF_SCREEN).toString(), false);
  }

  private Table table(JsonNode queues) {
    Table table =
        new Table(
            Column.left("QUEUE"),
            Column.right("WAITING"),
            Column.right("RUNNING"),
            Column.right("IN/S"),
            Column.right("DONE/S"),
            Column.right("OLDEST"),
            Column.right("REFUSED"),
            Column.right("DEAD"),
            Column.left("STATE"));
    long now = System.nanoTime();
    for (JsonNode json : queues.values()) {
      QueueRow queue = new QueueRow(json);
      Look look = new Look(now, queue.total("accepted"), queue.total("succeeded"));
      Look last = before.put(queue.name(), look);
      long dead = queue.count("DEAD");
      table.row(
          Cell.of(queue.name()),
          Cell.of(queue.shown(queue.waiting())),
          Cell.of(queue.shown(queue.count("RUNNING"))),
          Cell.of(last == null ? "-" : rate(look.accepted() - last.accepted(), look, last)),
          Cell.of(
              last == null
                  ? Numbers.rate(queue.drainPerSecond())
                  : rate(look.ended() - last.ended(), look, last)),
          Cell.of(queue.oldestAge().orElse("-")),
          Cell.of(queue.total("refused")),
          new Cell(queue.shown(dead), dead > 0 ? Tone.BAD : Tone.PLAIN),
          queue.paused() ? new Cell("paused", Tone.LATER) : Cell.of("open"));
    }
    return table;
  }

  private static String rate(long count, Look look, Look last) {
    return Numbers.rate(Math.max(0, count) / ((look.nanos() - last.nanos()) / 1e9));
  }
}
