package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Limits.Keys;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What the key of a job does on a broker, which the limits say; a part of [BrokerContract].
public interface BrokerKeyContract extends BrokerTopic {

  private static Keys keys(BrokerTrial trial) {
    return trial.engine().limits().keys();
  }

  private static Job keyed(BrokerTrial trial, String key) {
    JobOptions options = new JobOptions(0, key, Map.of(), 0, 0, 0, null, null);
    return trial.job(new byte[] {5}, Priority.NORMAL, options);
  }

  @Test
  default void aSecondJobOfAKeyIsAnsweredAsTheLimitsSay() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      for (String key : List.of("k", "ein Schlüssel mit Leerzeichen", "x".repeat(300))) {
        Job first = keyed(trial, key);
        Job second = keyed(trial, key);
        switch (keys(trial)) {
          case UNIQUE, ORDERED -> {
            trial.accepted(first);
            assertThat(trial.offer(second, BrokerTrial.WIDE)).isEqualTo(new Duplicate(first.id()));
            assertComes(trial, List.of(first));
          }
          case CARRIED -> {
            trial.accepted(first);
            trial.accepted(second);
            assertComes(trial, List.of(first, second));
          }
          case REFUSED ->
              assertThatExceptionOfType(IllegalArgumentException.class)
                  .isThrownBy(() -> trial.offer(first, BrokerTrial.WIDE))
                  .withMessageContaining("key");
        }
      }
      trial.awaitEmpty();
    }
  }

  private static void assertComes(BrokerTrial trial, List<Job> jobs) {
    List<Claim> claims = trial.claim(jobs.size());
    assertThat(claims)
        .extracting(claim -> claim.job().id())
        .containsExactlyInAnyOrderElementsOf(jobs.stream().map(Job::id).toList());
    assertThat(claims)
        .extracting(claim -> claim.job().options().key())
        .containsOnly(jobs.getFirst().options().key());
    trial.complete(claims);
  }

  @Test
  default void jobsOfAKeyStartOneAfterAnotherWhereTheLimitsSayThat() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      assumeThat(keys(trial)).isEqualTo(Keys.ORDERED);
      List<Job> jobs = IntStream.range(0, 11).mapToObj(_ -> keyed(trial, "k")).toList();
      trial.restored(
          jobs.stream().map(job -> BrokerTrial.view(job, JobState.READY, null)).toList());

      for (int i = 0; i < jobs.size(); i++) {
        Claim claim = next(trial, jobs.get(i));
        if (i % 5 == 0) {
          long due = trial.now() + 300;
          trial.applied(claim, new Settlement.RunAgain(due, false, trial.failed(claim)));
          claim = next(trial, jobs.get(i));
          assertThat(claim.attempt()).isEqualTo(2);
        }
        if (i % 5 == 1) {
          trial.applied(claim, Settlement.Release.INSTANCE);
          claim = next(trial, jobs.get(i));
          assertThat(claim.attempt()).isEqualTo(1);
        }
        if (i % 5 == 2) {
          Job other = trial.accepted(keyed(trial, "another" + i));
          trial.applied(next(trial, other), Settlement.Complete.INSTANCE);
        }
        trial.applied(claim, Settlement.Complete.INSTANCE);
      }
      trial.awaitEmpty();
    }
  }

  /// Asks for many, and gets this one alone.
  private static Claim next(BrokerTrial trial, Job expected) {
    List<Claim> claims = new ArrayList<>();
    trial.await(
        () -> {
          claims.addAll(trial.glance(trial.engine(), 10, BrokerTrial.LEASE));
          return !claims.isEmpty();
        },
        () -> "job " + expected.id());
    trial.pause(Duration.ofMillis(50));
    claims.addAll(trial.glance(trial.engine(), 10, BrokerTrial.LEASE));
    assertThat(claims).extracting(claim -> claim.job().id()).containsExactly(expected.id());
    return claims.getFirst();
  }

  @Test
  default void whatComesBackAndGoesElsewhereKnowsItsPastAsTheLimitsSay() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim first = trial.started();
      trial.applied(first, new Settlement.RunAgain(trial.now(), false, trial.failed(first)));
      trial.engine().close();

      Engine other = trial.another();
      Claim second = trial.claim(other, 1, Duration.ofSeconds(30)).getFirst();

      assertThat(second.job().id()).isEqualTo(first.job().id());
      assertThat(second.attempt()).isEqualTo(2);
      assertThat(second.crashes()).isEqualTo(keys(trial) == Keys.ORDERED ? 1 : 0);
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
    }
  }
}
