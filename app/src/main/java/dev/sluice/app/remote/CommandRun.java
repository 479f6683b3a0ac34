package dev.sluice.app.remote;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A command that runs for one job, through `sh -c`: the payload on its standard input, its output
/// passed on line by line, and the last line of its error stream kept.
///
/// A Ctrl-C of the terminal is for this program, not for the commands: they run in a session of
/// their own where `setsid` is there, and elsewhere ignore it.
///
/// Threading: thread-safe.
final class CommandRun {
  private static final int LAST_LINE = 1000;
  private static final Duration READERS = Duration.ofSeconds(1);
  private static final String IGNORING = "trap '' INT; exec sh -c \"$1\"";

  /// Where lines of the command go.
  interface Sink {
    void line(String line);
  }

  private final Process process;
  private final boolean ownGroup;
  private final LastLine errors = new LastLine();
  private final List<Thread> readers = new ArrayList<>();

  private CommandRun(Process process, boolean ownGroup) {
    this.process = process;
    this.ownGroup = ownGroup;
  }

  /// The path of `setsid`, if this machine has it.
  static Optional<Path> setsid(Optional<String> path) {
    return path.stream()
        .flatMap(folders -> List.of(folders.split(":", -1)).stream())
        .filter(folder -> folder.startsWith("/"))
        .map(folder -> Path.of(folder, "setsid"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /// @throws IOException when there is no shell, or a value cannot stand in the environment
  static CommandRun start(String command, LeasedJob job, Optional<Path> setsid, Sink out, Sink err)
      throws IOException {
    List<String> words =
        setsid
            .map(path -> List.of(path.toString(), "sh", "-c", command))
            .orElseGet(() -> List.of("sh", "-c", IGNORING, "sh", command));
    ProcessBuilder builder = new ProcessBuilder(words);
    try {
      builder.environment().putAll(job.variables());
    } catch (IllegalArgumentException bad) {
      throw new IOException("the job's data cannot stand in an environment", bad);
    }
    CommandRun run = new CommandRun(builder.start(), setsid.isPresent());
    run.reader("out", run.process.getInputStream(), out);
    run.reader(
        "err",
        run.process.getErrorStream(),
        line -> {
          run.errors.set(line);
          err.line(line);
        });
    byte[] payload = job.payload();
    Thread.ofVirtual().name("sluice-stdin").start(() -> run.feed(payload));
    return run;
  }

  private void reader(String name, InputStream stream, Sink sink) {
    readers.add(Thread.ofVirtual().name("sluice-" + name).start(() -> read(stream, sink)));
  }

  private static void read(InputStream stream, Sink sink) {
    try (stream) {
      Pieces pieces = new Pieces(stream);
      for (String line = pieces.next(); line != null; line = pieces.next()) {
        sink.line(line);
      }
    } catch (IOException _) {
      // The command is gone, and its output with it.
    }
  }

  private void feed(byte[] payload) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(payload);
    } catch (IOException _) {
      // A command need not read its payload.
    }
  }

  /// Waits for the end.
  ///
  /// @return whether it came in time
  boolean await(Duration time) throws InterruptedException {
    if (!process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS)) {
      return false;
    }
    // What the command left running in the background may hold its output for ever.
    for (Thread reader : readers) {
      boolean _ = reader.join(READERS);
    }
    return true;
  }

  /// How it ended: 0 is well, more than 128 is a signal.
  int exitCode() {
    return process.exitValue();
  }

  Optional<String> lastErrorLine() {
    return errors.get();
  }

  /// Ends the command and all that it started: first with a request, then without.
  void kill(Duration grace) throws InterruptedException {
    Map<Long, ProcessHandle> tree = new LinkedHashMap<>();
    collect(tree);
    signal(tree, "TERM");
    boolean ended = process.waitFor(grace.toNanos(), TimeUnit.NANOSECONDS);
    collect(tree);
    if (ended) {
      long until = System.nanoTime() + grace.toNanos();
      for (ProcessHandle handle : tree.values()) {
        awaitEnd(handle, Duration.ofNanos(Math.max(0, until - System.nanoTime())));
      }
    }
    signal(tree, "KILL");
    process.waitFor();
  }

  /// The same at once, where nobody can wait.
  void killNow() {
    Map<Long, ProcessHandle> tree = new LinkedHashMap<>();
    collect(tree);
    tree.values().forEach(ProcessHandle::destroyForcibly);
  }

  private void collect(Map<Long, ProcessHandle> tree) {
    ProcessHandle root = process.toHandle();
    tree.put(root.pid(), root);
    root.descendants().forEach(child -> tree.put(child.pid(), child));
  }

  private static void awaitEnd(ProcessHandle handle, Duration time) throws InterruptedException {
    try {
      handle.onExit().get(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException _) {
      // It is killed next.
    }
  }

  private void signal(Map<Long, ProcessHandle> tree, String signal) throws InterruptedException {
    // Those whose parent is gone are found by their group only.
    if (ownGroup) {
      signalGroup(signal);
    }
    for (ProcessHandle handle : tree.values()) {
      boolean _ = signal.equals("KILL") ? handle.destroyForcibly() : handle.destroy();
    }
  }

  private void signalGroup(String signal) throws InterruptedException {
    try {
      Process kill =
          new ProcessBuilder(
                  "sh",
                  "-c",
                  "kill -s \"$1\" -- \"-$2\" 2>/dev/null",
                  "sh",
                  signal,
                  "" + process.pid())
              .start();
      kill.waitFor();
    } catch (IOException _) {
      // The handles are signalled all the same.
    }
  }

  /// The newest line that says something.
  private static final class LastLine {
    private volatile String text = "";

    void set(String line) {
      if (!line.isBlank()) {
        text = line.length() > LAST_LINE ? line.substring(0, LAST_LINE) : line;
      }
    }

    Optional<String> get() {
      return Optional.of(text.strip()).filter(it -> !it.isEmpty());
    }
  }

  /// Lines of a command; those that are very long come in pieces.
  private static final class Pieces {
    private static final int LONGEST = 64 << 10;

    private final InputStream in;

    Pieces(InputStream in) {
      this.in = new java.io.BufferedInputStream(in);
    }

    @org.jspecify.annotations.Nullable
    String next() throws IOException {
      int at = in.read();
      if (at < 0) {
        return null;
      }
      java.io.ByteArrayOutputStream line = new java.io.ByteArrayOutputStream(128);
      while (at >= 0 && at != '\n' && line.size() < LONGEST) {
        line.write(at);
        at = in.read();
      }
      if (at >= 0 && at != '\n') {
        line.write(at);
      }
      return line.toString(StandardCharsets.UTF_8);
    }
  }
}
