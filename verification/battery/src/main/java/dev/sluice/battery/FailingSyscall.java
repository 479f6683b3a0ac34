package dev.sluice.battery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// A system call of the victim's that fails at its Nth time, injected with strace: what was not
/// synced was not acknowledged, and the victim goes on by itself, or says why it cannot.
///
/// Threading: confined to the driver's thread.
///
/// @param calls the system calls, with commas
/// @param error what they fail with
/// @param when at which time, in strace's words: `5`, or `5+` for all from there
record FailingSyscall(String calls, String error, String when) {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int ENOUGH = 200;

  /// Runs them all, each on a file of its own.
  ///
  /// @return whether everything held
  static boolean all(Path work, long seed) throws IOException, InterruptedException {
    boolean held = true;
    for (FailingSyscall failing : matrix()) {
      Path own = work.resolve(failing.calls.replace(',', '-') + "-" + failing.name());
      try (Battery battery = new Battery(own, own.resolve("jobs.db"), seed)) {
        held &= failing.run(battery, own.resolve("calls.log"));
      }
    }
    System.out.println(held ? "all held" : "VIOLATIONS, see " + work);
    return held;
  }

  private static List<FailingSyscall> matrix() {
    List<FailingSyscall> matrix = new ArrayList<>();
    for (int n : List.of(1, 2, 3, 4, 5, 8, 13, 34, 89, 200)) {
      matrix.add(new FailingSyscall("fdatasync,fsync", "EIO", Integer.toString(n)));
    }
    matrix.add(new FailingSyscall("fdatasync,fsync", "EIO", "50+"));
    for (int n : List.of(1, 5, 13, 34, 89, 300, 1000)) {
      matrix.add(new FailingSyscall("pwrite64", "EIO", Integer.toString(n)));
      matrix.add(new FailingSyscall("pwrite64", "ENOSPC", Integer.toString(n)));
    }
    matrix.add(new FailingSyscall("pwrite64", "EIO", "200+"));
    matrix.add(new FailingSyscall("pwrite64", "ENOSPC", "200+"));
    return matrix;
  }

  private String name() {
    return error + "-" + when.replace("+", "-on");
  }

  private boolean run(Battery battery, Path trace) throws IOException, InterruptedException {
    Oracle oracle = battery.oracle();
    String fate;
    try (Life life = battery.begin(false, wrapper(trace))) {
      fate = watch(battery, life);
      life.kill();
    }
    String said = oracle.tally().lastError;
    battery.audit(false);
    battery.drainAndAudit();
    List<String> violations = oracle.violations();
    System.out.printf(
        Locale.ROOT,
        "%-15s %-6s at %-4s: %4d injected, %-34s %5d acknowledged, %d violations; %s%n",
        calls,
        error,
        when,
        injected(trace),
        fate,
        oracle.tally().acknowledged,
        violations.size(),
        said.isEmpty() ? "no word" : "\"" + said + "\"");
    violations.forEach(violation -> System.out.println("VIOLATION " + violation));
    return violations.isEmpty();
  }

  private String[] wrapper(Path trace) {
    return new String[] {
      "strace",
      "-f",
      "--seccomp-bpf",
      "-qqq",
      "-o",
      trace.toString(),
      "-e",
      "trace=" + calls,
      "-e",
      "inject=" + calls + ":error=" + error + ":when=" + when
    };
  }

  private static long injected(Path trace) throws IOException {
    try (Stream<String> lines = Files.lines(trace)) {
      return lines.filter(line -> line.contains("(INJECTED)")).count();
    }
  }

  /// Waits for the error, and for what comes after it.
  private String watch(Battery battery, Life life) throws InterruptedException {
    Oracle oracle = battery.oracle();
    Oracle.Tally tally = oracle.tally();
    if (!battery.awaitOpen()) {
      if (tally.lastError.isEmpty()) {
        oracle.violation("it ended without a word");
      }
      return "did not open";
    }
    boolean told =
        oracle.await(
            () -> tally.errorsInLife > 0 || tally.lifeOver || tally.lifeEnded > 20 * ENOUGH, LONG);
    if (tally.lifeOver) {
      oracle.violation("it ended by itself with code " + life.code());
      return "ended";
    }
    if (!told || tally.errorsInLife == 0) {
      return "no producer was affected,";
    }
    if (when.endsWith("+")) {
      life.isOverAfter(Duration.ofSeconds(3));
      return "failed on, " + tally.errorsInLife + " errors told";
    }
    if (oracle.await(() -> tally.acknowledgedSinceError > ENOUGH || tally.lifeOver, LONG)
        && !tally.lifeOver) {
      return "resumed after " + tally.errorsInLife + " errors told";
    }
    oracle.violation("it did not resume by itself within " + LONG.toSeconds() + " s");
    return "did not resume";
  }
}
