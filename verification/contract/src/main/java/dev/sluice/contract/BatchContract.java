package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The published limits: kept up to the last unit, refused beyond.
public interface BatchContract extends Topic {

  /// The most jobs that a test of a full batch hands over; an engine with a larger limit is tested
  /// up to here.
  private static int fullBatch(Trial trial) {
    return Math.min(trial.engine().limits().batch(), 10_000);
  }

  @Test
  default void limitsArePublished(Trial trial) {
    Limits limits = trial.engine().limits();

    assertThat(limits.engine()).matches("[a-z]+");
    assertThat(limits.delay()).isPositive();
    assertThat(trial.engine().limits()).isEqualTo(limits);
  }

  @Test
  default void aFullBatchGoesThroughEveryVerb(Trial trial) {
    int size = fullBatch(trial);
    List<JobId> ids = trial.accepted(size);
    List<Claim> claims = trial.claim(size);
    assertThat(Trial.ids(claims)).isEqualTo(ids);

    List<Settle> settles =
        claims.stream().map(c -> new Settle(c.lease(), Settlement.Complete.INSTANCE)).toList();

    assertThat(trial.engine().settle(settles)).hasSize(size).containsOnly(Settled.APPLIED);
    assertThat(trial.counts().succeeded()).isEqualTo(size);
  }

  @Test
  default void aLargerBatchIsRefusedAsAWhole(Trial trial) {
    int size = trial.engine().limits().batch() + 1;
    List<Offer> offers = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      offers.add(new Offer(trial.job().build(), Trial.WIDE));
    }

    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.engine().offer(offers))
        .withMessageContaining(Integer.toString(size));
    assertThat(trial.counts().waiting()).isZero();
  }

  @Test
  default void aLargerBatchOfSettlementsIsRefusedAsAWhole(Trial trial) {
    Claim claim = trial.started();
    int size = trial.engine().limits().batch() + 1;
    List<Settle> settles =
        Collections.nCopies(size, new Settle(claim.lease(), Settlement.Complete.INSTANCE));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.engine().settle(settles))
        .withMessageContaining(Integer.toString(size));
    assertThat(trial.counts().running()).isEqualTo(1);
  }

  @Test
  default void theLargestPayloadComesBackByteForByte(Trial trial) {
    byte[] payload = new byte[trial.engine().limits().payloadBytes()];
    new Random(7).nextBytes(payload);

    trial.accepted(trial.job().payload(payload));

    assertThat(trial.counts().waitingBytes()).isEqualTo(payload.length);
    assertThat(trial.claimOne().job().payload()).isEqualTo(payload);
  }

  @Test
  default void aLargerPayloadIsRefusedWithItsWholeBatch(Trial trial) {
    int size = trial.engine().limits().payloadBytes() + 1;
    Offer good = new Offer(trial.job().build(), Trial.WIDE);
    Offer bad = new Offer(trial.job().bytes(size).build(), Trial.WIDE);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> trial.engine().offer(List.of(good, bad)))
        .withMessageContaining("payload")
        .withMessageContaining(Integer.toString(size));
    assertThat(trial.counts().waiting()).isZero();
  }

  @Test
  default void theLongestDelayIsTaken(Trial trial) {
    Duration longest = trial.engine().limits().delay();

    assertThat(trial.offer(trial.job().runAt(trial.inFuture(longest))))
        .isInstanceOf(Accepted.class);
  }

  @Test
  default void aLongerDelayIsRefused(Trial trial) {
    Duration longest = trial.engine().limits().delay();
    for (long runAt : new long[] {trial.inFuture(longest.plusMillis(1)), Long.MAX_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trial.offer(trial.job().runAt(runAt)))
          .withMessageContaining("run-at");
    }
    assertThat(trial.counts().waiting()).isZero();
  }
}
