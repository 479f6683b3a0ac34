package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A worker that was given up cannot touch the job of its successor.
public interface FencingContract extends Topic {

  private static List<Settlement> allSettlements(Trial trial, Claim claim) {
    return List.of(
        Settlement.Complete.INSTANCE,
        Settlement.Release.INSTANCE,
        trial.retryIn(claim, Duration.ofSeconds(1)),
        new Settlement.Bury(DeathReason.BURIED, trial.failed(claim)),
        new Settlement.Stop(trial.attempt(claim, AttemptOutcome.CANCELLED)),
        trial.crash(claim),
        new Settlement.Poison(trial.attempt(claim, AttemptOutcome.LOST)));
  }

  private static Claim givenUp(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE);
    trial.applied(claim, trial.crash(claim));
    return claim;
  }

  @Test
  default void noSettlementOfAnOldEpochChangesARunningJob(Trial trial) {
    Claim old = givenUp(trial);
    Claim successor = trial.claimOne();
    trial.advance(Trial.LEASE);
    JobView before = trial.view(successor);

    for (Settlement settlement : allSettlements(trial, old)) {
      assertThat(trial.settle(old, settlement)).as("%s", settlement).isEqualTo(Settled.LEASE_LOST);
      assertThat(trial.view(successor)).isEqualTo(before);
    }
    trial.applied(successor, Settlement.Complete.INSTANCE);
  }

  @Test
  default void noSettlementChangesAJobThatWaitsAgain(Trial trial) {
    Claim old = givenUp(trial);
    JobView before = trial.view(old);

    for (Settlement settlement : allSettlements(trial, old)) {
      assertThat(trial.settle(old, settlement)).as("%s", settlement).isEqualTo(Settled.LEASE_LOST);
      assertThat(trial.view(old)).isEqualTo(before);
    }
  }

  @Test
  default void anOldLeaseIsNotExtended(Trial trial) {
    Claim old = givenUp(trial);
    assertThat(trial.engine().extend(List.of(old.lease()), Trial.LEASE))
        .containsExactly(Extension.LEASE_LOST);

    trial.claimOne();
    trial.advance(Trial.LEASE);

    assertThat(trial.engine().extend(List.of(old.lease()), Trial.LEASE))
        .containsExactly(Extension.LEASE_LOST);
    assertThat(trial.reclaim().expired(10)).hasSize(1);
  }

  @Test
  default void aLeaseOfTheFutureIsNoLease(Trial trial) {
    Claim claim = trial.started();
    Lease forged = new Lease(claim.job().id(), claim.lease().epoch() + 1);

    assertThat(trial.engine().settle(List.of(new Settle(forged, Settlement.Complete.INSTANCE))))
        .containsExactly(Settled.LEASE_LOST);
    assertThat(trial.view(claim).state()).isEqualTo(JobState.RUNNING);
  }

  @Test
  default void aLeaseOfAnUnknownJobIsLost(Trial trial) {
    Lease unknown = new Lease(trial.job().build().id(), 1);

    assertThat(trial.engine().settle(List.of(new Settle(unknown, Settlement.Complete.INSTANCE))))
        .containsExactly(Settled.LEASE_LOST);
  }

  @Test
  default void repeatingATerminalSettlementIsAppliedAgainAndChangesNothing(Trial trial) {
    Claim completed = trial.started();
    repeat(trial, completed, Settlement.Complete.INSTANCE);
    Claim buried = trial.started();
    repeat(trial, buried, new Settlement.Bury(DeathReason.EXHAUSTED, trial.failed(buried)));
    Claim stopped = trial.started();
    repeat(trial, stopped, new Settlement.Stop(trial.attempt(stopped, AttemptOutcome.CANCELLED)));
  }

  private static void repeat(Trial trial, Claim claim, Settlement settlement) {
    trial.applied(claim, settlement);
    JobView before = trial.view(claim);
    trial.advance(Duration.ofSeconds(1));
    trial.applied(claim, settlement);
    assertThat(trial.view(claim)).isEqualTo(before);
  }

  @Test
  default void anEndedJobIsNotEndedDifferently(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    trial.advance(Trial.LEASE);
    JobView before = trial.view(claim);

    for (Settlement settlement : allSettlements(trial, claim)) {
      if (!(settlement instanceof Settlement.Complete)) {
        assertThat(trial.settle(claim, settlement)).isEqualTo(Settled.LEASE_LOST);
        assertThat(trial.view(claim)).isEqualTo(before);
      }
    }
  }

  @Test
  default void whoComesSecondToADeadJobDidNotEndIt(Trial trial) {
    Claim poisoned = trial.started();
    trial.advance(Trial.LEASE);
    trial.applied(poisoned, new Settlement.Poison(trial.attempt(poisoned, AttemptOutcome.LOST)));
    secondIsTooLate(trial, poisoned);
    Claim exhausted = trial.started();
    Settlement first = new Settlement.Bury(DeathReason.EXHAUSTED, trial.failed(exhausted));
    trial.applied(exhausted, first);
    trial.advance(Trial.LEASE);
    secondIsTooLate(trial, exhausted);
    trial.applied(exhausted, first);
  }

  private static void secondIsTooLate(Trial trial, Claim claim) {
    JobView before = trial.view(claim);
    for (Settlement settlement : allSettlements(trial, claim)) {
      assertThat(trial.settle(claim, settlement))
          .as("%s", settlement)
          .isEqualTo(Settled.LEASE_LOST);
      assertThat(trial.view(claim)).isEqualTo(before);
    }
  }

  @Test
  default void twoSettlementsOfOneLeaseInABatchCountOnce(Trial trial) {
    Claim claim = trial.started();

    assertThat(
            trial
                .engine()
                .settle(
                    List.of(
                        new Settle(claim.lease(), Settlement.Release.INSTANCE),
                        new Settle(claim.lease(), Settlement.Complete.INSTANCE))))
        .containsExactly(Settled.APPLIED, Settled.LEASE_LOST);
    assertThat(trial.view(claim).state()).isEqualTo(JobState.READY);
  }

  @Test
  default void anOperatorsRetryEndsTheOldLeaseForGood(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    trial.control().retry(claim.job().id(), Trial.WIDE);

    assertThat(trial.settle(claim, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
    assertThat(trial.claimOne().lease().epoch()).isEqualTo(2);
    assertThat(trial.settle(claim, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
  }
}
