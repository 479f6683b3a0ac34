package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a durable engine still knows after its process ended, in good order or not.
public interface ReopenContract extends Topic {

  /// Closes `engine` and opens what it left.
  Engine reopen(Engine engine, Environment environment);

  /// Ends `engine` as a killed process ends, without a close, and opens what it left.
  Engine crash(Engine engine, Environment environment);

  private void eachRestart(Trial trial, Runnable check) {
    check.run();
    trial.restart(engine -> reopen(engine, trial.world().environment()));
    check.run();
    trial.restart(engine -> crash(engine, trial.world().environment()));
    check.run();
  }

  private static List<JobView> everything(Inspectable engine) {
    List<JobView> views = new ArrayList<>();
    for (String queue : engine.queues()) {
      for (JobState state : JobState.values()) {
        views.addAll(Invariants.all(engine, queue, state, 100));
      }
    }
    return views;
  }

  @Test
  default void jobsOfEveryStateAreKept(Trial trial) {
    Claim succeeded = trial.started();
    trial.applied(succeeded, Settlement.Complete.INSTANCE);
    Claim dead = trial.started();
    trial.applied(dead, new Settlement.Bury(DeathReason.EXHAUSTED, trial.failed(dead)));
    trial.control().cancel(trial.accepted());
    Claim retried = trial.started();
    trial.applied(retried, trial.retryIn(retried, Duration.ofHours(1)));
    trial.started();
    trial.accepted(3);
    trial.accepted(trial.job().queue("other").priority(Priority.HIGH));
    List<JobView> before = everything(trial.inspect());

    eachRestart(trial, () -> assertThat(everything(trial.inspect())).isEqualTo(before));
  }

  @Test
  default void everyFieldOfAJobIsKept(Trial trial) {
    Job job =
        trial
            .job()
            .payload(new byte[] {0, -1, 127, -128})
            .priority(Priority.LOW)
            .key("käse")
            .headers(Map.of("a", "1", "b", "2"))
            .runAt(trial.inFuture(Duration.ofDays(2)))
            .build();
    trial.engine().offer(List.of(new Offer(job, Trial.WIDE)));

    eachRestart(
        trial,
        () -> assertThat(trial.view(job.id()).job()).usingRecursiveComparison().isEqualTo(job));
  }

  @Test
  default void countsAreKept(Trial trial) {
    trial.accepted(5);
    trial.applied(trial.claimOne(), Settlement.Complete.INSTANCE);
    trial.accepted(trial.job().bytes(100).runAt(trial.inFuture(Duration.ofDays(2))));
    Countable.Counts before = trial.counts();

    eachRestart(trial, () -> assertThat(trial.counts()).isEqualTo(before));
  }

  @Test
  default void theBoundHoldsAfterARestart(Trial trial) {
    trial.accepted(2);

    eachRestart(
        trial,
        () ->
            assertThat(trial.offer(trial.job(), new Bound(2, 1L << 40)))
                .isEqualTo(BoundContract.TOO_MANY));
  }

  @Test
  default void idsAndKeysAreRecognised(Trial trial) {
    JobDraft draft = trial.job().key("k");
    JobId id = trial.accepted(draft);

    eachRestart(
        trial,
        () -> {
          assertThat(trial.offer(draft)).isEqualTo(new Duplicate(id));
          assertThat(trial.offer(trial.job().key("k"))).isEqualTo(new Duplicate(id));
          assertThat(trial.inspect().findByKey(Trial.QUEUE, "k").map(JobView::id)).contains(id);
        });
  }

  @Test
  default void theOrderIsKept(Trial trial) {
    List<JobId> ids = new ArrayList<>(trial.accepted(4));
    Claim first = trial.claimOne();
    trial.applied(first, Settlement.Release.INSTANCE);

    eachRestart(
        trial,
        () -> {
          ids.add(trial.accepted());
          assertThat(trial.listed(JobState.READY, 3)).isEqualTo(ids);
        });
    assertThat(trial.claimIds(10)).isEqualTo(ids);
  }

  @Test
  default void pauseIsKept(Trial trial) {
    trial.accepted();
    trial.control().pause(Trial.QUEUE, true);
    trial.control().pause("never-held", true);

    eachRestart(
        trial,
        () -> {
          assertThat(trial.counts().paused()).isTrue();
          assertThat(trial.inspect().counts("never-held").paused()).isTrue();
          assertThat(trial.claim(1)).isEmpty();
        });
    trial.control().pause(Trial.QUEUE, false);
    trial.restart(engine -> crash(engine, trial.world().environment()));
    assertThat(trial.counts().paused()).isFalse();
  }

  @Test
  default void textsAreKept(Trial trial) {
    trial.remember().remember("kept", "1");
    trial.remember().remember("changed", "before");
    trial.remember().remember("changed", "after");
    trial.remember().remember("forgotten", "1");
    trial.remember().remember("forgotten", null);

    eachRestart(
        trial,
        () ->
            assertThat(trial.remember().remembered())
                .isEqualTo(Map.of("kept", "1", "changed", "after")));
    trial.remember().remember("kept", null);
    trial.remember().remember("new", "2");
    trial.restart(engine -> crash(engine, trial.world().environment()));
    assertThat(trial.remember().remembered()).isEqualTo(Map.of("changed", "after", "new", "2"));
  }

  @Test
  default void aJobThatWasToldToRunNowIsStillReady(Trial trial) {
    JobId late = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(2))));
    JobId now = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    JobId other = trial.accepted();
    trial.control().runNow(now);

    eachRestart(
        trial,
        () -> {
          assertThat(trial.listed(JobState.READY, 10)).containsExactly(other, now);
          assertThat(trial.listed(JobState.SCHEDULED, 10)).containsExactly(late);
        });
  }

  @Test
  default void aDeletedJobStaysAway(Trial trial) {
    JobId gone = trial.accepted(trial.job().key("k"));
    JobId kept = trial.accepted();
    trial.control().cancel(gone);
    trial.control().cancel(kept);
    trial.control().delete(gone);

    eachRestart(
        trial,
        () -> {
          assertThat(trial.inspect().find(gone)).isEmpty();
          assertThat(trial.inspect().findByKey(Trial.QUEUE, "k")).isEmpty();
          assertThat(trial.listed(JobState.CANCELLED, 10)).containsExactly(kept);
          assertThat(trial.counts().cancelled()).isEqualTo(1);
        });
  }

  @Test
  default void theHistoryOfAttemptsIsKept(Trial trial) {
    Claim first = trial.started();
    trial.applied(first, trial.retryIn(first, Duration.ZERO));
    Claim second = trial.claimOne();
    trial.applied(second, trial.retryIn(second, Duration.ofHours(1)));

    eachRestart(
        trial,
        () ->
            assertThat(trial.view(first).attempts())
                .containsExactly(trial.failed(first), trial.failed(second)));
  }

  @Test
  default void claimsOfTheProcessBeforeAreExpiredAtOnce(Trial trial) {
    Claim first = trial.started();
    trial.restart(engine -> crash(engine, trial.world().environment()));

    assertThat(trial.reclaim().expired(10)).containsExactly(first);
    trial.applied(first, trial.crash(first));
    assertThat(trial.view(first).crashes()).isEqualTo(1);

    Claim second = trial.claimOne();
    assertThat(second.lease().epoch()).isEqualTo(2);
    trial.restart(engine -> reopen(engine, trial.world().environment()));
    assertThat(trial.reclaim().expired(10)).containsExactly(second);
    assertThat(trial.settle(first, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  default void newClaimsAreNotExpiredByTheRestartBefore(Trial trial) {
    trial.accepted(2);
    Claim old = trial.claimOne();
    trial.restart(engine -> crash(engine, trial.world().environment()));
    trial.claimOne();

    assertThat(trial.reclaim().expired(10)).containsExactly(old);
  }

  @Test
  default void aRepeatedSettlementIsRecognisedAfterARestart(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, Settlement.Complete.INSTANCE);

    eachRestart(trial, () -> trial.applied(claim, Settlement.Complete.INSTANCE));
  }

  @Test
  default void aRequestToCancelIsKept(Trial trial) {
    Claim claim = trial.started();
    trial.control().cancel(claim.job().id());

    eachRestart(trial, () -> assertThat(trial.view(claim).cancelRequested()).isTrue());
  }

  @Test
  default void delayedJobsComeDueAfterARestart(Trial trial) {
    JobId id = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(10))));
    trial.restart(engine -> crash(engine, trial.world().environment()));
    assertThat(trial.claim(1)).isEmpty();

    trial.advance(Duration.ofSeconds(10));

    assertThat(trial.claimIds(1)).containsExactly(id);
  }

  @Test
  default void aQueueThatHeldJobsIsStillNamed(Trial trial) {
    trial.control().cancel(trial.accepted(trial.job().queue("once")));
    trial.retain().prune("once", RetentionContract.nothing(), 10);

    eachRestart(trial, () -> assertThat(trial.inspect().queues()).containsExactly("once"));
  }

  @Test
  default void jobsAcceptedAfterARestartAreKeptByTheNext(Trial trial) {
    List<JobId> ids = new ArrayList<>();
    for (int restart = 0; restart < 3; restart++) {
      assertThat(trial.offer(trial.job())).isInstanceOf(Accepted.class);
      ids.add(trial.accepted());
      trial.restart(engine -> crash(engine, trial.world().environment()));
    }

    assertThat(trial.listed(JobState.READY, 10)).containsAll(ids).hasSize(6);
    assertThat(trial.claim(new ClaimRequest(Trial.QUEUE, 10, 0, 0, Trial.LEASE)).claims())
        .hasSize(6);
  }
}
