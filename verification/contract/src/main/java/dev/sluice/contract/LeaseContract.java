package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Leases: extending them, their end, and taking jobs back from workers that died. For engines with
/// the role Reclaiming.
public interface LeaseContract extends Topic {

  private static Extension extend(Trial trial, Lease lease) {
    return trial.engine().extend(List.of(lease), Trial.LEASE).getFirst();
  }

  @Test
  default void aLeaseIsValidUntilItsDeadline(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE.minusNanos(1));
    assertThat(trial.reclaim().expired(10)).isEmpty();

    trial.advance(Duration.ofNanos(1));
    assertThat(trial.reclaim().expired(10)).containsExactly(claim);
  }

  @Test
  default void extendingMovesTheDeadline(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE.minusSeconds(1));

    assertThat(extend(trial, claim.lease())).isEqualTo(Extension.EXTENDED);

    trial.advance(Trial.LEASE.minusNanos(1));
    assertThat(trial.reclaim().expired(10)).isEmpty();
    trial.advance(Duration.ofNanos(1));
    assertThat(trial.reclaim().expired(10)).hasSize(1);
  }

  @Test
  default void extendingCountsFromNowAndNotFromTheOldDeadline(Trial trial) {
    Claim claim = trial.started();

    trial.engine().extend(List.of(claim.lease()), Duration.ofSeconds(1));

    trial.advance(Duration.ofSeconds(1));
    assertThat(trial.reclaim().expired(10)).hasSize(1);
  }

  @Test
  default void aLateExtendIsGoodWhileNobodyReclaimed(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE.multipliedBy(2));

    assertThat(extend(trial, claim.lease())).isEqualTo(Extension.EXTENDED);
    assertThat(trial.reclaim().expired(10)).isEmpty();
    assertThat(trial.settle(claim, trial.crash(claim))).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  default void aLateSettlementIsGoodWhileNobodyReclaimed(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE.multipliedBy(2));

    trial.applied(claim, Settlement.Complete.INSTANCE);

    assertThat(trial.reclaim().expired(10)).isEmpty();
  }

  @Test
  default void extendAnswersEachLeaseInOrder(Trial trial) {
    Claim ended = trial.started();
    trial.applied(ended, Settlement.Complete.INSTANCE);
    Claim cancelled = trial.started();
    trial.control().cancel(cancelled.job().id());
    Claim running = trial.started();
    Lease unknown = new Lease(trial.job().build().id(), 1);

    assertThat(
            trial
                .engine()
                .extend(
                    List.of(unknown, running.lease(), cancelled.lease(), ended.lease()),
                    Trial.LEASE))
        .containsExactly(
            Extension.LEASE_LOST,
            Extension.EXTENDED,
            Extension.CANCEL_REQUESTED,
            Extension.LEASE_LOST);
  }

  @Test
  default void aLeaseThatWouldBeOverAlreadyIsRefused(Trial trial) {
    Claim claim = trial.started();
    for (Duration by : List.of(Duration.ZERO, Duration.ofSeconds(Long.MIN_VALUE))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trial.engine().extend(List.of(claim.lease()), by))
          .withMessage("by: " + by + " must be positive");
    }
    assertThat(trial.reclaim().expired(10)).isEmpty();
  }

  @Test
  default void lessThanNoneCannotBeAskedFor(Trial trial) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.reclaim().expired(-1))
        .withMessage("max: -1 must be at least 0");
  }

  @Test
  default void theWallClockEndsNoLease(Trial trial) {
    trial.started();
    trial.world().jumpWallClock(Duration.ofDays(400));

    assertThat(trial.reclaim().expired(10)).isEmpty();
  }

  @Test
  default void theWallClockProlongsNoLease(Trial trial) {
    trial.started();
    trial.world().jumpWallClock(Duration.ofDays(-400));
    trial.advance(Trial.LEASE);

    assertThat(trial.reclaim().expired(10)).hasSize(1);
  }

  @Test
  default void expiredChangesNothing(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE);

    assertThat(trial.reclaim().expired(10)).containsExactly(claim);
    assertThat(trial.reclaim().expired(10)).containsExactly(claim);
    assertThat(trial.view(claim).state()).isEqualTo(JobState.RUNNING);
  }

  @Test
  default void expiredAnswersTheOldestAndNoMoreThanAsked(Trial trial) {
    Claim first = trial.started();
    trial.advance(Duration.ofSeconds(1));
    Claim second = trial.started();
    trial.advance(Duration.ofSeconds(1));
    trial.started();
    trial.advance(Trial.LEASE);

    assertThat(trial.reclaim().expired(2)).containsExactly(first, second);
  }

  @Test
  default void expiredLooksAtAllQueues(Trial trial) {
    trial.accepted(trial.job().queue("other"));
    trial.claim(new ClaimRequest("other", 1, 0, 0, Trial.LEASE));
    trial.started();
    trial.advance(Trial.LEASE);

    assertThat(trial.reclaim().expired(10)).hasSize(2);
  }

  @Test
  default void aCrashNeedsAPassedDeadline(Trial trial) {
    Claim claim = trial.started();

    assertThat(trial.settle(claim, trial.crash(claim))).isEqualTo(Settled.LEASE_LOST);
    assertThat(
            trial.settle(claim, new Settlement.Poison(trial.attempt(claim, AttemptOutcome.LOST))))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(trial.view(claim).state()).isEqualTo(JobState.RUNNING);
    assertThat(trial.view(claim).crashes()).isZero();
    assertThat(trial.view(claim).attempts()).isEmpty();
  }

  @Test
  default void aCrashIsCountedAndRemembered(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE);

    trial.applied(claim, trial.crash(claim));

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.READY);
    assertThat(view.crashes()).isEqualTo(1);
    assertThat(view.attempt()).isEqualTo(1);
    assertThat(view.attempts()).containsExactly(trial.attempt(claim, AttemptOutcome.LOST));
    Claim next = trial.claimOne();
    assertThat(next.crashes()).isEqualTo(1);
    assertThat(next.attempt()).isEqualTo(2);
    assertThat(next.lease().epoch()).isEqualTo(2);
  }

  @Test
  default void aPoisonousJobIsDead(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE);

    trial.applied(claim, new Settlement.Poison(trial.attempt(claim, AttemptOutcome.LOST)));

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.DEAD);
    assertThat(view.deathReason()).isEqualTo(DeathReason.POISON);
    assertThat(view.crashes()).isEqualTo(1);
    assertThat(view.attempts()).hasSize(1);
  }

  @Test
  default void aLongLeaseDoesNotOverflow(Trial trial) {
    trial.accepted();
    trial.claim(new ClaimRequest(Trial.QUEUE, 1, 0, 0, Duration.ofDays(30_000)));
    trial.advance(Duration.ofDays(300));

    assertThat(trial.reclaim().expired(10)).isEmpty();
  }
}
