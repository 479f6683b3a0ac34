package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How long ended jobs are kept, for engines with the role Retaining.
public interface RetentionContract extends Topic {
  Keep ALL = new Keep(Duration.ofDays(3_650), Long.MAX_VALUE, Long.MAX_VALUE);
  Keep NONE = new Keep(Duration.ZERO, 0, 0);

  /// Keeps no ended job at all.
  static Retention nothing() {
    return new Retention(NONE, NONE);
  }

  private static Keep age(Duration age) {
    return new Keep(age, Long.MAX_VALUE, Long.MAX_VALUE);
  }

  private static Keep jobs(long jobs) {
    return new Keep(Duration.ofDays(1), jobs, Long.MAX_VALUE);
  }

  private static Keep bytes(long bytes) {
    return new Keep(Duration.ofDays(1), Long.MAX_VALUE, bytes);
  }

  private static int prune(Trial trial, Keep succeeded, Keep dead) {
    return trial.retain().prune(Trial.QUEUE, new Retention(succeeded, dead), 1_000);
  }

  private static JobId succeeded(Trial trial, int bytes) {
    trial.accepted(trial.job().bytes(bytes));
    Claim claim = trial.claimOne();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    trial.advance(Duration.ofMillis(1));
    return claim.job().id();
  }

  private static JobId dead(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, new Settlement.Bury(DeathReason.BURIED, trial.failed(claim)));
    trial.advance(Duration.ofMillis(1));
    return claim.job().id();
  }

  private static JobId cancelled(Trial trial) {
    JobId id = trial.accepted();
    trial.control().cancel(id);
    trial.advance(Duration.ofMillis(1));
    return id;
  }

  @Test
  default void nothingGoesBeforeItsTime(Trial trial) {
    succeeded(trial, 3);
    dead(trial);
    cancelled(trial);

    assertThat(prune(trial, ALL, ALL)).isZero();
    assertThat(trial.retain().prune(Trial.QUEUE, Retention.defaults(), 10)).isZero();
    assertThat(trial.retain().prune("never-heard-of", new Retention(NONE, NONE), 10)).isZero();
  }

  @Test
  default void aJobGoesWhenItReachesItsAge(Trial trial) {
    JobId old = succeeded(trial, 3);
    JobId young = succeeded(trial, 3);
    trial.advance(Duration.ofSeconds(10).minusMillis(3));
    assertThat(prune(trial, age(Duration.ofSeconds(10)), ALL)).isZero();

    trial.advance(Duration.ofMillis(1));

    assertThat(prune(trial, age(Duration.ofSeconds(10)), ALL)).isEqualTo(1);
    assertThat(trial.inspect().find(old)).isEmpty();
    assertThat(trial.state(young)).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  default void theAgeCountsFromTheEnd(Trial trial) {
    Claim claim = trial.started();
    trial.advance(Duration.ofSeconds(20));
    trial.applied(claim, Settlement.Complete.INSTANCE);

    assertThat(prune(trial, age(Duration.ofSeconds(10)), ALL)).isZero();
  }

  @Test
  default void theOldestGoWhenThereAreTooMany(Trial trial) {
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.add(succeeded(trial, 3));
    }

    assertThat(prune(trial, jobs(2), ALL)).isEqualTo(3);

    assertThat(trial.listed(JobState.SUCCEEDED, 10)).isEqualTo(ids.subList(3, 5));
  }

  @Test
  default void theOldestGoWhenTheyWeighTooMuch(Trial trial) {
    succeeded(trial, 50);
    JobId second = succeeded(trial, 30);
    JobId third = succeeded(trial, 20);

    assertThat(prune(trial, bytes(50), ALL)).isEqualTo(1);

    assertThat(trial.listed(JobState.SUCCEEDED, 10)).containsExactly(second, third);
  }

  @Test
  default void succeededAndCancelledJobsShareOneRetention(Trial trial) {
    cancelled(trial);
    JobId second = succeeded(trial, 3);
    JobId third = cancelled(trial);
    JobId corpse = dead(trial);

    assertThat(prune(trial, jobs(2), ALL)).isEqualTo(1);
    assertThat(trial.state(second)).isEqualTo(JobState.SUCCEEDED);
    assertThat(prune(trial, jobs(1), ALL)).isEqualTo(1);

    assertThat(trial.state(third)).isEqualTo(JobState.CANCELLED);
    assertThat(trial.state(corpse)).isEqualTo(JobState.DEAD);
  }

  @Test
  default void deadJobsHaveTheirOwnRetention(Trial trial) {
    JobId first = dead(trial);
    JobId second = dead(trial);
    JobId done = succeeded(trial, 3);

    assertThat(prune(trial, ALL, jobs(1))).isEqualTo(1);

    assertThat(trial.inspect().find(first)).isEmpty();
    assertThat(trial.state(second)).isEqualTo(JobState.DEAD);
    assertThat(trial.state(done)).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  default void zeroOfAnythingKeepsNothing(Trial trial) {
    for (Keep nothing : List.of(age(Duration.ZERO), jobs(0), bytes(0))) {
      succeeded(trial, 0);
      assertThat(prune(trial, nothing, ALL)).as("%s", nothing).isEqualTo(1);
    }
  }

  @Test
  default void pruneStopsAtItsMaximumAndGoesOnNextTime(Trial trial) {
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.add(succeeded(trial, 3));
    }
    Retention nothing = new Retention(NONE, NONE);

    assertThat(trial.retain().prune(Trial.QUEUE, nothing, 2)).isEqualTo(2);
    assertThat(trial.listed(JobState.SUCCEEDED, 10)).isEqualTo(ids.subList(2, 5));
    assertThat(trial.retain().prune(Trial.QUEUE, nothing, 2)).isEqualTo(2);
    assertThat(trial.retain().prune(Trial.QUEUE, nothing, 2)).isEqualTo(1);
  }

  @Test
  default void lessThanNoneCannotBePruned(Trial trial) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.retain().prune(Trial.QUEUE, Retention.defaults(), -1))
        .withMessage("max: -1 must be at least 0");
  }

  @Test
  default void theMaximumHoldsForBothKindsTogether(Trial trial) {
    succeeded(trial, 3);
    dead(trial);
    dead(trial);

    assertThat(trial.retain().prune(Trial.QUEUE, new Retention(NONE, NONE), 2)).isEqualTo(2);
    assertThat(trial.retain().prune(Trial.QUEUE, new Retention(NONE, NONE), 2)).isEqualTo(1);
  }

  @Test
  default void waitingAndRunningJobsAreNeverPruned(Trial trial) {
    trial.started();
    trial.accepted();
    trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));
    trial.advance(Duration.ofDays(1));

    assertThat(prune(trial, NONE, NONE)).isZero();
    assertThat(trial.counts().waiting() + trial.counts().running()).isEqualTo(3);
  }

  @Test
  default void otherQueuesKeepTheirs(Trial trial) {
    JobId other = trial.accepted(trial.job().queue("other"));
    trial.control().cancel(other);

    assertThat(prune(trial, NONE, NONE)).isZero();
    assertThat(trial.state(other)).isEqualTo(JobState.CANCELLED);
  }

  @Test
  default void aPrunedJobIsForgotten(Trial trial) {
    trial.accepted(trial.job().key("k"));
    Claim claim = trial.claimOne();
    trial.applied(claim, Settlement.Complete.INSTANCE);

    assertThat(prune(trial, NONE, NONE)).isEqualTo(1);

    assertThat(trial.inspect().find(claim.job().id())).isEmpty();
    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k")).isEmpty();
    assertThat(trial.inspect().queues()).containsExactly(Trial.QUEUE);
    assertThat(trial.settle(claim, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  default void aRetriedJobIsKeptByItsNewEnd(Trial trial) {
    JobId first = succeeded(trial, 3);
    JobId second = succeeded(trial, 3);
    trial.control().retry(first, Trial.WIDE);
    trial.applied(trial.claimOne(), Settlement.Complete.INSTANCE);

    assertThat(prune(trial, jobs(1), ALL)).isEqualTo(1);

    assertThat(trial.inspect().find(second)).isEmpty();
    assertThat(trial.state(first)).isEqualTo(JobState.SUCCEEDED);
  }
}
