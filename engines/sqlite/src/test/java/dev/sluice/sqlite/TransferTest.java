package dev.sluice.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Jobs that move from one file to another.
final class TransferTest {
  private static final String QUEUE = Work.QUEUE;

  private final Work work = new Work();
  private final Path target;
  private final SqliteEngine from;
  private SqliteEngine to;

  TransferTest(@TempDir Path directory) {
    target = directory.resolve("to.db");
    from = SqliteEngine.open(directory.resolve("from.db"));
    to = SqliteEngine.open(target);
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
  }

  private JobId offered() {
    JobId id = work.newId();
    assertThat(Work.offer(from, work.job(id, 10))).isEqualTo(new Accepted(id));
    return id;
  }

  private static AttemptRecord failed(Claim claim) {
    return new AttemptRecord(
        claim.attempt(),
        AttemptOutcome.FAILED,
        "no route",
        Instant.ofEpochMilli(claim.startedAtMillis()),
        Instant.ofEpochMilli(claim.startedAtMillis() + 1));
  }

  private void settle(Settlement settlement, Claim claim) {
    from.settle(List.of(new Settle(claim.lease(), settlement)));
  }

  private List<JobId> moveAll() {
    List<JobId> moved = new ArrayList<>();
    List<JobView> next = from.export(QUEUE, 2).jobs();
    while (!next.isEmpty()) {
      to.restore(next);
      List<JobId> ids = next.stream().map(JobView::id).toList();
      from.exported(QUEUE, ids);
      moved.addAll(ids);
      next = from.export(QUEUE, 2).jobs();
    }
    return moved;
  }

  @Test
  void jobsArriveAsTheyWere() {
    JobId retried = offered();
    long due = System.currentTimeMillis() + 3_600_000;
    Claim first = Work.claim(from, 1).getFirst();
    settle(new Settlement.RunAgain(due, false, failed(first)), first);
    JobId buried = offered();
    Claim second = Work.claim(from, 1).getFirst();
    settle(new Settlement.Bury(DeathReason.EXHAUSTED, failed(second)), second);
    JobId one = offered();
    JobId two = offered();
    JobId three = offered();
    List<JobView> before =
        List.of(one, two, three, retried, buried).stream()
            .map(id -> from.find(id).orElseThrow())
            .toList();

    assertThat(moveAll()).containsExactly(one, two, three, retried, buried);

    assertThat(from.counts(QUEUE).waiting() + from.counts(QUEUE).dead()).isZero();
    assertThat(from.counts(QUEUE).waitingBytes()).isZero();
    to.close();
    to = SqliteEngine.open(target);
    for (JobView view : before) {
      assertThat(to.find(view.id()).orElseThrow())
          .usingRecursiveComparison()
          .ignoringFields("ahead")
          .isEqualTo(view);
    }
    assertThat(to.counts(QUEUE).ready()).isEqualTo(3);
    assertThat(to.counts(QUEUE).scheduled()).isEqualTo(1);
    assertThat(to.counts(QUEUE).dead()).isEqualTo(1);
    assertThat(to.counts(QUEUE).waitingBytes()).isEqualTo(40);
    assertThat(Work.claim(to, 10))
        .extracting(claim -> claim.job().id())
        .containsExactly(one, two, three);
    assertThat(to.find(retried).map(JobView::state)).contains(JobState.SCHEDULED);
  }

  @Test
  void whatWasRestoredAlreadyIsToldAsThat() {
    JobId id = offered();
    List<JobView> views = from.export(QUEUE, 10).jobs();
    assertThat(to.restore(views)).containsExactly(new Accepted(id));
    assertThat(to.restore(from.export(QUEUE, 10).jobs())).containsExactly(new Duplicate(id));
    from.exported(QUEUE, List.of(id));
    from.exported(QUEUE, List.of(id));
    assertThat(from.find(id)).isEmpty();
    assertThat(to.counts(QUEUE).ready()).isEqualTo(1);
  }

  @Test
  void aRunningJobStays() {
    JobId id = offered();
    Claim claim = Work.claim(from, 1).getFirst();
    assertThat(from.export(QUEUE, 10).jobs()).isEmpty();
    from.exported(QUEUE, List.of(id));
    JobView running = from.find(id).orElseThrow();
    assertThat(running.state()).isEqualTo(JobState.RUNNING);
    assertThatThrownBy(() -> to.restore(List.of(running)))
        .hasMessage("state: RUNNING must be SCHEDULED, READY or DEAD to move");
    assertThat(Work.complete(from, List.of(claim))).hasSize(1);
  }
}
