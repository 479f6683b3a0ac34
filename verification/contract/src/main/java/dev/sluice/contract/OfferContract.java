package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Handing jobs over.
public interface OfferContract extends Topic {

  @Test
  default void anOfferedJobIsReadyAtOnce(Trial trial) {
    JobId id = trial.accepted();

    JobView view = trial.view(id);
    assertThat(view.state()).isEqualTo(JobState.READY);
    assertThat(view.attempt()).isZero();
    assertThat(view.crashes()).isZero();
    assertThat(view.epoch()).isZero();
    assertThat(view.startedAt()).isNull();
    assertThat(view.attempts()).isEmpty();
    assertThat(view.cancelRequested()).isFalse();
  }

  @Test
  default void everyFieldOfAJobComesBackAsItWasGiven(Trial trial) {
    Job job =
        trial
            .job()
            .payload(new byte[] {0, -1, 127, -128})
            .priority(Priority.HIGH)
            .key("user 42 / größe")
            .headers(Map.of("traceparent", "00-4bf92f-00f067-01", "empty", ""))
            .runAt(1)
            .build();
    trial.engine().offer(List.of(new Offer(job, Trial.WIDE)));

    Job kept = trial.view(job.id()).job();
    assertThat(kept).usingRecursiveComparison().isEqualTo(job);
    assertThat(trial.claimOne().job()).usingRecursiveComparison().isEqualTo(job);
  }

  @Test
  default void anEmptyPayloadIsAPayload(Trial trial) {
    trial.accepted(trial.job().bytes(0));

    assertThat(trial.claimOne().job().payload()).isEmpty();
  }

  @Test
  default void answersStandInTheOrderOfTheOffers(Trial trial) {
    Job first = trial.job().build();
    Job second = trial.job().queue("other").build();
    Job third = trial.job().build();

    List<Admission> admissions =
        trial
            .engine()
            .offer(
                List.of(
                    new Offer(third, Trial.WIDE),
                    new Offer(second, Trial.WIDE),
                    new Offer(first, Trial.WIDE)));

    assertThat(admissions)
        .containsExactly(
            new Accepted(third.id()), new Accepted(second.id()), new Accepted(first.id()));
  }

  @Test
  default void anEmptyBatchIsAnsweredWithNothing(Trial trial) {
    assertThat(trial.engine().offer(List.of())).isEmpty();
  }

  @Test
  default void queuesDoNotSeeEachOthersJobs(Trial trial) {
    trial.accepted(trial.job().queue("one"));
    trial.accepted(trial.job().queue("two"));

    assertThat(trial.claim(1)).isEmpty();
    assertThat(trial.inspect().counts("one").ready()).isEqualTo(1);
    assertThat(trial.inspect().counts("two").ready()).isEqualTo(1);
  }

  @Test
  default void anAcceptedJobCallsTheHint(Trial trial) {
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.accepted();

    assertThat(calls).hasPositiveValue();
  }

  @Test
  default void aDelayedJobCallsTheHintToo(Trial trial) {
    AtomicInteger calls = new AtomicInteger();
    trial.engine().onWork(calls::incrementAndGet);

    trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));

    assertThat(calls).hasPositiveValue();
  }

  @Test
  default void onlyTheNewestHintIsCalled(Trial trial) {
    AtomicInteger old = new AtomicInteger();
    AtomicInteger newest = new AtomicInteger();
    trial.engine().onWork(old::incrementAndGet);
    trial.engine().onWork(newest::incrementAndGet);

    trial.accepted();

    assertThat(old).hasValue(0);
    assertThat(newest).hasPositiveValue();
  }

  @Test
  default void aHintMayAskTheEngine(Trial trial) {
    List<Long> seen = new ArrayList<>();
    trial.engine().onWork(() -> seen.add(trial.counts().ready()));

    trial.accepted();

    assertThat(seen).contains(1L);
  }

  @Test
  default void anInterruptedCallerIsServedAndStaysInterrupted(Trial trial) {
    Thread.currentThread().interrupt();
    try {
      JobId id = trial.accepted();

      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      assertThat(trial.state(id)).isEqualTo(JobState.READY);
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  default void aHealthyEngineHasNoTrouble(Trial trial) {
    assertThat(trial.engine().trouble()).isEmpty();
  }
}
