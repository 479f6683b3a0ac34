package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// How attempts end, and what the next one knows of them, on standard queues.
@ExtendWith(OwnElastic.class)
final class AttemptsTest {
  private final Elastic server;
  private Desk desk;

  AttemptsTest(Elastic server) {
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
  void aRetryComesWhenItIsDueWithTheNextAttempt() {
    JobId id = desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofMillis(1_100));
    desk.applied(first, again);
    Claim second = desk.claimOne();

    assertThat(second.lease()).isEqualTo(new Lease(id, 2));
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(desk.settle(first, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  void aRefundedAndAParkedAttemptDoNotCount() {
    desk.accepted(desk.job());
    Claim first = desk.claimOne();
    desk.applied(
        first,
        new Settlement.RunAgain(desk.millis(), true, desk.attempt(first, AttemptOutcome.PARKED)));
    Claim second = desk.claimOne();

    assertThat(second.attempt()).isEqualTo(1);
    assertThat(second.parked()).isEqualTo(1);
    assertThat(second.lease().epoch()).isEqualTo(2);
  }

  @Test
  void aReleasedJobKeepsItsAttempt() {
    JobId id = desk.accepted(desk.job());
    desk.applied(desk.claimOne(), Settlement.Release.INSTANCE);
    Claim again = desk.claimOne();

    assertThat(again.job().id()).isEqualTo(id);
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.crashes()).isZero();
    assertThat(again.lease().epoch()).isEqualTo(2);
  }

  @Test
  void aLongBackOffGoesInHops() {
    desk.close();
    desk = new Desk(server.uri(), "", Desk.TUNING.withLongestDelay(Duration.ofSeconds(1)));
    desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofSeconds(4));
    desk.applied(first, again);
    Claim second = desk.claimOne();

    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
    desk.completed(second);
    desk.nothingFor(Duration.ofMillis(1_300));
  }

  @Test
  void aLeaseThatEndsIsACrash() throws Exception {
    desk.lease(Duration.ofSeconds(1));
    JobId id = desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Claim second = desk.claimOne();

    assertThat(second.lease()).isEqualTo(new Lease(id, 2));
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isEqualTo(1);
    assertThat(desk.settle(first, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
    assertThat(desk.engine.extend(List.of(first.lease()), Desk.LEASE))
        .containsExactly(Extension.LEASE_LOST);
    assertThat(desk.lost.poll(5, TimeUnit.SECONDS)).isEqualTo(first.lease());
    Claim third = desk.claimOne();
    assertThat(third.crashes()).isEqualTo(2);
    // Crashes stay with the job over a retry.
    desk.applied(third, desk.retryIn(third, Duration.ZERO));
    assertThat(desk.claimOne().crashes()).isEqualTo(2);
  }

  @Test
  void aCrashStaysWithAJobThatWasReceivedAndNotWantedAnyMore() {
    JobId id = desk.accepted(desk.job());
    desk.lease(Duration.ofSeconds(1)).claimOne();
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.claimNow(1)).isEmpty();
      // It has arrived by then, and nobody claims it.
      other.pause(Desk.SOON);
    }

    Claim claim = desk.lease(Desk.LEASE).claimOne();

    // One of the claim, one of the receive in vain, one of this claim.
    assertThat(claim.lease()).isEqualTo(new Lease(id, 3));
    assertThat(claim.crashes()).isEqualTo(1);
    assertThat(claim.attempt()).isEqualTo(2);
  }

  @Test
  void anExtendedLeaseHolds() {
    desk.lease(Duration.ofSeconds(1));
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();

    assertThat(desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(20)))
        .containsExactly(Extension.EXTENDED);
    desk.nothingFor(Duration.ofMillis(2_500));
    desk.completed(claim);
  }

  @Test
  void aLeaseEndsAtTheLongestThatSqsKeepsAMessage() {
    desk.close();
    desk = new Desk(server.uri(), "", Desk.TUNING.withLongestLease(Duration.ofSeconds(3)));
    desk.accepted(desk.job());
    Claim claim = desk.lease(Duration.ofSeconds(2)).claimOne();

    assertThat(desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(2)))
        .containsExactly(Extension.EXTENDED);
    desk.until(
        "lose the lease",
        () ->
            desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(2)).getFirst()
                == Extension.LEASE_LOST);
  }

  @Test
  void whoRepeatsAnEndIsToldAgain() {
    desk.accepted(3);
    List<Claim> claims = desk.claim(3);
    Settlement bury =
        new Settlement.Bury(DeathReason.BURIED, desk.attempt(claims.get(1), AttemptOutcome.FAILED));
    Settlement stop = new Settlement.Stop(desk.attempt(claims.get(2), AttemptOutcome.CANCELLED));
    for (int i = 0; i < 2; i++) {
      desk.completed(claims.get(0));
      desk.applied(claims.get(1), bury);
      desk.applied(claims.get(2), stop);
    }
    assertThat(desk.settle(claims.get(0), bury)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  void nobodyReapsHere() {
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    var lost = desk.attempt(claim, AttemptOutcome.LOST);

    assertThat(desk.settle(claim, new Settlement.Crash(lost))).isEqualTo(Settled.LEASE_LOST);
    assertThat(desk.settle(claim, new Settlement.Poison(lost))).isEqualTo(Settled.LEASE_LOST);
    desk.completed(claim);
  }

  @Test
  void whatNobodyClaimsIsGivenBackUncounted() {
    desk.accepted(desk.job());
    // Asks, so that it is fetched, and never comes for it.
    assertThat(desk.claimNow(1)).isEmpty();
    desk.pause(Duration.ofSeconds(5));
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      Claim claim = other.claimOne();
      assertThat(claim.attempt()).isEqualTo(1);
      assertThat(claim.crashes()).isZero();
      other.completed(claim);
    }
  }

  @Test
  void closingGivesBackWhatIsBuffered() {
    desk.accepted(desk.job());
    assertThat(desk.claimNow(1)).isEmpty();
    desk.pause(Duration.ofSeconds(5));
    desk.close();
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.claimOne().crashes()).isZero();
    }
  }
}
