package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What only this engine can get wrong: ids as row numbers, pages used again, its one thread.
final class LifeTest {
  private static final Retention NOTHING =
      new Retention(new Keep(Duration.ZERO, 0, 0), new Keep(Duration.ZERO, 0, 0));

  private final Work work = new Work();
  private final Path file;
  private SqliteEngine engine;

  LifeTest(@TempDir Path directory) {
    file = directory.resolve("jobs.db");
    engine = SqliteEngine.open(file);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void idsOfEveryShapeComeBackWhole() {
    JobId seven = work.newId();
    List<JobId> ids =
        List.of(
            seven,
            new JobId(seven.high(), seven.low() + 1),
            new JobId(seven.high(), seven.low() + 2),
            new JobId((seven.high() & ~0xF000L) | 0x4000, seven.low()),
            new JobId(-1, -1),
            new JobId(0, 0),
            new JobId(Long.MIN_VALUE | 0x7000, 5));
    for (JobId id : ids) {
      assertThat(Work.offer(engine, work.job(id, 1))).isEqualTo(new Accepted(id));
    }
    engine.close();
    engine = SqliteEngine.open(file);
    for (JobId id : ids) {
      assertThat(Work.offer(engine, work.job(id, 1))).isEqualTo(new Duplicate(id));
      assertThat(engine.find(id).map(JobView::id)).contains(id);
    }
    List<Claim> claims = Work.claim(engine, 100);
    assertThat(claims).extracting(claim -> claim.job().id()).containsExactlyElementsOf(ids);
    assertThat(Work.complete(engine, claims)).containsOnly(Settled.APPLIED);
  }

  @Test
  void aStrayIsKnownWhenItsPlaceWasGivenUp() {
    JobId first = work.newId();
    JobId stray = new JobId(first.high(), first.low() ^ 1);
    Work.offer(engine, work.job(first, 1));
    Work.offer(engine, work.job(stray, 1));
    Work.complete(engine, Work.claim(engine, 1));
    engine.prune(Work.QUEUE, NOTHING, 10);

    assertThat(engine.find(first)).isEmpty();
    assertThat(Work.offer(engine, work.job(stray, 1))).isEqualTo(new Duplicate(stray));
  }

  @Test
  void aBatchOfNewAndKnownJobsIsToldApart() {
    List<Offer> known = work.offers(60, 10);
    engine.offer(known);
    for (int round = 0; round < 3; round++) {
      List<Offer> mixed = new ArrayList<>(work.offers(40, 10));
      mixed.addAll(known.subList(20, 40));
      mixed.addAll(work.offers(40, 10));
      List<Admission> answers = engine.offer(mixed);
      assertThat(answers.subList(0, 40)).hasOnlyElementsOfType(Accepted.class);
      assertThat(answers.subList(40, 60)).hasOnlyElementsOfType(Duplicate.class);
      assertThat(answers.subList(60, 100)).hasOnlyElementsOfType(Accepted.class);
    }
    assertThat(engine.counts(Work.QUEUE).ready()).isEqualTo(60 + 3 * 80);
    assertThat(Work.claim(engine, 1_000)).hasSize(60 + 3 * 80);
  }

  @Test
  void theFileStopsGrowingUnderSteadyLoad() throws IOException {
    List<Long> sizes = new ArrayList<>();
    for (int round = 0; round < 12; round++) {
      for (int i = 0; i < 4; i++) {
        work.offer(engine, 500, 400);
        Work.complete(engine, Work.claim(engine, 500));
      }
      engine.prune(Work.QUEUE, NOTHING, 10_000);
      engine.close();
      sizes.add(Files.size(file));
      engine = SqliteEngine.open(file);
    }
    assertThat(sizes.getLast()).isLessThanOrEqualTo(sizes.get(2) + 20 * 8192);
    assertThat(sizes.getLast()).isLessThan(4L << 20);
  }

  @Test
  void anInterruptedCallerIsServedAndStaysInterrupted() throws InterruptedException {
    AtomicBoolean fine = new AtomicBoolean();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              Thread.currentThread().interrupt();
              boolean accepted = Work.offer(engine, work.job(work.newId(), 1)) instanceof Accepted;
              fine.set(accepted && Thread.currentThread().isInterrupted());
            });
    caller.join();
    assertThat(fine).isTrue();
    assertThat(work.offer(engine, 1, 1)).hasOnlyElementsOfType(Accepted.class);
  }

  @Test
  void manyCallersAtOnceLoseNothing() throws InterruptedException {
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int n = 0; n < 20; n++) {
                  work.offer(engine, 3, 10);
                  Work.complete(engine, Work.claim(engine, 2));
                }
              }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    var counts = engine.counts(Work.QUEUE);
    assertThat(counts.ready() + counts.succeeded()).isEqualTo(32 * 20 * 3);
    assertThat(counts.succeeded()).isEqualTo(32 * 20 * 2);
    assertThat(counts.running()).isZero();
  }
}
