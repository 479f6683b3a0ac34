package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// After the end.
public interface CloseContract extends Topic {

  private static void refused(ThrowingCallable verb) {
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(verb)
        .withMessageContaining("closed");
  }

  @Test
  default void everyVerbOfAClosedEngineSaysSo(Trial trial) {
    Claim claim = trial.started();
    Offer offer = new Offer(trial.job().build(), Trial.WIDE);
    ClaimRequest request = new ClaimRequest(Trial.QUEUE, 1, 0, 0, Trial.LEASE);
    Settle settle = new Settle(claim.lease(), Settlement.Complete.INSTANCE);
    Engine engine = trial.engine();
    trial.close();

    refused(() -> engine.offer(List.of(offer)));
    refused(() -> engine.claim(List.of(request)));
    refused(() -> engine.extend(List.of(claim.lease()), Trial.LEASE));
    refused(() -> engine.settle(List.of(settle)));
  }

  @Test
  default void everyRoleOfAClosedEngineSaysSo(Trial trial) {
    JobId id = trial.accepted();
    Engine engine = trial.engine();
    trial.close();

    if (engine instanceof Inspectable inspectable) {
      refused(() -> inspectable.find(id));
      refused(() -> inspectable.findByKey(Trial.QUEUE, "k"));
      refused(inspectable::queues);
      refused(() -> inspectable.counts(Trial.QUEUE));
      refused(() -> inspectable.list(Trial.QUEUE, JobState.READY, 1, null));
    }
    if (engine instanceof Controllable controllable) {
      refused(() -> controllable.cancel(id));
      refused(() -> controllable.retry(id, Trial.WIDE));
      refused(() -> controllable.purge(Trial.QUEUE, 1));
      refused(() -> controllable.pause(Trial.QUEUE, true));
    }
    if (engine instanceof Reclaiming reclaiming) {
      refused(() -> reclaiming.expired(1));
    }
    if (engine instanceof Retaining retaining) {
      refused(() -> retaining.prune(Trial.QUEUE, Retention.defaults(), 1));
    }
  }

  @Test
  default void closingTwiceIsClosingOnce(Trial trial) {
    trial.accepted();
    trial.close();

    assertThatNoException().isThrownBy(trial.engine()::close);
  }

  @Test
  default void aClosedEngineTellsItsTrouble(Trial trial) {
    trial.close();

    assertThat(trial.engine().trouble()).isPresent();
  }

  @Test
  default void enginesDoNotSeeEachOthersJobs(Trial trial) {
    trial.accepted();
    try (Engine other = open(trial.world().environment())) {
      assertThat(((Inspectable) other).counts(Trial.QUEUE).ready()).isZero();
    }
  }
}
