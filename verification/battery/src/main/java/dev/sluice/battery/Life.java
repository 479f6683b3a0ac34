package dev.sluice.battery;

import dev.sluice.nodes.Freeze;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// One victim, from its start to its end, with everything it says going to an [Ear].
///
/// Threading: confined to the driver's thread; a thread of its own reads what the victim says.
final class Life implements AutoCloseable {
  private static final Duration A_MOMENT = Duration.ofMillis(1);
  private static final Duration LONGEST_FREEZE = Duration.ofSeconds(10);

  private final Process process;
  private final Thread reader;
  private final Ear oracle;
  private final boolean wrapped;

  private Life(Process process, Ear oracle, boolean wrapped) {
    this.process = process;
    this.oracle = oracle;
    this.wrapped = wrapped;
    reader = Thread.ofPlatform().daemon().name("oracle").start(this::listen);
  }

  /// Starts a victim.
  ///
  /// @param work where its log and its libraries go; not on the disk that is made to fail
  /// @param wrapper a command that runs it, or nothing
  static Life begin(
      Oracle oracle, Path work, Path file, boolean drains, long seed, List<String> wrapper)
      throws IOException {
    Path libraries = Files.createDirectories(work.resolve("native"));
    // A killed process leaves the driver's library behind.
    try (DirectoryStream<Path> old = Files.newDirectoryStream(libraries)) {
      for (Path library : old) {
        Files.delete(library);
      }
    }
    List<String> options =
        List.of("-Xmx128m", "-Dorg.sqlite.tmpdir=" + libraries, Victim.class.getName());
    List<String> arguments = new ArrayList<>(options);
    arguments.addAll(List.of(file.toString(), drains ? "drain" : "produce", Long.toString(seed)));
    return begin(oracle, work, wrapper, arguments);
  }

  /// Starts a victim of another kind.
  ///
  /// @param arguments options of the Java machine, the name of a class, and what it is told
  static Life begin(Ear oracle, Path work, List<String> wrapper, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(arguments);
    oracle.begin();
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(work.resolve("victim.log").toFile()))
            .start();
    return new Life(process, oracle, !wrapper.isEmpty());
  }

  private void listen() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        oracle.take(line);
      }
    } catch (IOException failure) {
      oracle.violation("the driver heard only a part of what was said: " + failure);
    } finally {
      oracle.over();
    }
  }

  /// Waits for the end of the process.
  ///
  /// @return whether it ended
  boolean isOverAfter(Duration time) throws InterruptedException {
    return process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /// Its exit code, once it is over.
  int code() {
    return process.exitValue();
  }

  /// Stops the process where it is, and waits until no call into the system is under way.
  void freeze() throws IOException, InterruptedException {
    if (!isOverAfter(Duration.ZERO)) {
      Freeze.begin(victim());
    }
    long begun = System.nanoTime();
    while (!isFrozen() && !isOverAfter(A_MOMENT)) {
      if (System.nanoTime() - begun > LONGEST_FREEZE.toNanos()) {
        oracle.violation("it could not be stopped within " + LONGEST_FREEZE.toSeconds() + " s");
        return;
      }
    }
  }

  /// Lets a stopped process go on.
  void thaw() throws IOException, InterruptedException {
    if (!isOverAfter(Duration.ZERO)) {
      Freeze.end(victim());
    }
  }

  /// The victim itself, not its wrapper.
  private ProcessHandle victim() {
    return process.descendants().findFirst().orElseGet(process::toHandle);
  }

  /// Whether all threads are stopped: T, or t when they are traced.
  private boolean isFrozen() throws IOException {
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(victim().pid()), "task"))) {
      for (Path thread : threads) {
        String state = Files.readString(thread.resolve("stat"));
        if ("Tt".indexOf(state.charAt(state.lastIndexOf(')') + 2)) < 0) {
          return false;
        }
      }
      return true;
    } catch (NoSuchFileException _) {
      // A thread has ended meanwhile.
      return false;
    }
  }

  /// SIGKILL, and then hears out what was said before it.
  void kill() throws InterruptedException {
    strike();
    // A wrapper ends with what it runs.
    if (wrapped && !process.waitFor(10, TimeUnit.SECONDS)) {
      process.toHandle().destroyForcibly();
    }
    process.waitFor();
    reader.join();
  }

  // By the handle: a process destroyed directly has its pipe closed, with facts still in it.
  private void strike() {
    if (wrapped) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
    } else {
      process.toHandle().destroyForcibly();
    }
  }

  /// Leaves no process behind, whatever happened.
  @Override
  public void close() {
    strike();
  }
}
