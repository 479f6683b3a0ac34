package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Offers that are there already, by id or by key.
public interface DuplicateContract extends Topic {

  @Test
  default void theSameJobOfferedAgainIsADuplicateOfItself(Trial trial) {
    Offer offer = new Offer(trial.job().build(), Trial.WIDE);
    trial.engine().offer(List.of(offer));

    assertThat(trial.engine().offer(List.of(offer)))
        .containsExactly(new Duplicate(offer.job().id()));
    assertThat(trial.counts().ready()).isEqualTo(1);
  }

  @Test
  default void theSameIdInAnotherQueueIsADuplicateToo(Trial trial) {
    JobId id = trial.accepted();

    assertThat(trial.offer(trial.job().id(id).queue("other"))).isEqualTo(new Duplicate(id));
    assertThat(trial.inspect().counts("other").waiting()).isZero();
  }

  @Test
  default void theSameKeyBringsBackTheFirstId(Trial trial) {
    JobId first = trial.accepted(trial.job().key("order-7"));

    assertThat(trial.offer(trial.job().key("order-7"))).isEqualTo(new Duplicate(first));
    assertThat(trial.counts().ready()).isEqualTo(1);
  }

  @Test
  default void keysOfOtherQueuesDoNotMatter(Trial trial) {
    trial.accepted(trial.job().key("order-7"));
    trial.accepted(trial.job().key("order-7").queue("other"));

    assertThat(trial.inspect().findByKey("other", "order-7")).isPresent();
  }

  @Test
  default void keysAreComparedToTheLastCharacter(Trial trial) {
    trial.accepted(trial.job().key("Order"));
    trial.accepted(trial.job().key("order"));
    trial.accepted(trial.job().key("order "));
    trial.accepted(trial.job().key(""));

    assertThat(trial.counts().ready()).isEqualTo(4);
  }

  @Test
  default void sameKeysAndIdsInOneBatchAreRecognised(Trial trial) {
    Job first = trial.job().key("k").build();
    Job sameKey = trial.job().key("k").build();

    assertThat(
            trial
                .engine()
                .offer(
                    List.of(
                        new Offer(first, Trial.WIDE),
                        new Offer(sameKey, Trial.WIDE),
                        new Offer(first, Trial.WIDE))))
        .containsExactly(
            new Accepted(first.id()), new Duplicate(first.id()), new Duplicate(first.id()));
    assertThat(trial.inspect().find(sameKey.id())).isEmpty();
  }

  @Test
  default void aDuplicateIsRecognisedEvenWhenTheQueueIsFull(Trial trial) {
    JobDraft draft = trial.job().key("k");
    JobId first = trial.accepted(draft);

    assertThat(trial.offer(draft, new Bound(1, 1))).isEqualTo(new Duplicate(first));
    assertThat(trial.offer(trial.job().key("k"), new Bound(1, 1))).isEqualTo(new Duplicate(first));
  }

  @Test
  default void aKeyIsTakenInEveryStateOfItsJob(Trial trial) {
    JobId id = trial.accepted(trial.job().key("k"));
    Claim claim = trial.claimOne();
    assertThat(trial.offer(trial.job().key("k"))).isEqualTo(new Duplicate(id));

    trial.applied(claim, trial.retryIn(claim, Duration.ofMinutes(1)));
    assertThat(trial.offer(trial.job().key("k"))).isEqualTo(new Duplicate(id));

    trial.advance(Duration.ofMinutes(1));
    trial.applied(trial.claimOne(), Settlement.Complete.INSTANCE);
    assertThat(trial.offer(trial.job().key("k"))).isEqualTo(new Duplicate(id));
    assertThat(trial.state(id)).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  default void aKeyIsFreeOnceItsJobWasPruned(Trial trial) {
    trial.accepted(trial.job().key("k"));
    trial.applied(trial.claimOne(), Settlement.Complete.INSTANCE);
    Keep nothing = new Keep(Duration.ZERO, 0, 0);
    assertThat(trial.retain().prune(Trial.QUEUE, new Retention(nothing, nothing), 10)).isEqualTo(1);

    JobId second = trial.accepted(trial.job().key("k"));

    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k").orElseThrow().id()).isEqualTo(second);
  }
}
