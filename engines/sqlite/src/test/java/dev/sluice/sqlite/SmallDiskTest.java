package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.contract.ManualEnvironment;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission.Accepted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/// A disk that is really full: a small file system in memory, which only root on Linux can make.
@EnabledIf("canMount")
final class SmallDiskTest {
  private final ManualEnvironment world = new ManualEnvironment(1);
  private final Work work = new Work();
  private final Path disk;

  SmallDiskTest(@TempDir Path directory) {
    disk = directory;
  }

  static boolean canMount() {
    return System.getProperty("os.name").equals("Linux")
        && System.getProperty("user.name").equals("root");
  }

  @BeforeEach
  void mount() throws IOException, InterruptedException {
    run("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk.toString());
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    run("umount", disk.toString());
  }

  private static void run(String... command) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  private int fill(SqliteEngine engine) {
    int taken = 0;
    while (true) {
      try {
        taken += work.offer(engine, 100, 1_000).size();
      } catch (EngineUnavailableException full) {
        assertThat(full).hasMessageStartingWith("the disk is full: ");
        return taken;
      }
    }
  }

  @Test
  void acceptedJobsEndOnAFullDiskAndRoomIsUsedWhenItComesBack() throws IOException {
    Path ballast = disk.resolve("ballast");
    try (SqliteEngine engine = SqliteEngine.open(disk.resolve("jobs.db"), world.environment())) {
      int taken = fill(engine);
      assertThat(taken).isGreaterThan(500);
      int done = 0;
      for (List<Claim> claims = Work.claim(engine, 100);
          !claims.isEmpty();
          claims = Work.claim(engine, 100)) {
        assertThat(Work.complete(engine, claims)).containsOnly(Settled.APPLIED);
        done += claims.size();
      }
      assertThat(done).isEqualTo(taken);

      Files.write(ballast, new byte[(int) disk.toFile().getUsableSpace()]);
      assertThatThrownBy(() -> work.offer(engine, 1, 1))
          .isInstanceOf(EngineUnavailableException.class)
          .hasMessageStartingWith("the disk is full: 0 KiB");
      assertThat(engine.trouble()).isPresent();
      assertThat(engine.counts(Work.QUEUE).succeeded()).isEqualTo(taken);
    } finally {
      Files.deleteIfExists(ballast);
    }
  }

  @Test
  void roomThatSomebodyElseTookIsWaitedFor() throws IOException {
    Path ballast = disk.resolve("ballast");
    Disk careless =
        new Disk() {
          @Override
          public long reserveBytes(Path file) {
            return 0;
          }
        };
    try (SqliteEngine engine =
        SqliteEngine.open(disk.resolve("jobs.db"), world.environment(), careless)) {
      work.offer(engine, 100, 1_000);
      Files.write(ballast, new byte[(int) disk.toFile().getUsableSpace()]);
      int taken = 100 + fill(engine);
      assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(taken);
      assertThat(engine.trouble()).isPresent();

      Files.delete(ballast);
      assertThat(work.offer(engine, 100, 1_000)).hasOnlyElementsOfType(Accepted.class);
      assertThat(engine.trouble()).isEmpty();
      assertThat(Work.complete(engine, Work.claim(engine, 200))).hasSize(200);
    }
  }

  @Test
  void aDiskThatCannotBeWrittenIsSaidSo() throws IOException, InterruptedException {
    Path file = disk.resolve("jobs.db");
    SqliteEngine.open(file, world.environment()).close();
    run("mount", "-o", "remount,ro", disk.toString());

    assertThatThrownBy(() -> SqliteEngine.open(file, world.environment()).close())
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContaining("cannot be written; give this user the right to write");
    run("mount", "-o", "remount,rw", disk.toString());
  }
}
