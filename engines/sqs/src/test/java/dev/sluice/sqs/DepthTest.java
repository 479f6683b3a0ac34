package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobOptions;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Bounds and counts, on standard queues of a server that works.
@ExtendWith(OwnElastic.class)
final class DepthTest {
  private final Elastic server;
  private Desk desk;

  DepthTest(Elastic server) {
    this.server = server;
  }

  @BeforeEach
  void open() {
    desk = new Desk(server.uri(), "&keys=carry", Desk.TUNING);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void theBoundIsKeptByOurOwnCount() {
    Bound three = new Bound(3, 1 << 20);
    for (int i = 0; i < 3; i++) {
      assertThat(desk.offer(desk.job(), three)).isInstanceOf(Admission.Accepted.class);
    }
    assertThat(desk.offer(desk.job(), three))
        .isEqualTo(
            new Admission.Refused(Admission.Reason.CAPACITY_JOBS, java.util.Optional.empty()));
    assertThat(desk.offer(desk.job(new byte[500], JobOptions.NONE), new Bound(9, 100)))
        .isEqualTo(
            new Admission.Refused(Admission.Reason.CAPACITY_BYTES, java.util.Optional.empty()));
    Claim claim = desk.claimOne();
    assertThat(desk.offer(desk.job(), three)).isInstanceOf(Admission.Accepted.class);
    desk.completed(claim);
  }

  @Test
  void theBoundCountsWhatOthersSent() {
    desk.accepted(5);
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.offer(other.job(), new Bound(5, 1 << 20)))
          .isInstanceOf(Admission.Refused.class);
      desk.claim(5).forEach(desk::completed);
      other.until(
          "learn that there is room",
          () -> other.offer(other.job(), new Bound(5, 1 << 20)) instanceof Admission.Accepted);
    }
  }

  @Test
  void countsFollowWithinAboutASecond() {
    assertThat(desk.engine.counts("mail")).isEqualTo(new Counts(0, 0, 0, 0, 0, 0, 0, 0, false));
    assertThat(desk.engine.queues()).isEmpty();
    desk.accepted(4);
    desk.accepted(desk.delayed(Duration.ofMinutes(10)));
    Claim claim = desk.claimOne();
    desk.until(
        "count",
        () -> {
          Counts counts = desk.engine.counts("mail");
          return counts.ready() == 3 && counts.scheduled() == 1 && counts.running() == 1;
        });
    desk.applied(
        claim, new Settlement.Bury(DeathReason.BURIED, desk.attempt(claim, AttemptOutcome.FAILED)));
    desk.until("count the dead", () -> desk.engine.counts("mail").dead() == 1);
    assertThat(desk.engine.counts("mail").waitingBytes()).isPositive();
    assertThat(desk.engine.queues()).containsExactly("mail");
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.engine.queues()).containsExactly("mail");
      assertThat(other.engine.counts("mail").ready()).isEqualTo(3);
    }
  }
}
