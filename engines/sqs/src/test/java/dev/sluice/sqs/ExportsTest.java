package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.contract.BrokerTrial;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Jobs that are handed over, beyond the contract: after kills.
@ExtendWith(OwnElastic.class)
final class ExportsTest {
  private static final Tuning SHORT = Desk.TUNING.withHandOver(Duration.ofSeconds(3));

  private final Elastic server;

  ExportsTest(Elastic server) {
    this.server = server;
  }

  @Test
  void whatAKilledMoveHeldIsCountedAndComesAgain() {
    try (Desk killed = new Desk(server.uri(), "", SHORT);
        Desk next = new Desk(server.uri(), killed.prefix, "", SHORT)) {
      Set<JobId> ids = new HashSet<>();
      killed.accepted(4).forEach(job -> ids.add(job.id()));
      Claim claim = killed.claimOne();
      killed.applied(
          claim,
          new Settlement.Bury(DeathReason.BURIED, killed.attempt(claim, AttemptOutcome.FAILED)));
      assertThat(killed.engine.export("mail", 10).jobs()).hasSize(3);
      assertThat(killed.engine.dead("mail", 10)).hasSize(1);

      Counts hidden = next.engine.counts("mail");

      assertThat(hidden.waiting()).isZero();
      assertThat(hidden.running()).isEqualTo(3);
      assertThat(hidden.dead()).isEqualTo(1);
      Set<JobId> came = new HashSet<>();
      next.until(
          "be handed all",
          () -> {
            List<JobId> some =
                next.engine.export("mail", 10).jobs().stream().map(JobView::id).toList();
            next.engine.exported("mail", some);
            came.addAll(some);
            return came.size() == 4;
          });
      assertThat(came).isEqualTo(ids);
    }
  }

  @Test
  void whatAMoveGivesBackHasNoCrashMore() {
    try (Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      Set<JobId> ids = new HashSet<>();
      next.accepted(12).forEach(job -> ids.add(job.id()));
      for (int moves = 0; moves < 4; moves++) {
        try (Desk refused = new Desk(server.uri(), next.prefix, "", Desk.TUNING)) {
          assertThat(refused.engine.export("mail", 20).jobs())
              .hasSize(12)
              .allMatch(view -> view.attempt() == 0 && view.crashes() == 0);
        }
      }

      List<Claim> claims = next.claim(12);

      assertThat(claims)
          .extracting(claim -> claim.job().id())
          .containsExactlyInAnyOrderElementsOf(ids);
      assertThat(claims).allMatch(claim -> claim.crashes() == 0 && claim.attempt() == 1);
      claims.forEach(next::completed);
      assertThat(next.engine.export("mail", 20).jobs()).isEmpty();
    }
  }

  @Test
  void aCrashGoesWithTheJob() {
    try (Desk desk = new Desk(server.uri(), "", Desk.TUNING)) {
      desk.accepted(desk.job());
      desk.lease(Duration.ofSeconds(1)).claimOne();
      try (Desk refused = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
        assertThat(exported(refused)).allMatch(view -> view.crashes() == 1 && view.attempt() == 1);
      }

      Claim claim = desk.lease(Desk.LEASE).claimOne();

      assertThat(claim.crashes()).isEqualTo(1);
      assertThat(claim.attempt()).isEqualTo(2);
    }
  }

  @Test
  void whatAMoveGivesBackKeepsItsOrderInAFifoQueue() {
    try (Desk next = new Desk(server.uri(), "&fifo=true", Desk.TUNING)) {
      List<Job> jobs = List.of(next.keyed("k"), next.keyed("k"), next.keyed("k"));
      next.engine.restore(
          jobs.stream().map(job -> BrokerTrial.view(job, JobState.READY, null)).toList());
      try (Desk refused = new Desk(server.uri(), next.prefix, "&fifo=true", Desk.TUNING)) {
        assertThat(refused.engine.export("mail", 2).jobs()).hasSize(2);
      }

      for (Job job : jobs) {
        Claim claim = next.claimOne();
        assertThat(claim.job().id()).isEqualTo(job.id());
        next.completed(claim);
      }
    }
  }

  @Test
  void whatTheOtherEngineHasIsNotCopiedWhenSqsLetGoOfPartOfIt() {
    try (Adversary between = new Adversary(server.uri(), 42);
        Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      Set<JobId> ids = new HashSet<>();
      next.accepted(20).forEach(job -> ids.add(job.id()));
      try (Desk move = new Desk(between.uri(), next.prefix, "", Desk.TUNING)) {
        List<JobId> found =
            move.engine.export("mail", 20).jobs().stream().map(JobView::id).toList();
        assertThat(found).containsExactlyInAnyOrderElementsOf(ids);
        between.deniesAfter(1, "DeleteMessageBatch", next.prefix + "mail");
        assertThatExceptionOfType(EngineUnavailableException.class)
            .isThrownBy(() -> move.engine.exported("mail", found));
        between.calm();
      }

      List<Claim> claims = next.claim(10);

      assertThat(claims).extracting(claim -> claim.job().id()).doesNotHaveDuplicates();
      claims.forEach(next::completed);
      next.nothingFor(Duration.ofMillis(500));
    }
  }

  @Test
  void whatCannotBeCopiedIsShownAndCounts() {
    try (Adversary between = new Adversary(server.uri(), 42);
        Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      next.accepted(12);
      try (Desk move = new Desk(between.uri(), next.prefix, "", Desk.TUNING)) {
        assertThat(move.engine.export("mail", 20).jobs()).hasSize(12);
        between.deniesAfter(0, "SendMessageBatch", next.prefix + "mail");
      }

      assertThat(next.claim(12)).allMatch(claim -> claim.crashes() == 1);
    }
  }

  @Test
  void whatIsNotHiddenForLongAnyMoreIsNotCopied() {
    try (Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      next.accepted(3);
      try (Desk move = new Desk(server.uri(), next.prefix, "", SHORT)) {
        assertThat(move.engine.export("mail", 10).jobs()).hasSize(3);
      }

      List<Claim> claims = next.claim(3);

      assertThat(claims).allMatch(claim -> claim.crashes() == 1);
      claims.forEach(next::completed);
      next.nothingFor(Duration.ofMillis(500));
    }
  }

  @Test
  void aJobThatIsNotDueHasNoCrashAfterAKilledMoveNorAfterOneThatGaveItBack() {
    Tuning hops = Desk.TUNING.withLongestDelay(Duration.ofSeconds(1));
    try (Desk killed = new Desk(server.uri(), "", hops.withHandOver(Duration.ofSeconds(1)));
        Desk last = new Desk(server.uri(), killed.prefix, "", hops)) {
      Instant due = Instant.ofEpochMilli(killed.millis() + 3_600_000);
      Job job = killed.job();
      killed.engine.restore(List.of(BrokerTrial.view(job, JobState.SCHEDULED, due)));
      assertThat(exported(killed).getFirst().id()).isEqualTo(job.id());
      try (Desk move = new Desk(server.uri(), killed.prefix, "", hops)) {
        assertThat(exported(move)).allMatch(view -> view.attempt() == 0 && view.crashes() == 0);
      }

      JobView view = exported(last).getFirst();

      assertThat(view.state()).isEqualTo(JobState.SCHEDULED);
      assertThat(view.dueAt()).isEqualTo(due);
      assertThat(view.attempt()).isZero();
      assertThat(view.crashes()).isZero();
    }
  }

  private static List<JobView> exported(Desk desk) {
    List<JobView> found = new ArrayList<>();
    desk.until("be handed it", () -> found.addAll(desk.engine.export("mail", 10).jobs()));
    return found;
  }

  @Test
  void aJobThatIsThereTwiceIsGivenBackOnce() {
    try (Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      List<JobView> view = List.of(BrokerTrial.view(next.job(), JobState.READY, null));
      next.engine.restore(view);
      next.engine.restore(view);
      try (Desk move = new Desk(server.uri(), next.prefix, "", Desk.TUNING)) {
        assertThat(move.engine.export("mail", 10).jobs()).hasSize(1);
      }

      Claim claim = next.claimOne();

      assertThat(claim.crashes()).isZero();
      next.completed(claim);
      next.nothingFor(Duration.ofMillis(500));
    }
  }

  @Test
  void aDeadJobThatIsGivenBackIsThereAtOnce() {
    try (Desk next = new Desk(server.uri(), "", Desk.TUNING)) {
      JobView view = BrokerTrial.view(next.job(), JobState.DEAD, null);
      next.engine.restore(List.of(view));
      try (Desk move = new Desk(server.uri(), next.prefix, "", Desk.TUNING)) {
        assertThat(move.engine.export("mail", 10).jobs()).hasSize(1);
      }

      assertThat(exported(next)).extracting(JobView::id).containsExactly(view.id());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"READY", "DEAD"})
  void aJobThatIsThereTwiceIsHandedOverOnce(JobState state) {
    try (Desk desk = new Desk(server.uri(), "", Desk.TUNING)) {
      Job job = desk.job();
      List<JobView> view = List.of(BrokerTrial.view(job, state, null));
      desk.engine.restore(view);
      desk.engine.restore(view);

      List<JobView> found = desk.engine.export("mail", 10).jobs();
      desk.engine.exported("mail", found.stream().map(JobView::id).toList());

      assertThat(found).extracting(JobView::id).containsExactly(job.id());
      assertThat(desk.engine.export("mail", 10).jobs()).isEmpty();
      desk.until(
          "be empty",
          () -> {
            Counts counts = desk.engine.counts("mail");
            return counts.waiting() + counts.running() + counts.dead() == 0;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"READY", "SCHEDULED", "DEAD"})
  void aFifoQueueKnowsWhatItTookOverAMomentAgo(JobState state) {
    try (Desk first = new Desk(server.uri(), "&fifo=true", Desk.TUNING);
        Desk second = new Desk(server.uri(), first.prefix, "&fifo=true", Desk.TUNING)) {
      Job job = first.job();
      first.engine.restore(
          List.of(
              BrokerTrial.view(
                  job,
                  state,
                  state == JobState.SCHEDULED
                      ? Instant.ofEpochMilli(first.millis() + 60_000)
                      : null)));
      // Due meanwhile: the same job all the same.
      JobState now = state == JobState.SCHEDULED ? JobState.READY : state;
      second.engine.restore(List.of(BrokerTrial.view(job, now, null)));

      Counts counts = second.engine.counts("mail");
      assertThat(counts.waiting() + counts.dead()).isEqualTo(1);
    }
  }
}
