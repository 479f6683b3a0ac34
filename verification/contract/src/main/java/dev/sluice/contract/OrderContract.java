package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Who starts before whom.
public interface OrderContract extends Topic {

  @Test
  default void jobsStartFirstInFirstOut(Trial trial) {
    List<JobId> ids = trial.accepted(5);

    assertThat(trial.claimIds(2)).isEqualTo(ids.subList(0, 2));
    assertThat(trial.claimIds(9)).isEqualTo(ids.subList(2, 5));
  }

  @Test
  default void arrivalCountsAndNotTheId(Trial trial) {
    JobDraft olderId = trial.job();
    JobId first = trial.accepted();
    JobId second = trial.accepted(olderId);

    assertThat(trial.claimIds(2)).containsExactly(first, second);
  }

  @Test
  default void urgentJobsStartFirst(Trial trial) {
    JobId low = trial.accepted(trial.job().priority(Priority.LOW));
    JobId normal = trial.accepted(trial.job().priority(Priority.NORMAL));
    JobId high = trial.accepted(trial.job().priority(Priority.HIGH));

    assertThat(trial.claimIds(3)).containsExactly(high, normal, low);
  }

  @Test
  default void placesSetAsideGoToTheirPriorities(Trial trial) {
    for (int i = 0; i < 4; i++) {
      trial.accepted(trial.job().priority(Priority.HIGH));
      trial.accepted(trial.job().priority(Priority.NORMAL));
      trial.accepted(trial.job().priority(Priority.LOW));
    }

    List<Claim> claims = trial.claim(new ClaimRequest(Trial.QUEUE, 5, 1, 2, Trial.LEASE)).claims();

    assertThat(claims.stream().map(claim -> claim.job().priority()))
        .containsExactly(
            Priority.HIGH, Priority.HIGH, Priority.NORMAL, Priority.NORMAL, Priority.LOW);
  }

  @Test
  default void placesSetAsideThatNobodyNeedsGoToTheOthers(Trial trial) {
    JobId high = trial.accepted(trial.job().priority(Priority.HIGH));
    JobId otherHigh = trial.accepted(trial.job().priority(Priority.HIGH));
    JobId low = trial.accepted(trial.job().priority(Priority.LOW));

    List<Claim> claims = trial.claim(new ClaimRequest(Trial.QUEUE, 3, 1, 2, Trial.LEASE)).claims();

    assertThat(Trial.ids(claims)).containsExactly(high, otherHigh, low);
  }

  @Test
  default void whatRemainsIsFilledByUrgency(Trial trial) {
    JobId low = trial.accepted(trial.job().priority(Priority.LOW));
    JobId otherLow = trial.accepted(trial.job().priority(Priority.LOW));
    JobId normal = trial.accepted(trial.job().priority(Priority.NORMAL));
    trial.accepted(trial.job().priority(Priority.LOW));

    List<Claim> claims = trial.claim(new ClaimRequest(Trial.QUEUE, 3, 1, 0, Trial.LEASE)).claims();

    assertThat(Trial.ids(claims)).containsExactly(normal, low, otherLow);
  }

  @Test
  default void aReleasedJobGoesBackToItsOldPlace(Trial trial) {
    List<JobId> ids = trial.accepted(4);
    List<Claim> claims = trial.claim(3);

    trial.applied(claims.get(2), Settlement.Release.INSTANCE);
    trial.applied(claims.get(0), Settlement.Release.INSTANCE);
    trial.applied(claims.get(1), Settlement.Release.INSTANCE);

    assertThat(trial.listed(JobState.READY, 10)).isEqualTo(ids);
    assertThat(trial.claimIds(4)).isEqualTo(ids);
  }

  @Test
  default void manyReleasedJobsGoBackInOrder(Trial trial) {
    List<JobId> ids = trial.accepted(200);
    List<Claim> claims = trial.claim(150);
    for (int i = 0; i < claims.size(); i += 2) {
      trial.applied(claims.get(i), Settlement.Release.INSTANCE);
    }
    for (int i = claims.size() - 1; i > 0; i -= 2) {
      trial.applied(claims.get(i), Settlement.Release.INSTANCE);
    }

    assertThat(trial.listed(JobState.READY, 100)).isEqualTo(ids);
  }

  @Test
  default void aCrashedJobGoesBackToItsOldPlace(Trial trial) {
    List<JobId> ids = trial.accepted(3);
    Claim claim = trial.claimOne();
    trial.advance(Trial.LEASE);

    trial.applied(claim, trial.crash(claim));

    assertThat(trial.claimIds(3)).isEqualTo(ids);
  }

  @Test
  default void aRetriedJobStandsBehindThoseThatCameBefore(Trial trial) {
    List<JobId> ids = trial.accepted(2);
    Claim claim = trial.claimOne();
    trial.applied(claim, trial.retryIn(claim, Duration.ofSeconds(1)));
    trial.advance(Duration.ofSeconds(1));

    assertThat(trial.claimIds(3)).containsExactly(ids.get(1), ids.get(0));
  }

  @Test
  default void aJobThatBecomesDueStandsAtTheEndOfItsLine(Trial trial) {
    JobId delayed = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(1))));
    JobId early = trial.accepted();
    trial.advance(Duration.ofSeconds(2));
    JobId late = trial.accepted();

    assertThat(trial.claimIds(3)).containsExactly(early, late, delayed);
  }

  @Test
  default void aheadCountsTheJobsThatStartBefore(Trial trial) {
    List<JobId> normal = trial.accepted(3);
    JobId low = trial.accepted(trial.job().priority(Priority.LOW));
    JobId high = trial.accepted(trial.job().priority(Priority.HIGH));

    assertThat(trial.view(high).ahead()).isZero();
    assertThat(trial.view(normal.get(0)).ahead()).isEqualTo(1);
    assertThat(trial.view(normal.get(2)).ahead()).isEqualTo(3);
    assertThat(trial.view(low).ahead()).isEqualTo(4);
  }

  @Test
  default void aheadShrinksWhenOthersStart(Trial trial) {
    List<JobId> ids = trial.accepted(5);
    trial.claim(3);

    assertThat(trial.view(ids.get(3)).ahead()).isZero();
    assertThat(trial.view(ids.get(4)).ahead()).isEqualTo(1);
    assertThat(trial.view(ids.get(0)).ahead()).isEqualTo(-1);
  }
}
