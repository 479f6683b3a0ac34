package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Steering by people, for engines with the role Controllable.
public interface ControlContract extends Topic {

  @Test
  default void aWaitingJobIsCancelledAtOnce(Trial trial) {
    JobId ready = trial.accepted();
    JobId delayed = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));

    assertThat(trial.control().cancel(ready)).isEqualTo(Control.APPLIED);
    assertThat(trial.control().cancel(delayed)).isEqualTo(Control.APPLIED);

    assertThat(trial.claim(10)).isEmpty();
    assertThat(trial.counts().cancelled()).isEqualTo(2);
    assertThat(trial.counts().waitingBytes()).isZero();
    assertThat(trial.view(ready).finishedAt())
        .isEqualTo(Instant.ofEpochMilli(trial.world().wallMillis()));
  }

  @Test
  default void aRunningJobIsAskedToStop(Trial trial) {
    Claim claim = trial.started();

    assertThat(trial.control().cancel(claim.job().id())).isEqualTo(Control.REQUESTED);

    assertThat(trial.view(claim).state()).isEqualTo(JobState.RUNNING);
    assertThat(trial.view(claim).cancelRequested()).isTrue();
    assertThat(trial.engine().extend(List.of(claim.lease()), Trial.LEASE))
        .containsExactly(Extension.CANCEL_REQUESTED);
    assertThat(trial.control().cancel(claim.job().id())).isEqualTo(Control.REQUESTED);
  }

  @Test
  default void aRunningJobIsLeftAloneWhereOnlyAWaitingOneIsMeant(Trial trial) {
    JobId ready = trial.accepted();
    assertThat(trial.control().cancelWaiting(ready)).isEqualTo(Control.APPLIED);
    assertThat(trial.state(ready)).isEqualTo(JobState.CANCELLED);
    assertThat(trial.control().cancelWaiting(ready)).isEqualTo(Control.WRONG_STATE);
    JobId delayed = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    assertThat(trial.control().cancelWaiting(delayed)).isEqualTo(Control.APPLIED);
    JobId unknown = trial.job().build().id();
    assertThat(trial.control().cancelWaiting(unknown)).isEqualTo(Control.NOT_FOUND);

    Claim claim = trial.started();
    JobView before = trial.view(claim);
    assertThat(trial.control().cancelWaiting(claim.job().id())).isEqualTo(Control.WRONG_STATE);

    assertThat(trial.view(claim)).isEqualTo(before);
    assertThat(trial.engine().extend(List.of(claim.lease()), Trial.LEASE))
        .containsExactly(Extension.EXTENDED);
  }

  @Test
  default void aRequestToCancelReachesTheNextWorkerToo(Trial trial) {
    Claim claim = trial.started();
    trial.control().cancel(claim.job().id());
    trial.advance(Trial.LEASE);
    trial.applied(claim, trial.crash(claim));

    Claim next = trial.claimOne();

    assertThat(trial.view(next).cancelRequested()).isTrue();
    assertThat(trial.engine().extend(List.of(next.lease()), Trial.LEASE))
        .containsExactly(Extension.CANCEL_REQUESTED);
  }

  @Test
  default void aRequestToCancelEndsWithTheJob(Trial trial) {
    Claim claim = trial.started();
    trial.control().cancel(claim.job().id());
    trial.applied(claim, Settlement.Complete.INSTANCE);
    assertThat(trial.view(claim).cancelRequested()).isFalse();

    trial.control().retry(claim.job().id(), Trial.WIDE);
    Claim next = trial.claimOne();

    assertThat(trial.engine().extend(List.of(next.lease()), Trial.LEASE))
        .containsExactly(Extension.EXTENDED);
  }

  @Test
  default void anEndedJobCannotBeCancelled(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    JobView before = trial.view(claim);

    assertThat(trial.control().cancel(claim.job().id())).isEqualTo(Control.WRONG_STATE);

    assertThat(trial.view(claim)).isEqualTo(before);
  }

  @Test
  default void anUnknownJobIsNotFound(Trial trial) {
    JobId unknown = trial.job().build().id();

    assertThat(trial.control().cancel(unknown)).isEqualTo(Control.NOT_FOUND);
    assertThat(trial.control().retry(unknown, Trial.WIDE)).isEqualTo(Control.NOT_FOUND);
  }

  @Test
  default void aRetriedJobStartsOverAtTheEndOfItsLine(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Trial.LEASE);
    trial.applied(claim, new Settlement.Poison(trial.attempt(claim, AttemptOutcome.LOST)));
    JobId other = trial.accepted();

    assertThat(trial.control().retry(claim.job().id(), Trial.WIDE)).isEqualTo(Control.APPLIED);

    JobView view = trial.view(claim);
    assertThat(view.state()).isEqualTo(JobState.READY);
    assertThat(view.attempt()).isZero();
    assertThat(view.crashes()).isZero();
    assertThat(view.deathReason()).isNull();
    assertThat(view.finishedAt()).isNull();
    assertThat(view.epoch()).isEqualTo(1);
    assertThat(view.attempts()).hasSize(1);
    assertThat(trial.claimIds(1)).containsExactly(other);
    Claim again = trial.claimOne();
    assertThat(again.lease().epoch()).isEqualTo(2);
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.crashes()).isZero();
  }

  @Test
  default void jobsOfEveryEndCanBeRetried(Trial trial) {
    JobId cancelled = trial.accepted();
    trial.control().cancel(cancelled);
    Claim succeeded = trial.started();
    trial.applied(succeeded, Settlement.Complete.INSTANCE);
    Claim dead = trial.started();
    trial.applied(dead, new Settlement.Bury(DeathReason.BURIED, trial.failed(dead)));

    for (JobId id : List.of(cancelled, succeeded.job().id(), dead.job().id())) {
      assertThat(trial.control().retry(id, Trial.WIDE)).isEqualTo(Control.APPLIED);
      assertThat(trial.control().retry(id, Trial.WIDE)).isEqualTo(Control.WRONG_STATE);
    }
    assertThat(trial.counts().ready()).isEqualTo(3);
  }

  @Test
  default void aWaitingOrRunningJobCannotBeRetried(Trial trial) {
    Claim running = trial.started();
    JobId delayed = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));

    assertThat(trial.control().retry(running.job().id(), Trial.WIDE))
        .isEqualTo(Control.WRONG_STATE);
    assertThat(trial.control().retry(delayed, Trial.WIDE)).isEqualTo(Control.WRONG_STATE);
  }

  @Test
  default void aRetryNeedsRoom(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    trial.accepted();
    JobView before = trial.view(claim);

    assertThat(trial.control().retry(claim.job().id(), new Bound(1, 1L << 40)))
        .isEqualTo(Control.NO_ROOM);
    assertThat(trial.control().retry(claim.job().id(), new Bound(10, 5)))
        .isEqualTo(Control.NO_ROOM);
    assertThat(trial.view(claim)).isEqualTo(before);
    assertThat(trial.control().retry(claim.job().id(), new Bound(2, 6))).isEqualTo(Control.APPLIED);
  }

  @Test
  default void aRetryCallsTheHint(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.control().retry(claim.job().id(), Trial.WIDE);

    assertThat(calls).hasPositiveValue();
  }

  @Test
  default void purgeCancelsWhatWaitsAndNothingElse(Trial trial) {
    Claim running = trial.started();
    trial.accepted(2);
    trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    JobId other = trial.accepted(trial.job().queue("other"));

    assertThat(trial.control().purge(Trial.QUEUE, 10)).isEqualTo(3);

    assertThat(trial.counts().cancelled()).isEqualTo(3);
    assertThat(trial.counts().waiting()).isZero();
    assertThat(trial.view(running).state()).isEqualTo(JobState.RUNNING);
    assertThat(trial.state(other)).isEqualTo(JobState.READY);
    assertThat(trial.control().purge("never-heard-of", 10)).isZero();
  }

  @Test
  default void lessThanNoneCannotBePurged(Trial trial) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.control().purge(Trial.QUEUE, -1))
        .withMessage("max: -1 must be at least 0");
  }

  @Test
  default void purgeStopsAtItsMaximum(Trial trial) {
    trial.accepted(5);

    assertThat(trial.control().purge(Trial.QUEUE, 3)).isEqualTo(3);
    assertThat(trial.control().purge(Trial.QUEUE, 3)).isEqualTo(2);
    assertThat(trial.control().purge(Trial.QUEUE, 3)).isZero();
  }

  @Test
  default void aPausedQueueGivesNothingOut(Trial trial) {
    trial.accepted();
    trial.accepted(trial.job().queue("other"));
    trial.control().pause(Trial.QUEUE, true);

    assertThat(trial.claim(1)).isEmpty();
    assertThat(trial.counts().paused()).isTrue();
    assertThat(trial.inspect().counts("other").paused()).isFalse();
    assertThat(trial.claim(new ClaimRequest("other", 1, 0, 0, Trial.LEASE)).claims()).hasSize(1);
  }

  @Test
  default void aPausedQueueIsLeftAloneByClaims(Trial trial) {
    trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(1))));
    trial.control().pause(Trial.QUEUE, true);
    trial.advance(Duration.ofSeconds(2));

    Claimed claimed = trial.claim(new ClaimRequest(Trial.QUEUE, 1, 0, 0, Trial.LEASE));

    assertThat(claimed.nextDueMillis()).isEqualTo(Claimed.NONE_DUE);
    assertThat(trial.counts().scheduled()).isEqualTo(1);
  }

  @Test
  default void runningJobsOfAPausedQueueGoOn(Trial trial) {
    Claim claim = trial.started();
    trial.control().pause(Trial.QUEUE, true);

    assertThat(trial.engine().extend(List.of(claim.lease()), Trial.LEASE))
        .containsExactly(Extension.EXTENDED);
    trial.applied(claim, Settlement.Complete.INSTANCE);
  }

  @Test
  default void aResumedQueueGoesOnAndCallsTheHint(Trial trial) {
    List<JobId> ids = trial.accepted(2);
    trial.control().pause(Trial.QUEUE, true);
    trial.control().pause(Trial.QUEUE, true);
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.control().pause(Trial.QUEUE, false);

    assertThat(calls).hasPositiveValue();
    assertThat(trial.counts().paused()).isFalse();
    assertThat(trial.claimIds(2)).isEqualTo(ids);
  }

  @Test
  default void aQueueCanBePausedBeforeItsFirstJob(Trial trial) {
    trial.control().pause("later", true);
    assertThat(trial.inspect().counts("later").paused()).isTrue();
    assertThat(trial.inspect().queues()).isEmpty();

    trial.accepted(trial.job().queue("later"));

    assertThat(trial.claim(new ClaimRequest("later", 1, 0, 0, Trial.LEASE)).claims()).isEmpty();
  }

  @Test
  default void aScheduledJobCanRunNowAtTheEndOfItsLine(Trial trial) {
    JobId delayed = trial.accepted(trial.job().bytes(7).runAt(trial.inFuture(Duration.ofHours(1))));
    JobId other = trial.accepted(trial.job().bytes(5));

    assertThat(trial.control().runNow(delayed)).isEqualTo(Control.APPLIED);

    JobView view = trial.view(delayed);
    assertThat(view.state()).isEqualTo(JobState.READY);
    assertThat(view.dueAt()).isNull();
    assertThat(view.ahead()).isEqualTo(1);
    assertThat(trial.counts().scheduled()).isZero();
    assertThat(trial.counts().waitingBytes()).isEqualTo(12);
    assertThat(trial.claimIds(10)).containsExactly(other, delayed);
  }

  @Test
  default void aJobThatWaitsForItsRetryCanRunNowAndKeepsItsAttempt(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, trial.retryIn(claim, Duration.ofHours(1)));

    assertThat(trial.control().runNow(claim.job().id())).isEqualTo(Control.APPLIED);

    assertThat(trial.claimOne().attempt()).isEqualTo(2);
  }

  @Test
  default void runningNowLeavesTheOthersTheirTime(Trial trial) {
    JobId first = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(5))));
    JobId second = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(10))));
    ClaimRequest request = new ClaimRequest(Trial.QUEUE, 1, 0, 0, Trial.LEASE);
    assertThat(trial.claim(request).nextDueMillis())
        .isEqualTo(trial.inFuture(Duration.ofSeconds(5)));

    trial.control().runNow(first);

    Claimed claimed = trial.claim(request);
    assertThat(Trial.ids(claimed.claims())).containsExactly(first);
    assertThat(claimed.nextDueMillis()).isEqualTo(trial.inFuture(Duration.ofSeconds(10)));
    trial.control().runNow(second);
    assertThat(trial.claim(request).nextDueMillis()).isEqualTo(Claimed.NONE_DUE);
  }

  @Test
  default void onlyAWaitingJobCanRunNow(Trial trial) {
    JobId first = trial.accepted();
    JobId second = trial.accepted();
    assertThat(trial.control().runNow(first)).isEqualTo(Control.APPLIED);
    assertThat(trial.listed(JobState.READY, 10)).as("no place lost").containsExactly(first, second);
    Claim running = trial.claimOne();

    assertThat(trial.control().runNow(first)).isEqualTo(Control.WRONG_STATE);
    trial.applied(running, Settlement.Complete.INSTANCE);
    assertThat(trial.control().runNow(first)).isEqualTo(Control.WRONG_STATE);
    assertThat(trial.control().runNow(trial.job().build().id())).isEqualTo(Control.NOT_FOUND);
  }

  @Test
  default void runningNowCallsTheHint(Trial trial) {
    JobId id = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.control().runNow(id);

    assertThat(calls).hasPositiveValue();
  }

  @Test
  default void aJobOfAPausedQueueBecomesReadyAndIsNotGivenOut(Trial trial) {
    JobId id = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    trial.control().pause(Trial.QUEUE, true);

    assertThat(trial.control().runNow(id)).isEqualTo(Control.APPLIED);

    assertThat(trial.state(id)).isEqualTo(JobState.READY);
    assertThat(trial.claim(1)).isEmpty();
  }

  @Test
  default void anEndedJobOfEveryKindCanBeDeleted(Trial trial) {
    JobId cancelled = trial.accepted();
    trial.control().cancel(cancelled);
    Claim succeeded = trial.started();
    trial.applied(succeeded, Settlement.Complete.INSTANCE);
    Claim dead = trial.started();
    trial.applied(dead, new Settlement.Bury(DeathReason.BURIED, trial.failed(dead)));

    for (JobId id : List.of(cancelled, succeeded.job().id(), dead.job().id())) {
      assertThat(trial.control().delete(id)).isEqualTo(Control.APPLIED);
      assertThat(trial.inspect().find(id)).isEmpty();
      assertThat(trial.control().delete(id)).isEqualTo(Control.NOT_FOUND);
    }
    for (JobState state : JobState.values()) {
      assertThat(trial.counts().of(state)).as("%s", state).isZero();
    }
    assertThat(trial.settle(succeeded, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
    assertThat(trial.control().retry(cancelled, Trial.WIDE)).isEqualTo(Control.NOT_FOUND);
  }

  @Test
  default void aDeletedJobTakesItsKeyAndItsHistoryWithIt(Trial trial) {
    JobDraft draft = trial.job().key("k");
    JobId id = trial.accepted(draft);
    Claim first = trial.claimOne();
    trial.applied(first, trial.retryIn(first, Duration.ZERO));
    trial.applied(trial.claimOne(), Settlement.Complete.INSTANCE);

    assertThat(trial.control().delete(id)).isEqualTo(Control.APPLIED);

    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k")).isEmpty();
    JobId next = trial.accepted(trial.job().key("k"));
    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k").map(JobView::id)).contains(next);
    trial.control().cancel(next);
    trial.control().delete(next);
    trial.accepted(draft);
    assertThat(trial.view(id).attempts()).isEmpty();
    assertThat(trial.view(id).attempt()).isZero();
  }

  @Test
  default void deletedJobsNoLongerCountAgainstWhatIsKept(Trial trial) {
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      JobId id = trial.accepted(trial.job().bytes(10));
      trial.control().cancel(id);
      ids.add(id);
    }
    trial.control().delete(ids.getFirst());
    Keep twenty = new Keep(Duration.ofDays(1), 100, 20);

    assertThat(trial.retain().prune(Trial.QUEUE, new Retention(twenty, twenty), 10)).isZero();
    trial.control().delete(ids.get(1));
    Keep one = new Keep(Duration.ofDays(1), 1, 100);
    assertThat(trial.retain().prune(Trial.QUEUE, new Retention(one, one), 10)).isZero();
    assertThat(trial.listed(JobState.CANCELLED, 10)).containsExactly(ids.getLast());
  }

  @Test
  default void aJobThatHasNotEndedCannotBeDeleted(Trial trial) {
    Claim running = trial.started();
    JobId ready = trial.accepted();
    JobId delayed = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));

    for (JobId id : List.of(running.job().id(), ready, delayed)) {
      JobView before = trial.view(id);
      assertThat(trial.control().delete(id)).isEqualTo(Control.WRONG_STATE);
      assertThat(trial.view(id)).isEqualTo(before);
    }
    assertThat(trial.control().delete(trial.job().build().id())).isEqualTo(Control.NOT_FOUND);
  }
}
