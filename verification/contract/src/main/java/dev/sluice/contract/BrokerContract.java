package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Reason;
import dev.sluice.job.Admission.Refused;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// What an engine on a broker must do, seen through offer, claim, extend and settle and the roles
/// [Countable], [Redrivable] and [Restoring]: the topics of [EngineContract] as far as they hold
/// where the broker decides when a job comes, and real time passes.
public interface BrokerContract extends BrokerDeadContract, BrokerKeyContract {
  Settlement COMPLETE = Settlement.Complete.INSTANCE;

  @Test
  default void aJobComesAsItWasHandedOver() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Limits limits = trial.engine().limits();
      String key = limits.keys() == Limits.Keys.REFUSED ? null : "order-7 ü";
      Priority priority = limits.priorities() ? Priority.HIGH : Priority.NORMAL;
      Map<String, String> headers =
          Map.of("traceparent", "00-ab-cd-01", "with space", "grüße \"ü\"");
      JobOptions options =
          new JobOptions(0, key, headers, 99_999_999_999_999L, 5_000, 7, "group", "batch");
      Job offered = trial.accepted(trial.job(new byte[] {0, -1, 127}, priority, options));

      Claim claim = trial.claimOne();

      Job came = claim.job();
      assertThat(came.id()).isEqualTo(offered.id());
      assertThat(came.queue()).isEqualTo(offered.queue());
      assertThat(came.type()).isEqualTo(offered.type());
      assertThat(came.payload()).isEqualTo(offered.payload());
      assertThat(came.priority()).isEqualTo(priority);
      assertThat(came.createdAtMillis()).isEqualTo(offered.createdAtMillis());
      assertThat(came.options()).isEqualTo(options);
      assertThat(claim.attempt()).isEqualTo(1);
      assertThat(claim.crashes()).isZero();
      assertThat(claim.parked()).isZero();
      assertThat(claim.lease()).isEqualTo(new Lease(offered.id(), 1));
    }
  }

  @Test
  default void anEmptyPayloadIsAPayload() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      trial.accepted(trial.job(new byte[0]));

      assertThat(trial.claimOne().job().payload()).isEmpty();
    }
  }

  @Test
  default void aBatchComesWhole() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      List<Job> jobs = trial.accepted(trial.jobs(trial.engine().limits().batch()));

      Set<JobId> came = new HashSet<>();
      while (came.size() < jobs.size()) {
        List<Claim> claims = trial.claim(1);
        claims = add(claims, trial.glance(trial.engine(), jobs.size(), BrokerTrial.LEASE));
        claims.forEach(claim -> assertThat(came.add(claim.job().id())).isTrue());
        trial.complete(claims);
      }
      assertThat(came).containsExactlyInAnyOrderElementsOf(jobs.stream().map(Job::id).toList());
      trial.awaitEmpty();
    }
  }

  private static List<Claim> add(List<Claim> some, List<Claim> more) {
    List<Claim> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  @Test
  default void arrivalIsHinted() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      assertThat(trial.glance(trial.engine(), 1, BrokerTrial.LEASE)).isEmpty();
      trial.accepted(trial.job());

      assertThat(trial.pause(Duration.ofSeconds(30))).isTrue();
    }
  }

  @Test
  default void whatCannotBeHeldIsRefusedWithASentence() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Limits limits = trial.engine().limits();
      Job large = trial.job(new byte[limits.payloadBytes() + 1]);
      Job late = trial.delayed(limits.delay().plusMinutes(1));

      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> trial.offer(large, BrokerTrial.WIDE))
          .withMessageContaining("payload");
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> trial.offer(late, BrokerTrial.WIDE))
          .withMessageContaining("run-at");
    }
  }

  @Test
  default void aFullQueueRefusesAndTakesAgain() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Bound three = new Bound(3, 1_000_000);
      for (int i = 0; i < 3; i++) {
        assertThat(trial.offer(trial.job(), three)).isInstanceOf(Accepted.class);
      }
      assertThat(trial.offer(trial.job(), three))
          .isEqualTo(new Refused(Reason.CAPACITY_JOBS, Optional.empty()));

      trial.complete(trial.claim(3));
      trial.await(
          () -> trial.offer(trial.job(), three) instanceof Accepted, () -> "room in the queue");
    }
  }

  @Test
  default void bytesAreBoundToo() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Bound bound = new Bound(1_000, 1_000);
      assertThat(trial.offer(trial.job(new byte[900]), bound)).isInstanceOf(Accepted.class);

      assertThat(trial.offer(trial.job(new byte[101]), bound))
          .isEqualTo(new Refused(Reason.CAPACITY_BYTES, Optional.empty()));
    }
  }

  @Test
  default void aRefusedJobLeavesNoTrace() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Job first = trial.job();
      Job second = trial.job();
      Bound one = new Bound(1, 1_000);
      List<Offer> offers = List.of(new Offer(first, one), new Offer(second, one));

      assertThat(trial.engine().offer(offers))
          .containsExactly(
              new Accepted(first.id()), new Refused(Reason.CAPACITY_JOBS, Optional.empty()));
      trial.complete(trial.claim(1));
      trial.awaitEmpty();
    }
  }

  @Test
  default void aCompletedJobIsGone() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim claim = trial.started();
      trial.applied(claim, COMPLETE);

      assertThat(trial.settle(claim, COMPLETE)).isEqualTo(Settled.APPLIED);
      assertThat(trial.settle(claim, Settlement.Release.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
      assertThat(trial.engine().extend(List.of(claim.lease()), BrokerTrial.LEASE))
          .containsExactly(Extension.LEASE_LOST);
      trial.awaitEmpty();
    }
  }

  @Test
  default void aStoppedJobIsGone() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim claim = trial.started();
      trial.applied(claim, new Settlement.Stop(trial.attempt(claim, AttemptOutcome.CANCELLED)));

      trial.awaitEmpty();
    }
  }

  @Test
  default void aStrangeLeaseIsLost() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim claim = trial.started();
      Lease stale = new Lease(claim.job().id(), claim.lease().epoch() + 1);
      Settle settle = new Settle(stale, COMPLETE);
      AttemptRecord lost = trial.attempt(claim, AttemptOutcome.LOST);

      assertThat(trial.engine().settle(List.of(settle))).containsExactly(Settled.LEASE_LOST);
      assertThat(trial.engine().extend(List.of(stale, claim.lease()), BrokerTrial.LEASE))
          .containsExactly(Extension.LEASE_LOST, Extension.EXTENDED);
      assertThat(trial.settle(claim, new Settlement.Crash(lost))).isEqualTo(Settled.LEASE_LOST);
      assertThat(trial.settle(claim, new Settlement.Poison(lost))).isEqualTo(Settled.LEASE_LOST);
      trial.applied(claim, COMPLETE);
    }
  }

  @Test
  default void aJobThatRunsAgainKnowsItsPast() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim first = trial.started();
      long due = trial.now() + 1_500;
      trial.applied(first, new Settlement.RunAgain(due, false, trial.failed(first)));
      assertThat(trial.settle(first, COMPLETE)).isEqualTo(Settled.LEASE_LOST);

      Claim second = trial.claimOne();

      assertThat(trial.now()).isGreaterThanOrEqualTo(due);
      assertThat(second.job().id()).isEqualTo(first.job().id());
      assertThat(second.attempt()).isEqualTo(2);
      assertThat(second.crashes()).isZero();
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
      trial.applied(second, COMPLETE);
      trial.awaitEmpty();
    }
  }

  @Test
  default void aRefundedAttemptDoesNotCount() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim first = trial.started();
      AttemptRecord parked = trial.attempt(first, AttemptOutcome.PARKED);
      trial.applied(first, new Settlement.RunAgain(trial.now(), true, parked));

      Claim second = trial.claimOne();

      assertThat(second.attempt()).isEqualTo(1);
      assertThat(second.parked()).isEqualTo(1);
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
    }
  }

  @Test
  default void aReleasedJobComesAgainAsIfItHadNotStarted() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim first = trial.started();
      trial.applied(first, Settlement.Release.INSTANCE);

      Claim second = trial.claimOne();

      assertThat(second.attempt()).isEqualTo(1);
      assertThat(second.crashes()).isZero();
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
    }
  }

  @Test
  default void theHighestPriorityComesFirstAlsoToWhomNothingCameBefore() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      assumeThat(trial.engine().limits().priorities()).isTrue();
      List<Priority> highestFirst = List.of(Priority.values()).reversed();
      for (int round = 0; round < 3; round++) {
        for (Priority priority : Priority.values()) {
          trial.accepted(trial.job(new byte[] {1}, priority, JobOptions.NONE));
        }
        Engine cold = trial.another();
        for (Priority expected : highestFirst) {
          Claim claim = trial.claim(cold, 1, BrokerTrial.LEASE).getFirst();
          assertThat(claim.job().priority()).isEqualTo(expected);
          assertThat(trial.settle(cold, claim, COMPLETE)).isEqualTo(Settled.APPLIED);
        }
        cold.close();
      }
    }
  }

  @Test
  default void aDelayedJobIsNeverEarly() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      // What a first delay makes on the broker takes its time.
      trial.scheduled(Duration.ofMillis(2_300));
      trial.complete(trial.claim(1));
      Job later = trial.scheduled(Duration.ofMillis(2_300));
      Job sooner = trial.scheduled(Duration.ofMillis(1_100));
      Job now = trial.accepted(trial.job());

      for (Job expected : List.of(now, sooner, later)) {
        Claim claim = trial.claimOne();
        assertThat(trial.now()).isGreaterThanOrEqualTo(expected.options().runAtMillis());
        assertThat(claim.job().id()).isEqualTo(expected.id());
        trial.applied(claim, COMPLETE);
      }
    }
  }

  @Test
  default void aClaimWhoseLeaseEndsGoesToOthers() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      trial.accepted(trial.job());
      Claim first = trial.claim(trial.engine(), 1, Duration.ofSeconds(2)).getFirst();

      Claim second = trial.claimOne();

      assertThat(second.job().id()).isEqualTo(first.job().id());
      assertThat(second.attempt()).isEqualTo(2);
      assertThat(second.crashes()).isEqualTo(1);
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
      assertThat(trial.settle(first, COMPLETE)).isEqualTo(Settled.LEASE_LOST);
      trial.applied(second, COMPLETE);
      trial.awaitEmpty();
    }
  }

  @Test
  default void anExtendedLeaseStays() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      trial.accepted(trial.job());
      Claim claim = trial.claim(trial.engine(), 1, Duration.ofSeconds(3)).getFirst();
      assertThat(trial.engine().extend(List.of(claim.lease()), BrokerTrial.LEASE))
          .containsExactly(Extension.EXTENDED);
      long until = trial.now() + 4_000;

      trial.await(
          () -> {
            assertThat(trial.glance(trial.engine(), 1, BrokerTrial.LEASE)).isEmpty();
            return trial.now() > until;
          },
          () -> "time to pass");

      trial.applied(claim, COMPLETE);
    }
  }

  @Test
  default void twoEnginesShareTheWork() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      List<Engine> both = List.of(trial.engine(), trial.another());
      List<Job> jobs = trial.accepted(trial.jobs(Math.min(200, trial.engine().limits().batch())));

      Set<JobId> came = new HashSet<>();
      int[] by = new int[2];
      trial.await(
          () -> {
            for (int i = 0; i < 2; i++) {
              for (Claim claim : trial.glance(both.get(i), 3, BrokerTrial.LEASE)) {
                assertThat(came.add(claim.job().id())).isTrue();
                assertThat(trial.settle(both.get(i), claim, COMPLETE)).isEqualTo(Settled.APPLIED);
                by[i]++;
              }
            }
            return came.size() == jobs.size();
          },
          () -> jobs.size() + " jobs, of which came " + came.size());

      assertThat(by[0]).isPositive();
      assertThat(by[1]).isPositive();
    }
  }

  @Test
  default void countsAreRightAfterAWhile() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      trial.accepted(trial.jobs(5));
      Duration delay = least(Duration.ofHours(1), trial.engine().limits().delay());
      int scheduled = delay.isZero() ? 0 : 1;
      if (scheduled > 0) {
        trial.accepted(trial.delayed(delay));
      }
      Claim dead = trial.claimOne();
      trial.applied(dead, new Settlement.Bury(DeathReason.BURIED, trial.failed(dead)));
      trial.claimOne();

      trial.await(
          () -> {
            Countable.Counts counts = trial.counts();
            return counts.ready() == 3
                && counts.scheduled() == scheduled
                && counts.running() == 1
                && counts.dead() == 1;
          },
          () ->
              "3 ready, "
                  + scheduled
                  + " scheduled, 1 running, 1 dead, but they are "
                  + trial.counts());
      assertThat(((Countable) trial.engine()).queues()).containsExactly(BrokerTrial.QUEUE);
      assertThat(trial.counts().waitingBytes()).isPositive();
    }
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  @Test
  default void everyVerbOfAClosedEngineSaysSo() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim claim = trial.started();
      Engine engine = trial.engine();
      engine.close();

      refused(() -> trial.offer(trial.job(), BrokerTrial.WIDE));
      refused(() -> engine.claim(List.of(new ClaimRequest("mail", 1, 0, 0, BrokerTrial.LEASE))));
      refused(() -> engine.extend(List.of(claim.lease()), BrokerTrial.LEASE));
      refused(() -> engine.settle(List.of(new Settle(claim.lease(), COMPLETE))));
      refused(() -> trial.dead().dead("mail", 1));
      refused(() -> trial.dead().forget("mail", Set.of(claim.job().id())));
      refused(() -> trial.dead().redrive("mail", Set.of(claim.job().id()), BrokerTrial.WIDE));
      refused(() -> ((Restoring) engine).restore(List.of()));
      refused(() -> ((Countable) engine).counts("mail"));
      refused(((Countable) engine)::queues);
      assertThat(engine.trouble()).isPresent();
      assertThatNoException().isThrownBy(engine::close);
    }
  }

  private static void refused(ThrowingCallable verb) {
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(verb)
        .withMessageContaining("closed");
  }

  @Test
  default void whatAClosedEngineHadGoesToOthers() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim first = trial.started();
      trial.engine().close();

      Engine other = trial.another();
      Claim second = trial.claim(other, 1, BrokerTrial.LEASE).getFirst();

      assertThat(second.job().id()).isEqualTo(first.job().id());
      assertThat(second.lease().epoch()).isGreaterThan(first.lease().epoch());
      assertThat(trial.settle(other, second, COMPLETE)).isEqualTo(Settled.APPLIED);
    }
  }
}
