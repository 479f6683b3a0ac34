package dev.sluice.battery;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/// A small disk that fills up under a victim and is freed again: enqueues are refused with a
/// sentence while jobs still end, and it goes on by itself.
///
/// Threading: confined to the driver's thread.
final class FullDisk {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int BLOCK = 64 << 10;
  private static final int ENOUGH = 200;

  private final Battery battery;
  private final Path mount;
  private final Path filler;

  private FullDisk(Battery battery, Path mount) {
    this.battery = battery;
    this.mount = mount;
    filler = mount.resolve("filler");
  }

  /// Fills and frees a disk so many times, in turn nearly (the reserve is touched) and fully.
  ///
  /// @return whether everything held
  static boolean run(Path work, Path mount, int cycles, long seed)
      throws IOException, InterruptedException {
    try (Battery battery = new Battery(work, mount.resolve("jobs.db"), seed)) {
      FullDisk disk = new FullDisk(battery, mount);
      for (int cycle = 1; cycle <= cycles; cycle++) {
        boolean toTheBrim = cycle % 2 == 0;
        try (Life life = battery.begin(false)) {
          disk.fillAndFree(toTheBrim);
          life.kill();
        }
        battery.audit(false);
      }
      battery.drainAndAudit();
      return battery.report(cycles, "full disk");
    }
  }

  private void fillAndFree(boolean toTheBrim) throws IOException, InterruptedException {
    Oracle oracle = battery.oracle();
    Oracle.Tally tally = oracle.tally();
    if (!battery.awaitOpen()
        || !oracle.await(() -> tally.lifeAcknowledged > ENOUGH || tally.lifeOver, LONG)) {
      oracle.violation("it took no jobs while there was room: " + tally.lastError);
      return;
    }
    long left = toTheBrim ? 0 : mount.toFile().getTotalSpace() / 5;
    fill(left);
    boolean told = oracle.await(() -> tally.errorsInLife > 0 || tally.lifeOver, LONG);
    String said = tally.lastError;
    if (!told || !said.contains("disk is full")) {
      oracle.violation("a full disk was told as: " + said);
    }
    long endedBefore = tally.lifeEnded;
    boolean ended = oracle.await(() -> tally.lifeEnded > endedBefore + ENOUGH / 4, LONG);
    if (!ended && !toTheBrim) {
      oracle.violation("jobs did not end any more though there was a reserve");
    }
    Files.delete(filler);
    long begun = System.nanoTime();
    // More than what can have been under way when the filler went.
    long acknowledged = tally.lifeAcknowledged;
    boolean resumed =
        oracle.await(() -> tally.lifeAcknowledged > acknowledged + ENOUGH || tally.lifeOver, LONG);
    if (!resumed || tally.lifeOver) {
      oracle.violation("it did not go on by itself after there was room again");
    }
    System.out.printf(
        Locale.ROOT,
        "%s: \"%s\"; %d jobs ended meanwhile; %d more taken %d ms after there was room%n",
        toTheBrim ? "0 bytes left" : (left >> 10) + " KiB left",
        said,
        tally.lifeEnded - endedBefore,
        ENOUGH,
        Duration.ofNanos(System.nanoTime() - begun).toMillis());
  }

  /// Writes a file until only `left` bytes are left.
  private void fill(long left) throws IOException {
    byte[] block = new byte[BLOCK];
    try (RandomAccessFile out = new RandomAccessFile(filler.toFile(), "rw")) {
      out.seek(out.length());
      while (mount.toFile().getUsableSpace() > left) {
        out.write(block, 0, (int) Math.min(BLOCK, Math.max(1, usableAbove(left))));
      }
    } catch (IOException full) {
      if (left > 0) {
        throw full;
      }
    }
  }

  private long usableAbove(long left) {
    return mount.toFile().getUsableSpace() - left;
  }
}
