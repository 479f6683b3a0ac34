package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/// Taking jobs.
public interface ClaimContract extends Topic {

  @Test
  default void aClaimRecordsEpochAttemptAndStart(Trial trial) {
    JobId id = trial.accepted();
    trial.advance(Duration.ofSeconds(3));

    Claim claim = trial.claimOne();

    assertThat(claim.lease()).isEqualTo(new Lease(id, 1));
    assertThat(claim.attempt()).isEqualTo(1);
    assertThat(claim.crashes()).isZero();
    assertThat(claim.startedAtMillis()).isEqualTo(trial.world().wallMillis());
    JobView view = trial.view(id);
    assertThat(view.state()).isEqualTo(JobState.RUNNING);
    assertThat(view.epoch()).isEqualTo(1);
    assertThat(view.attempt()).isEqualTo(1);
    assertThat(view.startedAt()).isEqualTo(Instant.ofEpochMilli(trial.world().wallMillis()));
  }

  @Test
  default void aRunningJobIsNotGivenOutAgain(Trial trial) {
    trial.started();

    assertThat(trial.claim(10)).isEmpty();
  }

  @Test
  default void aPassedDeadlineAloneGivesNothingOutAgain(Trial trial) {
    trial.started();
    trial.advance(Trial.LEASE.multipliedBy(10));

    assertThat(trial.claim(10)).isEmpty();
  }

  @Test
  default void anUnknownQueueHasNothing(Trial trial) {
    Claimed claimed = trial.claim(new ClaimRequest("never-heard-of", 5, 0, 0, Trial.LEASE));

    assertThat(claimed.claims()).isEmpty();
    assertThat(claimed.nextDueMillis()).isEqualTo(Claimed.NONE_DUE);
    assertThat(trial.inspect().queues()).isEmpty();
  }

  @Test
  default void noRequestsNoClaims(Trial trial) {
    trial.accepted();

    assertThat(trial.claim()).isEqualTo(new Claimed(List.of(), Claimed.NONE_DUE));
  }

  @Test
  default void oneCallServesManyQueuesEachToItsMaximum(Trial trial) {
    trial.accepted(3);
    List<JobId> others = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      others.add(trial.accepted(trial.job().queue("other")));
    }

    Claimed claimed =
        trial.claim(
            new ClaimRequest("other", 2, 0, 0, Trial.LEASE),
            new ClaimRequest(Trial.QUEUE, 1, 0, 0, Trial.LEASE));

    assertThat(claimed.claims().stream().filter(c -> c.job().queue().equals("other")))
        .extracting(claim -> claim.job().id())
        .isEqualTo(others.subList(0, 2));
    assertThat(trial.counts().running()).isEqualTo(1);
  }

  @Test
  default void theEpochGoesUpWithEveryClaim(Trial trial) {
    trial.accepted();
    for (long epoch = 1; epoch <= 3; epoch++) {
      Claim claim = trial.claimOne();
      assertThat(claim.lease().epoch()).isEqualTo(epoch);
      trial.applied(claim, Settlement.Release.INSTANCE);
    }
  }

  @Test
  default void theStartIsThatOfTheNewestAttempt(Trial trial) {
    trial.applied(trial.started(), Settlement.Release.INSTANCE);
    trial.advance(Duration.ofSeconds(9));

    Claim claim = trial.claimOne();

    assertThat(claim.startedAtMillis()).isEqualTo(trial.world().wallMillis());
  }

  @Test
  default void manyWorkersNeverGetTheSameJob(Trial trial) throws InterruptedException {
    trial.accepted(200);
    Set<JobId> taken = ConcurrentHashMap.newKeySet();
    Set<JobId> twice = ConcurrentHashMap.newKeySet();
    List<ClaimRequest> request = List.of(new ClaimRequest(Trial.QUEUE, 3, 0, 0, Trial.LEASE));
    List<Thread> workers = new ArrayList<>();
    for (int w = 0; w < 4; w++) {
      workers.add(
          Thread.ofVirtual()
              .start(() -> {
                List<Claim> claims = trial.engine().claim(request).claims();
                while (!claims.isEmpty()) {
                  Trial.ids(claims).stream().filter(id -> !taken.add(id)).forEach(twice::add);
                  claims = trial.engine().claim(request).claims();
                }
              }));
    }
    for (Thread worker : workers) {
      worker.join();
    }

    assertThat(taken).hasSize(200);
    assertThat(twice).isEmpty();
  }
}
