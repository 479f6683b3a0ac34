package dev.sluice.battery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The driver: starts victims one after the other on one file, does something bad to each, lets the
/// last one finish all jobs, and tells what was lost.
///
/// Threading: confined to the main thread.
public final class Battery implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration DRAIN = Duration.ofMinutes(5);
  private static final int CYCLES_TO_AN_AUDIT = 10;
  private static final int MOST_PRINTED = 20;
  private static final String[] HONEST = {};
  private static final String[] LYING = {
    "strace",
    "-f",
    "--seccomp-bpf",
    "-qqq",
    "-o",
    "/dev/null",
    "-e",
    "trace=fdatasync,fsync",
    "-e",
    "inject=fdatasync,fsync:retval=0"
  };

  private final Path work;
  private final Path file;
  private final Oracle oracle;
  private final RandomGenerator random;

  /// @param work an empty directory for logs, outside of what is made to fail
  /// @param file the victims' database
  Battery(Path work, Path file, long seed) throws IOException {
    this.work = Files.createDirectories(work);
    this.file = file;
    oracle = new Oracle(work.resolve("oracle.log"));
    random = new SplittableRandom(seed);
  }

  /// `kill WORK CYCLES SEED`, `fsync-error WORK SEED`, `power-loss WORK IMAGE MOUNT CYCLES SEED`,
  /// `disk-full WORK MOUNT CYCLES SEED` or `brokers WORK rabbitmq|sqs|sqs-fifo CYCLES SEED
  /// LIBRARIES OUTAGE`; the scripts beside this module call it.
  public static void main(String[] args) throws IOException, InterruptedException {
    Path work = Path.of(args[1]);
    boolean held =
        switch (args[0]) {
          case "kill" -> kill(work, Integer.parseInt(args[2]), Long.parseLong(args[3]));
          case "fsync-error" -> FailingSyscall.all(work, Long.parseLong(args[2]));
          case "power-loss" -> {
            Volume volume = new Volume(Path.of(args[2]), Path.of(args[3]));
            boolean lying = args.length > 6 && args[6].equals("lying");
            yield powerLoss(
                work, volume, Integer.parseInt(args[4]), Long.parseLong(args[5]), lying);
          }
          case "disk-full" ->
              FullDisk.run(
                  work, Path.of(args[2]), Integer.parseInt(args[3]), Long.parseLong(args[4]));
          case "brokers" ->
              Brokers.run(
                  work,
                  args[2],
                  new Brokers.Plan(
                      Integer.parseInt(args[3]),
                      Integer.parseInt(args[6]),
                      Long.parseLong(args[4])),
                  Path.of(args[5]));
          default -> throw new IllegalArgumentException("battery: no such part: " + args[0]);
        };
    System.exit(held ? 0 : 1);
  }

  /// Kills as many victims as asked for, and checks.
  static boolean kill(Path work, int cycles, long seed) throws IOException, InterruptedException {
    try (Battery battery = new Battery(work, work.resolve("jobs.db"), seed)) {
      for (int cycle = 1; cycle <= cycles; cycle++) {
        try (Life life = battery.begin(false)) {
          battery.awaitMoment(life);
          life.kill();
        }
        if (cycle % CYCLES_TO_AN_AUDIT == 0) {
          battery.audit(false);
          battery.tellProgress(cycle, cycles);
        }
      }
      battery.drainAndAudit();
      return battery.report(cycles, "kill -9");
    }
  }

  /// @param lying whether syncs do nothing and say that they did: then jobs must be found lost
  private static boolean powerLoss(Path work, Volume volume, int cycles, long seed, boolean lying)
      throws IOException, InterruptedException {
    try (Battery battery = new Battery(work, volume.mount().resolve("jobs.db"), seed)) {
      for (int cycle = 1; cycle <= cycles; cycle++) {
        try (Life life = battery.begin(false, lying ? LYING : HONEST)) {
          battery.awaitMoment(life);
          // Power that goes stops the processor too. Were a sync under way here, ext4 could answer
          // it
          // with "done" though its journal was just given up: docs/BATTERY.md.
          life.freeze();
          volume.cutPower();
          life.thaw();
          // For a moment the process lives on without its disk: it must not acknowledge anything,
          // and may only end if it was still opening the file.
          Oracle.Tally tally = battery.oracle.tally();
          if (life.isOverAfter(Duration.ofMillis(battery.random.nextInt(100))) && tally.lifeOpen) {
            battery.tellOfEnd(life);
          }
          life.kill();
        }
        volume.remount();
        battery.audit(false);
        battery.tellProgress(cycle, cycles);
      }
      battery.drainAndAudit();
      boolean held = battery.report(cycles, "power loss");
      if (lying) {
        System.out.println(held ? "NOT NOTICED: the battery is blind" : "noticed, as it should be");
      }
      return lying != held;
    }
  }

  Oracle oracle() {
    return oracle;
  }

  Path file() {
    return file;
  }

  RandomGenerator random() {
    return random;
  }

  /// Starts the next victim on the file.
  ///
  /// @param wrapper a command that runs it
  Life begin(boolean drains, String... wrapper) throws IOException {
    return Life.begin(oracle, work, file, drains, random.nextLong(), List.of(wrapper));
  }

  /// Lets the victim live for a random time: now and then not even until it has opened the file.
  private void awaitMoment(Life life) throws InterruptedException {
    Duration moment;
    if (random.nextInt(10) == 0) {
      moment = Duration.ofMillis(random.nextInt(800));
    } else {
      awaitOpen();
      moment = Duration.ofMillis(random.nextInt(1200));
    }
    if (life.isOverAfter(moment)) {
      tellOfEnd(life);
    }
  }

  /// Waits until the victim has opened its file.
  boolean awaitOpen() throws InterruptedException {
    Oracle.Tally tally = oracle.tally();
    boolean said = oracle.await(() -> tally.lifeOpen || tally.lifeOver, START);
    if (!said) {
      oracle.violation("the process did not open the file within " + START.toSeconds() + " s");
    }
    return tally.lifeOpen;
  }

  private void tellOfEnd(Life life) {
    oracle.violation(
        "it ended by itself with code " + life.code() + ": " + oracle.tally().lastError);
  }

  /// Compares the file with the oracle, as it is now.
  void audit(boolean drained) {
    Audit.of(oracle, file, drained);
  }

  /// Has a last victim finish all jobs, undisturbed, and checks that they all ended.
  void drainAndAudit() throws IOException, InterruptedException {
    Oracle.Tally tally = oracle.tally();
    try (Life life = begin(true)) {
      oracle.await(() -> tally.lifeEmpty || tally.lifeOver, DRAIN);
      if (!tally.lifeEmpty) {
        oracle.violation("the jobs did not all end: " + tally.lastError);
      }
      if (!life.isOverAfter(START)) {
        oracle.violation("the process did not end by itself");
      }
    }
    audit(true);
  }

  private void tellProgress(int cycle, int cycles) {
    Oracle.Tally tally = oracle.tally();
    System.out.println(
        cycle
            + " of "
            + cycles
            + ": "
            + tally.acknowledged
            + " acknowledged, "
            + tally.ended
            + " ended, "
            + oracle.violations().size()
            + " violations");
  }

  /// Prints what was seen.
  ///
  /// @return whether everything held
  boolean report(int cycles, String fault) {
    Oracle.Tally tally = oracle.tally();
    List<String> violations = oracle.violations();
    violations.stream()
        .limit(MOST_PRINTED)
        .forEach(violation -> System.out.println("VIOLATION " + violation));
    System.out.printf(
        Locale.ROOT,
        "%d cycles, %d acknowledged, %d ended, %s%n",
        cycles,
        tally.acknowledged,
        oracle.all().values().stream().filter(job -> job.seen).count(),
        violations.isEmpty()
            ? "0 lost, 0 ended twice, bound held"
            : violations.size() + " VIOLATIONS, see " + work);
    System.out.printf(
        Locale.ROOT,
        "(%d starts, %d runs cut short, %d duplicates, %d refused, %d of %d opens with a full"
            + " queue)%n",
        tally.started,
        tally.crashed,
        tally.duplicates,
        tally.refused,
        tally.fullOpens,
        tally.opened);
    if (violations.isEmpty() && cycles > 0 && tally.acknowledged > 0) {
      System.out.printf(
          Locale.ROOT,
          "Rule of three, 95 %%: a %s goes wrong in fewer than %.3f %% of cases,"
              + " an acknowledged job is lost in fewer than %.5f %%.%n",
          fault,
          300.0 / cycles,
          300.0 / tally.acknowledged);
    }
    return violations.isEmpty();
  }

  @Override
  public void close() throws IOException {
    oracle.close();
  }
}
