package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.contract.BrokerContract;
import dev.sluice.contract.BrokerTrial;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RabbitEngineTest implements BrokerContract {
  /// As often RabbitMQ 4.0 gives a message back, unless it is told otherwise.
  private static final int LOOKS = 20;

  private static Broker broker;

  @BeforeAll
  static void startBroker() {
    broker = Broker.any();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Override
  public Engine open(String space) {
    return RabbitEngine.open(broker.url(space) + "&keys=carry");
  }

  @Test
  void whatIsHandedOverKnowsHowOftenItWasGivenOut() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Job job = trial.accepted(trial.jobs(1)).getFirst();
      Claim claim = trial.claimOne();
      trial.engine().close();
      RabbitEngine source = (RabbitEngine) trial.another();
      List<JobView> handed = new ArrayList<>();
      trial.await(
          () -> handed.addAll(source.export(BrokerTrial.QUEUE, 10).jobs()) || !handed.isEmpty(),
          () -> "the job to be the broker's again");

      assertThat(handed)
          .singleElement()
          .satisfies(view -> {
            assertThat(view.id()).isEqualTo(job.id());
            assertThat(view.epoch()).isGreaterThanOrEqualTo(claim.lease().epoch());
            assertThat(view.attempt()).isEqualTo(1);
            assertThat(view.crashes()).isEqualTo(1);
          });
      source.exported(BrokerTrial.QUEUE, List.of(job.id()));
      assertThatExceptionOfType(EngineUnavailableException.class)
          .isThrownBy(() -> source.exported(BrokerTrial.QUEUE, List.of(job.id())))
          .withMessageContaining("1 jobs of queue 'mail' that were handed over are still on");
    }
  }

  /// RabbitMQ holds back acknowledgements of which there are many at once, and forgets them when
  /// their channel closes.
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatIsSentBackOrForgottenIsNotAmongTheDeadAnyMore(int every) {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      RabbitEngine engine = (RabbitEngine) trial.engine();
      List<Job> jobs = trial.jobs(1_200);
      for (int from = 0; from < jobs.size(); from += 600) {
        engine.restore(
            jobs.subList(from, from + 600).stream()
                .map(job -> BrokerTrial.view(job, JobState.DEAD, null))
                .toList());
      }
      Set<JobId> back = new LinkedHashSet<>();
      Set<JobId> gone = new LinkedHashSet<>();
      Set<JobId> stay = new LinkedHashSet<>();
      for (int i = 0; i < jobs.size(); i++) {
        Set<JobId> kind = i % every != 0 ? stay : i < 600 ? back : gone;
        kind.add(jobs.get(i).id());
      }

      assertThat(engine.redrive(BrokerTrial.QUEUE, back, Bound.NONE))
          .hasSameSizeAs(back)
          .values()
          .containsOnly(Control.APPLIED);
      assertThat(engine.forget(BrokerTrial.QUEUE, gone)).isEqualTo(gone);

      assertThat(engine.dead(BrokerTrial.QUEUE, 1000))
          .extracting(JobView::id)
          .containsExactlyInAnyOrderElementsOf(stay);
    }
  }

  @Test
  void whatWasHandedOverIsNotThereAnyMoreWhenTheEngineIsClosed() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      List<Job> jobs = trial.accepted(trial.jobs(200));
      trial.engine().close();
      RabbitEngine source = (RabbitEngine) trial.another();
      List<JobView> handed = source.export(BrokerTrial.QUEUE, 500).jobs();
      assertThat(handed).hasSameSizeAs(jobs);
      // All but the second, so that the others are not let go of together.
      List<JobId> done =
          handed.stream().map(JobView::id).filter(id -> !id.equals(jobs.get(1).id())).toList();
      source.exported(BrokerTrial.QUEUE, done);
      source.close();

      assertThat(((Exporting) trial.another()).export(BrokerTrial.QUEUE, 500).jobs())
          .extracting(JobView::id)
          .containsExactly(jobs.get(1).id());
    }
  }

  @Test
  void whoTakesJobsIsSeenByWhoeverHandsThemOver() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      trial.accepted(trial.jobs(1));
      RabbitEngine source = (RabbitEngine) trial.another();
      assertThat(source.isTaken(BrokerTrial.QUEUE)).isFalse();
      assertThat(source.isTaken("never-heard-of")).isFalse();
      trial.claimOne();

      assertThat(source.isTaken(BrokerTrial.QUEUE)).isTrue();
      trial.engine().close();
      trial.await(() -> !source.isTaken(BrokerTrial.QUEUE), () -> "nobody to take jobs");
    }
  }

  /// What belongs to others comes out of its level with each look, and RabbitMQ counts that.
  @Test
  void howOftenDelayedJobsAreLookedAtBringsNoneOfThemEarly() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      // Its level is made before, so that it waits in this one alone, after which comes its line.
      trial.accepted(later("other", 1, trial.now()));
      trial.accepted(later("other", 2, trial.now()));
      Exporting exporting = (Exporting) trial.engine();
      for (int look = 0; look <= LOOKS; look++) {
        assertThat(exporting.export(BrokerTrial.QUEUE, 10).jobs()).isEmpty();
      }

      assertThat(exporting.export("other", 10).jobs())
          .isNotEmpty()
          .allMatch(view -> view.state() == JobState.SCHEDULED);
    }
  }

  private static Job later(String queue, int number, long now) {
    JobOptions options = BrokerTrial.runAt(now + Delays.ttlMillis(15));
    JobId id = new JobId(7, number);
    return new Job(id, queue, "t", new byte[1], Priority.NORMAL, now, options);
  }

  /// Out of the levels where they wait, with the time at which they are due.
  @Test
  void delayedJobsAreHandedOverToo() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Job soon = trial.accepted(trial.delayed(Duration.ofHours(1)));
      Claim claim = trial.started();
      long again = trial.now() + Duration.ofDays(3).toMillis();
      trial.applied(claim, new Settlement.RunAgain(again, false, trial.failed(claim)));
      JobOptions later = BrokerTrial.runAt(trial.now() + 3_600_000);
      Job other =
          new Job(new JobId(7, 8), "other", "t", new byte[1], Priority.HIGH, trial.now(), later);
      trial.accepted(other);
      Exporting exporting = (Exporting) trial.engine();
      Map<JobId, JobView> found = new HashMap<>();
      trial.await(
          () -> {
            List<JobView> next = exporting.export(BrokerTrial.QUEUE, 10).jobs();
            next.forEach(view -> found.put(view.id(), view));
            exporting.exported(BrokerTrial.QUEUE, next.stream().map(JobView::id).toList());
            return found.size() == 2;
          },
          () -> "both, of which came " + found.size());

      JobView first = Objects.requireNonNull(found.get(soon.id()));
      assertThat(first.state()).isEqualTo(JobState.SCHEDULED);
      assertThat(first.dueAt()).isEqualTo(Instant.ofEpochMilli(soon.options().runAtMillis()));
      JobView second = Objects.requireNonNull(found.get(claim.job().id()));
      assertThat(second.attempt()).isEqualTo(1);
      assertThat(second.dueAt()).isEqualTo(Instant.ofEpochMilli(again));
      assertThat(exporting.export(BrokerTrial.QUEUE, 10).jobs()).isEmpty();
      assertThat(exporting.export("other", 10).jobs())
          .extracting(JobView::id)
          .containsExactly(other.id());
    }
  }
}
