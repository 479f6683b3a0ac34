package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// What each settlement leaves behind.
public interface SettleContract extends Topic {

  @Test
  default void aCompletedJobSucceeded(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Duration.ofSeconds(2));

    trial.applied(claim, Settlement.Complete.INSTANCE);

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(view.finishedAt()).isEqualTo(Instant.ofEpochMilli(trial.world().wallMillis()));
    assertThat(view.startedAt()).isEqualTo(Instant.ofEpochMilli(claim.startedAtMillis()));
    assertThat(view.attempt()).isEqualTo(1);
    assertThat(view.attempts()).isEmpty();
  }

  @Test
  default void aJobThatRunsAgainKeepsItsAttemptAndItsFailure(Trial trial) {
    Claim claim = trial.started();
    long at = trial.inFuture(Duration.ofSeconds(5));

    trial.applied(claim, trial.retryIn(claim, Duration.ofSeconds(5)));

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.SCHEDULED);
    assertThat(view.dueAt()).isEqualTo(Instant.ofEpochMilli(at));
    assertThat(view.attempt()).isEqualTo(1);
    assertThat(view.attempts()).containsExactly(trial.failed(claim));
    assertThat(view.lastFailure()).contains(trial.failed(claim));
  }

  @Test
  default void theNextAttemptHasTheNextNumber(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, trial.retryIn(claim, Duration.ofSeconds(5)));
    trial.advance(Duration.ofSeconds(5));

    assertThat(trial.claimOne().attempt()).isEqualTo(2);
  }

  @Test
  default void aRefundedAttemptIsGivenBack(Trial trial) {
    Claim claim = trial.started();
    AttemptRecord snoozed = trial.attempt(claim, AttemptOutcome.SNOOZED);

    trial.applied(
        claim, new Settlement.RunAgain(trial.inFuture(Duration.ofSeconds(5)), true, snoozed));

    assertThat(trial.view(claim).attempt()).isZero();
    assertThat(trial.view(claim).attempts()).containsExactly(snoozed);
    trial.advance(Duration.ofSeconds(5));
    Claim next = trial.claimOne();
    assertThat(next.attempt()).isEqualTo(1);
    assertThat(next.lease().epoch()).isEqualTo(2);
  }

  @Test
  default void parkingIsCountedAndNothingElseIsParking(Trial trial) {
    Claim claim = trial.started();
    assertThat(claim.parked()).isZero();
    for (int i = 1; i <= 25; i++) {
      AttemptRecord parked = trial.attempt(claim, AttemptOutcome.PARKED);
      trial.applied(claim, new Settlement.RunAgain(trial.inFuture(Duration.ZERO), true, parked));
      claim = trial.claimOne();
      assertThat(claim.parked()).isEqualTo(i);
      assertThat(claim.lease().epoch()).isEqualTo(i + 1);
    }
    AttemptRecord snoozed = trial.attempt(claim, AttemptOutcome.SNOOZED);
    trial.applied(claim, new Settlement.RunAgain(trial.inFuture(Duration.ZERO), true, snoozed));
    claim = trial.claimOne();
    assertThat(claim.parked()).isEqualTo(25);
    trial.applied(claim, Settlement.Release.INSTANCE);
    claim = trial.claimOne();
    trial.advance(Trial.LEASE);
    assertThat(trial.reclaim().expired(1)).containsExactly(claim);
    trial.applied(claim, trial.crash(claim));
    claim = trial.claimOne();
    assertThat(claim.parked()).isEqualTo(25);
    trial.applied(claim, Settlement.Complete.INSTANCE);
    trial.control().retry(claim.job().id(), Trial.WIDE);
    assertThat(trial.claimOne().parked()).isEqualTo(25);
  }

  @Test
  default void aJobThatRunsAgainAtOnceWaitsForTheNextClaim(Trial trial) {
    Claim claim = trial.started();

    trial.applied(claim, trial.retryIn(claim, Duration.ZERO));

    assertThat(trial.view(claim).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(trial.claimOne().job()).isEqualTo(claim.job());
  }

  @Test
  default void aBuriedJobIsDeadForAReason(Trial trial) {
    for (DeathReason reason : List.of(DeathReason.EXHAUSTED, DeathReason.BURIED)) {
      Claim claim = trial.started();

      trial.applied(claim, new Settlement.Bury(reason, trial.failed(claim)));

      JobView view = trial.view(claim);
      assertThat(view.state()).isEqualTo(JobState.DEAD);
      assertThat(view.deathReason()).isEqualTo(reason);
      assertThat(view.attempt()).isEqualTo(1);
      assertThat(view.attempts()).containsExactly(trial.failed(claim));
      assertThat(view.finishedAt()).isNotNull();
    }
  }

  @Test
  default void anExpiredJobNeverStarted(Trial trial) {
    Claim claim = trial.started();
    AttemptRecord expired = trial.attempt(claim, AttemptOutcome.EXPIRED);

    trial.applied(claim, new Settlement.Bury(DeathReason.EXPIRED, expired));

    JobView view = trial.view(claim);
    assertThat(view.deathReason()).isEqualTo(DeathReason.EXPIRED);
    assertThat(view.attempt()).isZero();
    assertThat(view.attempts()).containsExactly(expired);
  }

  @Test
  default void aReleasedJobIsReadyWithItsAttemptGivenBack(Trial trial) {
    Claim claim = trial.started();

    trial.applied(claim, Settlement.Release.INSTANCE);

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.READY);
    assertThat(view.attempt()).isZero();
    assertThat(view.crashes()).isZero();
    assertThat(view.epoch()).isEqualTo(1);
    assertThat(view.attempts()).isEmpty();
  }

  @Test
  default void aStoppedJobIsCancelled(Trial trial) {
    Claim claim = trial.started();
    AttemptRecord cancelled = trial.attempt(claim, AttemptOutcome.CANCELLED);

    trial.applied(claim, new Settlement.Stop(cancelled));

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.CANCELLED);
    assertThat(view.attempts()).containsExactly(cancelled);
    assertThat(view.finishedAt()).isNotNull();
  }

  @Test
  default void anAttemptIsRememberedToTheLastCharacter(Trial trial) {
    Claim claim = trial.started();
    AttemptRecord record =
        new AttemptRecord(
            1,
            AttemptOutcome.TIMED_OUT,
            "größer than 5 s\n\tat \"dev.sluice\" | {json: [1]} \u20ac 😀",
            Instant.ofEpochMilli(1_000_000_000_001L),
            Instant.ofEpochMilli(1_000_000_005_002L));

    trial.applied(claim, new Settlement.RunAgain(0, false, record));

    assertThat(trial.view(claim).attempts()).containsExactly(record);
  }

  @Test
  default void onlyTheNewestTwentyAttemptsAreRemembered(Trial trial) {
    JobId id = trial.accepted();
    for (int i = 0; i < 23; i++) {
      Claim claim = trial.claimOne();
      trial.applied(claim, trial.retryIn(claim, Duration.ZERO));
    }

    assertThat(trial.view(id).attempts())
        .extracting(AttemptRecord::attempt)
        .containsExactly(4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
    assertThat(trial.view(id).attempt()).isEqualTo(23);
  }

  @Test
  default void answersStandInTheOrderOfTheSettlements(Trial trial) {
    Claim lost = trial.started();
    trial.applied(lost, Settlement.Complete.INSTANCE);
    Claim first = trial.started();
    Claim second = trial.started();

    List<Settled> answers =
        trial
            .engine()
            .settle(
                List.of(
                    new Settle(second.lease(), Settlement.Complete.INSTANCE),
                    new Settle(lost.lease(), Settlement.Release.INSTANCE),
                    new Settle(first.lease(), Settlement.Release.INSTANCE)));

    assertThat(answers).containsExactly(Settled.APPLIED, Settled.LEASE_LOST, Settled.APPLIED);
    assertThat(trial.view(second).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(trial.view(first).state()).isEqualTo(JobState.READY);
  }

  @Test
  default void anEmptyBatchOfSettlementsIsAnsweredWithNothing(Trial trial) {
    assertThat(trial.engine().settle(List.of())).isEmpty();
    assertThat(trial.engine().extend(List.of(), Trial.LEASE)).isEmpty();
  }

  @Test
  default void aJobThatComesBackCallsTheHint(Trial trial) {
    Claim released = trial.started();
    Claim retried = trial.started();
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.applied(released, Settlement.Release.INSTANCE);
    int afterRelease = calls.get();
    trial.applied(retried, trial.retryIn(retried, Duration.ofSeconds(1)));

    assertThat(afterRelease).isPositive();
    assertThat(calls).hasValueGreaterThan(afterRelease);
  }
}
