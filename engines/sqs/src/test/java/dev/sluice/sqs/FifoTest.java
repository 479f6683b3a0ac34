package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// FIFO queues beyond the contract: how jobs go back to their place.
@ExtendWith(OwnElastic.class)
final class FifoTest {
  private final Elastic server;
  private Desk desk;

  FifoTest(Elastic server) {
    this.server = server;
  }

  @BeforeEach
  void open() {
    desk = new Desk(server.uri(), "&fifo=true", Desk.TUNING);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void theLimitsSaySo() {
    assertThat(desk.engine.limits().keys()).isEqualTo(Limits.Keys.ORDERED);
    assertThat(desk.engine.limits().delay()).isEqualTo(Duration.ZERO);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> desk.offer(desk.delayed(Duration.ofSeconds(5)), Desk.WIDE))
        .withMessageContaining("run-at");
  }

  @Test
  void jobsWithoutAKeyAreNotHeldUpByEachOther() {
    desk.accepted(30);
    assertThat(desk.claim(30)).hasSize(30);
  }

  @Test
  void aReturnIsNoCrashAndACrashIs() {
    desk.lease(Duration.ofSeconds(1));
    JobId id = desk.accepted(desk.keyed("k"));
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofMillis(1_500));
    desk.applied(first, again);
    Claim second = desk.claimOne();
    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
    assertThat(second.lease().epoch()).isEqualTo(2);
    Claim third = desk.claimOne();
    assertThat(third.job().id()).isEqualTo(id);
    assertThat(third.attempt()).isEqualTo(3);
    assertThat(third.crashes()).isEqualTo(1);
    assertThat(desk.settle(second, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
    desk.applied(third, Settlement.Release.INSTANCE);
    Claim fourth = desk.lease(Desk.LEASE).claimOne();
    assertThat(fourth.attempt()).isEqualTo(3);
    assertThat(fourth.crashes()).isEqualTo(1);
    desk.completed(fourth);
  }

  @Test
  void aBackOffBeyondTheLongestLeaseGoesInHops() {
    desk.close();
    desk =
        new Desk(server.uri(), "&fifo=true", Desk.TUNING.withLongestLease(Duration.ofSeconds(2)));
    desk.lease(Duration.ofSeconds(1));
    desk.accepted(desk.keyed("k"));
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofSeconds(4));
    desk.applied(first, again);
    Claim second = desk.claimOne();
    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
  }

  @Test
  void theDeadGoBackBehindTheirKey() {
    desk.accepted(desk.keyed("k"));
    Claim claim = desk.claimOne();
    desk.applied(
        claim,
        new Settlement.Bury(DeathReason.EXHAUSTED, desk.attempt(claim, AttemptOutcome.FAILED)));
    assertThat(desk.engine.dead("mail", 5)).hasSize(1);
    assertThat(desk.redriven(claim.job().id(), Desk.WIDE)).isEqualTo(Control.APPLIED);
    Claim again = desk.claimOne();
    assertThat(again.job().options().key()).isEqualTo("k");
    assertThat(again.attempt()).isEqualTo(1);
  }
}
