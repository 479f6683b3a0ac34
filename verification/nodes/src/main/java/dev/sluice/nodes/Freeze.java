package dev.sluice.nodes;

import java.io.IOException;

/// Stops processes where they are and lets them go on, as `kill -STOP` and `kill -CONT` do.
///
/// Threading: thread-safe.
public final class Freeze {
  private Freeze() {}

  /// Stops it; its threads may run for a moment yet.
  ///
  /// @throws IOException when it is not there any more
  public static void begin(ProcessHandle process) throws IOException, InterruptedException {
    signal("STOP", process);
  }

  /// Lets it go on.
  ///
  /// @throws IOException when it is not there any more
  public static void end(ProcessHandle process) throws IOException, InterruptedException {
    signal("CONT", process);
  }

  private static void signal(String name, ProcessHandle process)
      throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -" + name + " ended with code " + kill.exitValue());
    }
  }
}
