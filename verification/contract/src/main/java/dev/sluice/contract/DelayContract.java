package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Offer;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Jobs whose time has not come.
public interface DelayContract extends Topic {

  private static Claimed claimAll(Trial trial) {
    return trial.claim(new ClaimRequest(Trial.QUEUE, 10, 0, 0, Trial.LEASE));
  }

  private static JobId delayed(Trial trial, Duration delay) {
    return trial.accepted(trial.job().runAt(trial.inFuture(delay)));
  }

  @Test
  default void aDelayedJobWaitsUntilItsTime(Trial trial) {
    JobId id = delayed(trial, Duration.ofSeconds(10));
    assertThat(trial.state(id)).isEqualTo(JobState.SCHEDULED);
    assertThat(trial.view(id).dueAt())
        .isEqualTo(Instant.ofEpochMilli(trial.inFuture(Duration.ofSeconds(10))));

    trial.advance(Duration.ofMillis(9_999));
    assertThat(trial.claim(1)).isEmpty();

    trial.advance(Duration.ofMillis(1));
    assertThat(trial.claimIds(1)).containsExactly(id);
  }

  @Test
  default void aTimeThatIsNowOrPastMeansAtOnce(Trial trial) {
    JobId now = trial.accepted(trial.job().runAt(trial.world().wallMillis()));
    JobId past = trial.accepted(trial.job().runAt(1));

    assertThat(trial.state(now)).isEqualTo(JobState.READY);
    assertThat(trial.state(past)).isEqualTo(JobState.READY);
  }

  @Test
  default void aClaimTellsWhenTheNextJobIsDue(Trial trial) {
    delayed(trial, Duration.ofSeconds(20));
    delayed(trial, Duration.ofSeconds(10));
    long next = trial.inFuture(Duration.ofSeconds(10));
    long last = trial.inFuture(Duration.ofSeconds(20));
    trial.accepted();

    Claimed claimed = claimAll(trial);
    assertThat(claimed.claims()).hasSize(1);
    assertThat(claimed.nextDueMillis()).isEqualTo(next);

    trial.advance(Duration.ofSeconds(10));
    assertThat(claimAll(trial).nextDueMillis()).isEqualTo(last);
    trial.advance(Duration.ofSeconds(10));
    assertThat(claimAll(trial).nextDueMillis()).isEqualTo(Claimed.NONE_DUE);
  }

  @Test
  default void nextDueIsThatOfTheAskedQueuesOnly(Trial trial) {
    long soon = trial.inFuture(Duration.ofSeconds(1));
    long later = trial.inFuture(Duration.ofSeconds(2));
    trial.accepted(trial.job().queue("soon").runAt(soon));
    trial.accepted(trial.job().queue("later").runAt(later));

    assertThat(trial.claim(new ClaimRequest("later", 1, 0, 0, Trial.LEASE)).nextDueMillis())
        .isEqualTo(later);
    assertThat(
            trial
                .claim(
                    new ClaimRequest("later", 1, 0, 0, Trial.LEASE),
                    new ClaimRequest("soon", 1, 0, 0, Trial.LEASE))
                .nextDueMillis())
        .isEqualTo(soon);
  }

  @Test
  default void dueJobsLineUpInTheOrderOfTheirTimes(Trial trial) {
    JobId third = delayed(trial, Duration.ofSeconds(3));
    JobId first = delayed(trial, Duration.ofSeconds(1));
    JobId second = delayed(trial, Duration.ofSeconds(2));
    JobId secondToo = delayed(trial, Duration.ofSeconds(2));
    trial.advance(Duration.ofSeconds(4));

    assertThat(trial.claimIds(4)).containsExactly(first, second, secondToo, third);
  }

  @Test
  default void dueJobsKeepTheirPriority(Trial trial) {
    JobId normal = delayed(trial, Duration.ofSeconds(1));
    JobId high =
        trial.accepted(
            trial.job().priority(Priority.HIGH).runAt(trial.inFuture(Duration.ofSeconds(2))));
    trial.advance(Duration.ofSeconds(2));

    assertThat(trial.claimIds(2)).containsExactly(high, normal);
  }

  @Test
  default void aDueJobThatFindsNoPlaceIsReady(Trial trial) {
    JobId early = trial.accepted();
    JobId due = delayed(trial, Duration.ofSeconds(1));
    trial.advance(Duration.ofSeconds(1));

    assertThat(trial.claimIds(1)).containsExactly(early);

    assertThat(trial.state(due)).isEqualTo(JobState.READY);
    assertThat(trial.counts().scheduled()).isZero();
  }

  @Test
  default void aRetryWaitsItsTime(Trial trial) {
    Claim claim = trial.started();
    trial.applied(claim, trial.retryIn(claim, Duration.ofSeconds(5)));

    Claimed none = claimAll(trial);
    assertThat(none.claims()).isEmpty();
    assertThat(none.nextDueMillis()).isEqualTo(trial.inFuture(Duration.ofSeconds(5)));

    trial.advance(Duration.ofSeconds(5));
    assertThat(trial.claimIds(1)).containsExactly(claim.job().id());
  }

  @Test
  default void oneClaimMovesAtMostAThousandDueJobs(Trial trial) {
    List<Offer> offers = new ArrayList<>();
    for (int i = 0; i < 1_200; i++) {
      long due = trial.inFuture(Duration.ofMillis(1 + i % 7));
      offers.add(new Offer(trial.job().runAt(due).build(), Trial.WIDE));
    }
    for (int from = 0; from < offers.size(); from += 10) {
      trial.engine().offer(offers.subList(from, from + 10));
    }
    trial.advance(Duration.ofSeconds(1));

    Claimed claimed = claimAll(trial);

    assertThat(trial.counts().scheduled()).isEqualTo(200);
    assertThat(trial.counts().ready()).isEqualTo(990);
    assertThat(claimed.nextDueMillis()).isLessThan(trial.world().wallMillis());
    claimAll(trial);
    assertThat(trial.counts().scheduled()).isZero();
  }

  @Test
  default void theWallClockDecidesWhatIsDue(Trial trial) {
    JobId id = delayed(trial, Duration.ofDays(1));

    trial.world().jumpWallClock(Duration.ofDays(1));

    assertThat(trial.claimIds(1)).containsExactly(id);
  }
}
