package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Reason;
import dev.sluice.job.Admission.Refused;
import dev.sluice.job.Job;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// How much may wait, for engines whose bound is exact.
public interface BoundContract extends Topic {
  Refused TOO_MANY = new Refused(Reason.CAPACITY_JOBS, Optional.empty());
  Refused TOO_LARGE = new Refused(Reason.CAPACITY_BYTES, Optional.empty());

  private static Bound jobs(long jobs) {
    return new Bound(jobs, 1L << 40);
  }

  private static Bound bytes(long bytes) {
    return new Bound(1_000_000, bytes);
  }

  @Test
  default void theJobOverTheBoundIsRefusedWithoutATime(Trial trial) {
    assertThat(trial.offer(trial.job(), jobs(2))).isInstanceOf(Accepted.class);
    assertThat(trial.offer(trial.job(), jobs(2))).isInstanceOf(Accepted.class);
    assertThat(trial.offer(trial.job(), jobs(2))).isEqualTo(TOO_MANY);
  }

  @Test
  default void aRefusedJobLeavesNoTrace(Trial trial) {
    trial.accepted();
    Job refused = trial.job().key("k").queue("never-held").bytes(2).build();
    trial.engine().offer(List.of(new Offer(refused, bytes(1))));

    assertThat(trial.inspect().find(refused.id())).isEmpty();
    assertThat(trial.inspect().findByKey("never-held", "k")).isEmpty();
    assertThat(trial.inspect().queues()).containsExactly(Trial.QUEUE);
    assertThat(trial.inspect().counts("never-held").waitingBytes()).isZero();
  }

  @Test
  default void aRefusedJobIsAcceptedLaterUnderTheSameIdAndKey(Trial trial) {
    trial.accepted();
    Job job = trial.job().key("k").build();
    Offer tight = new Offer(job, jobs(1));
    assertThat(trial.engine().offer(List.of(tight))).containsExactly(TOO_MANY);
    trial.claimOne();

    assertThat(trial.engine().offer(List.of(tight))).containsExactly(new Accepted(job.id()));
  }

  @Test
  default void delayedJobsCountAgainstTheBound(Trial trial) {
    trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofHours(1))));

    assertThat(trial.offer(trial.job(), jobs(1))).isEqualTo(TOO_MANY);
  }

  @Test
  default void runningAndEndedJobsDoNotCount(Trial trial) {
    trial.applied(trial.started(), Settlement.Complete.INSTANCE);
    trial.started();

    assertThat(trial.offer(trial.job(), jobs(1))).isInstanceOf(Accepted.class);
  }

  @Test
  default void aBatchFillsUpToTheBoundAndNoFurther(Trial trial) {
    List<Offer> offers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      offers.add(new Offer(trial.job().build(), jobs(3)));
    }

    List<Admission> admissions = trial.engine().offer(offers);

    assertThat(admissions.subList(0, 3)).allMatch(Accepted.class::isInstance);
    assertThat(admissions.subList(3, 5)).containsOnly(TOO_MANY);
  }

  @Test
  default void bytesAreBoundedToTheLastOne(Trial trial) {
    assertThat(trial.offer(trial.job().bytes(60), bytes(100))).isInstanceOf(Accepted.class);
    assertThat(trial.offer(trial.job().bytes(41), bytes(100))).isEqualTo(TOO_LARGE);
    assertThat(trial.offer(trial.job().bytes(40), bytes(100))).isInstanceOf(Accepted.class);
    assertThat(trial.offer(trial.job().bytes(1), bytes(100))).isEqualTo(TOO_LARGE);
    assertThat(trial.offer(trial.job().bytes(0), bytes(100))).isInstanceOf(Accepted.class);
  }

  @Test
  default void aSmallJobGoesInWhereALargeOneDidNot(Trial trial) {
    Offer large = new Offer(trial.job().bytes(11).build(), bytes(10));
    Offer small = new Offer(trial.job().bytes(10).build(), bytes(10));

    assertThat(trial.engine().offer(List.of(large, small)))
        .containsExactly(TOO_LARGE, new Accepted(small.job().id()));
  }

  @Test
  default void aJobLargerThanTheWholeBoundIsRefusedByAnEmptyQueue(Trial trial) {
    assertThat(trial.offer(trial.job().bytes(101), bytes(100))).isEqualTo(TOO_LARGE);
  }

  @Test
  default void keyAndHeadersCountAsBytes(Trial trial) {
    // Payload, key, and a header of 8 bytes, name and value; ö, ü and ß have two bytes, € has
    // three.
    JobDraft draft = trial.job().bytes(10).key("schlüs").headers(Map.of("größ", "€ 1.0"));
    int size = 10 + 7 + 8 + 6 + 7;
    assertThat(trial.offer(draft, bytes(size - 1))).isEqualTo(TOO_LARGE);
    assertThat(trial.offer(draft, bytes(size))).isInstanceOf(Accepted.class);
    assertThat(trial.counts().waitingBytes()).isEqualTo(size);
    assertThat(trial.offer(trial.job().bytes(1), bytes(size))).isEqualTo(TOO_LARGE);

    Claim claim = trial.claimOne();
    assertThat(trial.counts().waitingBytes()).isZero();
    trial.applied(claim, Settlement.Release.INSTANCE);
    assertThat(trial.counts().waitingBytes()).isEqualTo(size);
    claim = trial.claimOne();
    trial.applied(claim, Settlement.Complete.INSTANCE);
    assertThat(trial.counts().waitingBytes()).isZero();
    assertThat(trial.control().retry(claim.job().id(), bytes(size - 1))).isEqualTo(Control.NO_ROOM);
    assertThat(trial.control().retry(claim.job().id(), bytes(size))).isEqualTo(Control.APPLIED);
    assertThat(trial.control().cancel(claim.job().id())).isEqualTo(Control.APPLIED);
    assertThat(trial.counts().waitingBytes()).isZero();
  }

  @Test
  default void jobsAreNamedWhenBothBoundsAreReached(Trial trial) {
    trial.accepted(trial.job().bytes(10));

    assertThat(trial.offer(trial.job().bytes(10), new Bound(1, 10))).isEqualTo(TOO_MANY);
  }

  @Test
  default void takingAJobMakesRoom(Trial trial) {
    trial.accepted(trial.job().bytes(10));
    trial.claimOne();

    assertThat(trial.offer(trial.job().bytes(10), new Bound(1, 10))).isInstanceOf(Accepted.class);
  }

  @Test
  default void aJobThatComesBackIsTakenBackAboveTheBound(Trial trial) {
    Claim released = trial.started();
    Claim retried = trial.started();
    assertThat(trial.offer(trial.job(), jobs(1))).isInstanceOf(Accepted.class);

    trial.applied(released, Settlement.Release.INSTANCE);
    trial.applied(retried, trial.retryIn(retried, Duration.ofSeconds(1)));

    assertThat(trial.counts().waiting()).isEqualTo(3);
    assertThat(trial.offer(trial.job(), jobs(3))).isEqualTo(TOO_MANY);
    assertThat(trial.offer(trial.job(), bytes(5))).isEqualTo(TOO_LARGE);
  }

  @Test
  default void eachQueueHasItsOwnBound(Trial trial) {
    trial.accepted();

    assertThat(trial.offer(trial.job().queue("other"), jobs(1))).isInstanceOf(Accepted.class);
  }

  @Test
  default void aPausedQueueFillsUpLikeAnyOther(Trial trial) {
    trial.control().pause(Trial.QUEUE, true);

    assertThat(trial.offer(trial.job(), jobs(1))).isInstanceOf(Accepted.class);
    assertThat(trial.offer(trial.job(), jobs(1))).isEqualTo(TOO_MANY);
  }

  @Test
  default void manyThreadsTogetherDoNotOvershoot(Trial trial) throws InterruptedException {
    AtomicInteger accepted = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      List<JobDraft> drafts = new ArrayList<>();
      for (int i = 0; i < 25; i++) {
        drafts.add(trial.job());
      }
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                awaitQuietly(start);
                for (JobDraft draft : drafts) {
                  if (trial.offer(draft, jobs(40)) instanceof Accepted) {
                    accepted.incrementAndGet();
                  }
                }
              }));
    }
    start.countDown();
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(accepted).hasValue(40);
    assertThat(trial.counts().ready()).isEqualTo(40);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException("nobody interrupts this thread", interrupted);
    }
  }
}
