package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.contract.ManualEnvironment;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What callers are told, and what is in the file, when the disk fails or is full.
final class DiskFaultTest {
  private final ManualEnvironment world = new ManualEnvironment(1);
  private final FailingDisk disk = new FailingDisk();
  private final Work work = new Work();
  private final Path file;
  private SqliteEngine engine;

  DiskFaultTest(@TempDir Path directory) {
    file = directory.resolve("jobs.db");
    engine = open();
  }

  private SqliteEngine open() {
    return SqliteEngine.open(file, world.environment(), disk);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void anOfferThatWasNotCommittedIsNotThere() {
    List<Offer> offers = work.offers(3, 10);
    disk.failsBeforeCommit = true;

    assertThatThrownBy(() -> engine.offer(offers))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContaining("failed")
        .hasMessageContaining(file.getFileName().toString());
    assertThat(engine.queues()).isEmpty();
    assertThat(engine.offer(offers)).hasSize(3).allMatch(Accepted.class::isInstance);
    assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(3);
    assertThat(engine.trouble()).isEmpty();
  }

  @Test
  void anOfferThatWasCommittedButNotAnsweredIsRecognised() {
    JobId id = work.newId();
    disk.failsAfterCommit = true;

    assertThatThrownBy(() -> Work.offer(engine, work.job(id, 10)))
        .isInstanceOf(EngineUnavailableException.class);
    assertThat(Work.offer(engine, work.job(id, 10))).isEqualTo(new Duplicate(id));
    assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(1);
  }

  @Test
  void aClaimThatWasNeverHandedOutGoesBackWithItsAttempt() {
    work.offer(engine, 3, 10);
    Claim held = Work.claim(engine, 1).getFirst();
    disk.failsAfterCommit = true;

    assertThatThrownBy(() -> Work.claim(engine, 1)).isInstanceOf(EngineUnavailableException.class);

    assertThat(engine.counts(Work.QUEUE).running()).isEqualTo(1);
    List<Claim> again = Work.claim(engine, 1);
    assertThat(again.getFirst().attempt()).isEqualTo(1);
    assertThat(again.getFirst().lease().epoch()).isEqualTo(2);
    assertThat(engine.expired(10)).isEmpty();
    assertThat(Work.complete(engine, List.of(held))).containsExactly(Settled.APPLIED);
  }

  @Test
  void aSettlementOfUnknownFateCanBeRepeated() {
    work.offer(engine, 2, 10);
    List<Claim> claims = Work.claim(engine, 2);
    disk.failsAfterCommit = true;
    assertThatThrownBy(() -> Work.complete(engine, claims))
        .isInstanceOf(EngineUnavailableException.class);
    assertThat(Work.complete(engine, claims)).containsOnly(Settled.APPLIED);

    work.offer(engine, 2, 10);
    List<Claim> others = Work.claim(engine, 2);
    disk.failsBeforeCommit = true;
    assertThatThrownBy(() -> Work.complete(engine, others))
        .isInstanceOf(EngineUnavailableException.class);
    assertThat(engine.counts(Work.QUEUE).running()).isEqualTo(2);
    assertThat(Work.complete(engine, others)).containsOnly(Settled.APPLIED);
    assertThat(engine.counts(Work.QUEUE).succeeded()).isEqualTo(4);
  }

  @Test
  void aFullDiskRefusesJobsAndLetsOthersEnd() {
    work.offer(engine, 2, 10);
    disk.usableBytes = Disk.RESERVE_BYTES - 1;

    assertThatThrownBy(() -> work.offer(engine, 1, 10))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageStartingWith("the disk is full: ");
    assertThat(engine.trouble()).get().asString().startsWith("the disk is full: ");
    List<Claim> claims = Work.claim(engine, 2);
    assertThat(Work.complete(engine, claims)).containsOnly(Settled.APPLIED);

    disk.usableBytes = Disk.RESERVE_BYTES;
    assertThat(work.offer(engine, 1, 10)).hasOnlyElementsOfType(Accepted.class);
    assertThat(engine.trouble()).isEmpty();
  }

  @Test
  void aFileThatCannotGrowRefusesOnlyWhatNeedsRoom() {
    engine.close();
    disk.maxPages = 60;
    engine = open();
    List<Offer> small = work.offers(2, 10);
    engine.offer(small);
    List<Claim> claims = Work.claim(engine, 1);

    assertThatThrownBy(() -> work.offer(engine, 10, 200_000))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageStartingWith("the disk is full: ");
    assertThat(Work.complete(engine, claims)).containsOnly(Settled.APPLIED);
    assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(1);
    assertThat(engine.counts(Work.QUEUE).waitingBytes()).isEqualTo(10);
    assertThat(engine.list(Work.QUEUE, JobState.READY, 10, null).jobs()).hasSize(1);
    assertThat(work.offer(engine, 1, 10)).hasOnlyElementsOfType(Accepted.class);
    assertThat(engine.trouble()).isEmpty();
  }

  @Test
  void nobodyPaysForAnothersFailure() throws InterruptedException {
    engine.close();
    disk.maxPages = 60;
    engine = open();
    List<Offer> tooMuch = work.offers(10, 200_000);
    Thread other =
        Thread.ofVirtual()
            .start(() -> {
              for (int i = 0; i < 50; i++) {
                assertThatThrownBy(() -> engine.offer(tooMuch))
                    .isInstanceOf(EngineUnavailableException.class);
              }
            });
    for (int i = 0; i < 50; i++) {
      assertThat(Work.offer(engine, work.job(work.newId(), 10))).isInstanceOf(Accepted.class);
    }
    other.join();
    assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(50);
  }
}
