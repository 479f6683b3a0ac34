package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What an engine on a broker must do with dead jobs and with jobs from elsewhere; a part of
/// [BrokerContract].
public interface BrokerDeadContract extends BrokerTopic {

  @Test
  default void deadJobsAreListedSentBackAndForgotten() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      List<JobId> ids = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Claim claim = trial.started();
        ids.add(claim.job().id());
        trial.applied(claim, new Settlement.Bury(DeathReason.EXHAUSTED, trial.failed(claim)));
        assertThat(
                trial.settle(
                    claim, new Settlement.Bury(DeathReason.EXHAUSTED, trial.failed(claim))))
            .isEqualTo(Settled.APPLIED);
      }

      List<JobView> dead = trial.dead(3);
      assertThat(dead).extracting(JobView::id).containsExactlyInAnyOrderElementsOf(ids);
      JobView first = dead.getFirst();
      assertThat(first.state()).isEqualTo(JobState.DEAD);
      assertThat(first.deathReason()).isEqualTo(DeathReason.EXHAUSTED);
      assertThat(first.attempt()).isEqualTo(1);
      assertThat(first.job().payload()).containsExactly(1, 2, 3);
      assertThat(first.lastFailure().orElseThrow().error()).contains("no route");

      Redrivable roles = trial.dead();
      assertThat(roles.redrive(BrokerTrial.QUEUE, Set.of(first.id()), BrokerTrial.WIDE))
          .isEqualTo(Map.of(first.id(), Control.APPLIED));
      Claim again = trial.claimOne();
      assertThat(again.job().id()).isEqualTo(first.id());
      assertThat(again.attempt()).isEqualTo(1);
      assertThat(again.crashes()).isZero();
      assertThat(again.lease().epoch()).isGreaterThan(first.epoch());
      assertThat(roles.redrive(BrokerTrial.QUEUE, Set.of(first.id()), BrokerTrial.WIDE)).isEmpty();

      trial.dead(2);
      assertThat(roles.forget(BrokerTrial.QUEUE, Set.copyOf(ids)))
          .containsExactlyInAnyOrderElementsOf(
              dead.subList(1, 3).stream().map(JobView::id).toList());
      trial.dead(0);
    }
  }

  @Test
  default void manyAreSentBackTogetherAsFarAsThereIsRoom() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Set<JobId> ids = new HashSet<>();
      for (int i = 0; i < 12; i++) {
        Claim claim = trial.started();
        ids.add(claim.job().id());
        trial.applied(claim, new Settlement.Bury(DeathReason.BURIED, trial.failed(claim)));
      }
      trial.dead(12);
      trial.awaitEmpty();
      Set<JobId> asked = new HashSet<>(ids);
      asked.add(trial.job().id());

      Map<JobId, Control> first =
          trial.dead().redrive(BrokerTrial.QUEUE, asked, new Bound(5, 1_000_000));
      assertThat(first.keySet()).isEqualTo(ids);
      assertThat(first.values().stream().filter(Control.APPLIED::equals)).hasSize(5);
      assertThat(first.values().stream().filter(Control.NO_ROOM::equals)).hasSize(7);
      trial.dead(7);
      Map<JobId, Control> second = trial.dead().redrive(BrokerTrial.QUEUE, ids, BrokerTrial.WIDE);
      assertThat(second).hasSize(7).containsValue(Control.APPLIED);

      assertThat(trial.claim(12))
          .extracting(claim -> claim.job().id())
          .containsExactlyInAnyOrderElementsOf(ids);
      trial.dead(0);
    }
  }

  @Test
  default void aDeadJobFindsNoRoomInAFullQueue() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Claim claim = trial.started();
      trial.applied(claim, new Settlement.Bury(DeathReason.BURIED, trial.failed(claim)));
      trial.accepted(trial.job());
      trial.dead(1);

      JobId id = claim.job().id();
      assertThat(trial.dead().redrive(BrokerTrial.QUEUE, Set.of(id), new Bound(1, 1_000_000)))
          .isEqualTo(Map.of(id, Control.NO_ROOM));
      trial.dead(1);
    }
  }

  @Test
  default void jobsAreTakenOverAsTheyAre() {
    try (BrokerTrial trial = new BrokerTrial(this)) {
      Job ready = trial.job();
      Job scheduled = trial.job();
      Job dead = trial.job();
      Instant now = Instant.ofEpochMilli(trial.now());
      Instant due = now.plusMillis(1_500);
      AttemptRecord failure =
          new AttemptRecord(2, AttemptOutcome.FAILED, "no route", now.minusSeconds(9), now);
      List<JobView> views =
          List.of(
              view(ready, JobState.READY, null, null, null, List.of()),
              view(scheduled, JobState.SCHEDULED, due, null, null, List.of(failure)),
              view(dead, JobState.DEAD, null, now, DeathReason.BURIED, List.of(failure)));

      assertThat(((Restoring) trial.engine()).restore(views))
          .containsExactly(
              new Accepted(ready.id()), new Accepted(scheduled.id()), new Accepted(dead.id()));

      Claim first = trial.claimOne();
      Claim second = trial.claimOne();
      assertThat(List.of(first, second))
          .extracting(claim -> claim.job().id())
          .containsExactly(ready.id(), scheduled.id());
      assertThat(Instant.ofEpochMilli(trial.now())).isAfterOrEqualTo(due);
      assertThat(first.attempt()).isEqualTo(3);
      assertThat(first.crashes()).isEqualTo(1);
      assertThat(first.lease().epoch()).isGreaterThan(4);
      JobView buried = trial.dead(1).getFirst();
      assertThat(buried.id()).isEqualTo(dead.id());
      assertThat(buried.attempt()).isEqualTo(2);
      assertThat(buried.crashes()).isEqualTo(1);
      assertThat(buried.deathReason()).isEqualTo(DeathReason.BURIED);
    }
  }

  private static JobView view(
      Job job,
      JobState state,
      @Nullable Instant due,
      @Nullable Instant finished,
      @Nullable DeathReason reason,
      List<AttemptRecord> attempts) {
    return new JobView(job, state, 2, 1, 4, -1, due, null, finished, reason, false, attempts);
  }

  @Test
  default void jobsAreHandedOverAsTheyAre() {
    try (BrokerTrial from = new BrokerTrial(this);
        BrokerTrial to = new BrokerTrial(this)) {
      Claim failed = from.started();
      from.applied(failed, new Settlement.Bury(DeathReason.EXHAUSTED, from.failed(failed)));
      from.dead(1);
      List<JobId> waiting = new ArrayList<>();
      from.accepted(from.jobs(25)).forEach(job -> waiting.add(job.id()));
      from.engine().close();

      // Whoever has looked and then died has changed nothing.
      Exporting looked = (Exporting) from.another();
      List<JobView> seen = new ArrayList<>();
      from.await(
          () -> seen.addAll(looked.export(BrokerTrial.QUEUE, 10).jobs()) || !seen.isEmpty(),
          () -> "jobs to hand over");
      ((Engine) looked).close();

      Engine source = from.another();
      List<JobId> moved = handOver(from, source, to.engine(), waiting.size() + 1);

      assertThat(moved).hasSize(26).containsAll(waiting).contains(failed.job().id());
      assertThat(((Exporting) source).export(BrokerTrial.QUEUE, 10).jobs()).isEmpty();
      assertThat(((Exporting) source).isThere(BrokerTrial.QUEUE)).isTrue();
      assertThat(((Exporting) source).isThere("never-heard-of")).isFalse();
      assertThat(to.claim(25))
          .extracting(claim -> claim.job().id())
          .containsExactlyInAnyOrderElementsOf(waiting);
      JobView dead = to.dead(1).getFirst();
      assertThat(dead.id()).isEqualTo(failed.job().id());
      assertThat(dead.attempt()).isEqualTo(1);
      assertThat(dead.deathReason()).isEqualTo(DeathReason.EXHAUSTED);
      assertThat(dead.lastFailure().orElseThrow().error()).contains("no route");
    }
  }

  /// What `sluice move` does.
  private static List<JobId> handOver(BrokerTrial trial, Engine source, Engine target, int count) {
    List<JobId> moved = new ArrayList<>();
    trial.await(
        () -> {
          List<JobView> next = ((Exporting) source).export(BrokerTrial.QUEUE, 10).jobs();
          assertThat(((Restoring) target).restore(next)).allMatch(Accepted.class::isInstance);
          List<JobId> ids = next.stream().map(JobView::id).toList();
          ((Exporting) source).exported(BrokerTrial.QUEUE, ids);
          moved.addAll(ids);
          return moved.size() >= count;
        },
        () -> count + " jobs handed over, of which came " + moved.size());
    return moved;
  }
}
