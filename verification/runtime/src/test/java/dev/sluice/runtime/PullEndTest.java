package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.CloseReport;
import dev.sluice.Delivery;
import dev.sluice.JobEvent;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.RunningJob;
import dev.sluice.Sluice;
import dev.sluice.Workers;
import dev.sluice.Workers.Leased;
import dev.sluice.Workers.Report;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Workers elsewhere hold jobs and tell how they ended, or do not.
@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class PullEndTest {
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final QueuePolicy ONE =
      QueuePolicy.defaults()
          .withConcurrency(1)
          .withTimeout(Duration.ofMinutes(10))
          .withGrace(Duration.ofSeconds(5))
          .withRetry(new RetryPolicy(2, Duration.ofSeconds(10), 2, Duration.ofHours(1), 0));

  private final Rig rig;

  PullEndTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.sluice().close(Duration.ZERO);
  }

  private Workers pull(QueuePolicy policy) {
    return rig.start(builder -> builder.queue("default", policy, Delivery.pull())).workers();
  }

  private static List<Leased> take(Workers workers, int max, Duration lease) {
    return workers.lease("default", max, lease, Duration.ZERO);
  }

  private static Leased takeOne(Workers workers, Duration lease) {
    List<Leased> taken = take(workers, 1, lease);
    assertThat(taken).hasSize(1);
    return taken.getFirst();
  }

  private static Settled settle(Workers workers, Leased leased, Outcome outcome) {
    return workers.settle(List.of(Report.of(leased.lease(), outcome))).getFirst();
  }

  private static Settled done(Workers workers, Leased leased) {
    return settle(workers, leased, Outcome.done());
  }

  private static Settled release(Workers workers, Leased leased) {
    return workers.settle(List.of(Report.release(leased.lease()))).getFirst();
  }

  private static Extension extend(Workers workers, Leased leased) {
    return workers.extend(List.of(leased.lease()), LEASE).getFirst();
  }

  @Test
  void anExtendedLeaseLasts() {
    Workers workers = pull(ONE.withConcurrency(2));
    JobId kept = rig.enqueue("kept");
    JobId silent = rig.enqueue("silent");
    List<Leased> both = take(workers, 2, LEASE);
    rig.advance(Duration.ofSeconds(20));
    assertThat(extend(workers, both.getFirst())).isEqualTo(Extension.EXTENDED);
    rig.advance(Duration.ofSeconds(20));
    rig.awaitEvent(JobEvent.Crashed.class, silent);
    assertThat(rig.view(kept).state()).isEqualTo(JobState.RUNNING);
    assertThat(rig.view(kept).crashes()).isZero();
    assertThat(done(workers, both.getFirst())).isEqualTo(Settled.APPLIED);
  }

  @Test
  void theJobOfASilentWorkerGoesToTheNextOne() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    Leased first = takeOne(workers, LEASE);
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker next = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      next.awaitWaiting();
      rig.advance(LEASE);
      Leased second = next.leased().getFirst();
      assertThat(second.job().id()).isEqualTo(id);
      assertThat(second.attempt()).isEqualTo(2);
      assertThat(rig.awaitEvent(JobEvent.Crashed.class, id).crashes()).isEqualTo(1);
      assertThat(done(workers, first)).as("too late").isEqualTo(Settled.LEASE_LOST);
      assertThat(extend(workers, first)).isEqualTo(Extension.LEASE_LOST);
      assertThat(done(workers, second)).isEqualTo(Settled.APPLIED);
    }
    assertThat(rig.view(id).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(rig.status().running()).isZero();
  }

  @Test
  void theSlotOfASilentWorkerIsFreeThoughItsJobRunsAgainAlready() {
    WatchedClaims claims = new WatchedClaims();
    claims.afterCrash = () -> Rig.await("it runs again", () -> claims.sizes.size() == 2);
    rig.wrap(claims::around);
    Workers workers = pull(ONE.withConcurrency(2));
    JobId id = rig.enqueue("x");
    takeOne(workers, LEASE);
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker next = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      next.awaitWaiting();
      rig.advance(LEASE);
      assertThat(done(workers, next.leased().getFirst())).isEqualTo(Settled.APPLIED);
    }
    Rig.await("both slots are free", () -> rig.status().running() == 0);
    assertThat(rig.view(id).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void whoIsToldToStopHasTheGraceFromThen() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    Leased leased = takeOne(workers, LEASE);
    assertThat(rig.sluice().cancel(id)).isEqualTo(Control.REQUESTED);
    rig.advance(Duration.ofSeconds(20));
    assertThat(extend(workers, leased)).isEqualTo(Extension.CANCEL_REQUESTED);
    rig.advance(Duration.ofSeconds(4));
    assertThat(extend(workers, leased)).isEqualTo(Extension.CANCEL_REQUESTED);
    rig.advance(Duration.ofSeconds(1));
    rig.awaitEvent(JobEvent.Cancelled.class, id);
    assertThat(extend(workers, leased)).isEqualTo(Extension.LEASE_LOST);
  }

  @Test
  void aSnoozeOfAJobThatIsToStopIsTheStop() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    Leased leased = takeOne(workers, LEASE);
    rig.sluice().cancel(id);
    assertThat(extend(workers, leased)).isEqualTo(Extension.CANCEL_REQUESTED);
    assertThat(settle(workers, leased, Outcome.snooze(Duration.ofHours(1))))
        .isEqualTo(Settled.APPLIED);
    assertThat(rig.view(id).state()).isEqualTo(JobState.CANCELLED);
  }

  @Test
  void aJobWhoseWorkersFallSilentThreeTimesIsPoison() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    for (int crash = 1; crash <= 3; crash++) {
      takeOne(workers, LEASE);
      rig.advance(LEASE);
      int crashes = crash;
      Rig.await("taken back", () -> rig.view(id).crashes() == crashes);
      Rig.await("its slot is free", () -> rig.status().running() == 0);
    }
    assertThat(rig.view(id).deathReason()).isEqualTo(DeathReason.POISON);
    rig.awaitEvent(JobEvent.Died.class, id);
    Rig.await("every run has ended", () -> rig.status().leasesLost() == 3);
    assertThat(rig.events(JobEvent.Died.class, id))
        .as("told once")
        .extracting(JobEvent.Died::reason)
        .containsExactly(DeathReason.POISON);
    assertThat(rig.status().failed()).isZero();
  }

  @Test
  void theLogSaysThatAJobWaitsAgainAndThatItIsDead() {
    try (LogLines log = new LogLines("dev.sluice.jobs")) {
      Workers workers = pull(ONE.withMaxCrashes(2));
      JobId id = rig.enqueue("x");
      for (int crash = 1; crash <= 2; crash++) {
        takeOne(workers, LEASE);
        rig.advance(LEASE);
        int lines = crash;
        Rig.await("a line", () -> log.lines().size() == lines);
        Rig.await("its slot is free", () -> rig.status().running() == 0);
      }
      assertThat(log.lines())
          .containsExactly(
              "INFO 1 job, whose worker ended without a word, waits again",
              "WARNING job "
                  + id
                  + " of queue 'default', type 'work', is dead (poison) after attempt 2: the worker"
                  + " ended without a word");
    }
  }

  @Test
  void aFailureGoesByTheRetryPolicy() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    assertThat(settle(workers, takeOne(workers, LEASE), Outcome.retry("no route")))
        .isEqualTo(Settled.APPLIED);
    assertThat(rig.view(id).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(rig.view(id).lastFailure().orElseThrow().error()).isEqualTo("no route");
    rig.advance(Duration.ofSeconds(10));
    Leased second = takeOne(workers, LEASE);
    assertThat(second.attempt()).isEqualTo(2);
    settle(workers, second, Outcome.retry("no route"));
    assertThat(rig.view(id).deathReason()).isEqualTo(DeathReason.EXHAUSTED);
    assertThat(rig.status().failed()).as("counted before it was answered").isEqualTo(2);
  }

  @Test
  void everyOtherEndIsRecordedAsTold() {
    Workers workers = pull(ONE.withConcurrency(4));
    JobId buried = rig.enqueue("a");
    JobId snoozed = rig.enqueue("b");
    JobId released = rig.enqueue("c");
    JobId later = rig.enqueue("d");
    List<Leased> all = take(workers, 4, LEASE);
    assertThat(
            workers.settle(
                List.of(
                    Report.of(all.get(0).lease(), Outcome.bury("useless")),
                    Report.of(all.get(1).lease(), Outcome.snooze(Duration.ofMinutes(1))),
                    Report.release(all.get(2).lease()),
                    Report.of(all.get(3).lease(), Outcome.retry(Duration.ofHours(1), "busy")))))
        .containsOnly(Settled.APPLIED);
    assertThat(rig.view(buried).deathReason()).isEqualTo(DeathReason.BURIED);
    assertThat(rig.view(snoozed).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(rig.view(snoozed).attempt()).isZero();
    assertThat(rig.view(released).state()).isEqualTo(JobState.READY);
    assertThat(rig.view(released).attempt()).isZero();
    assertThat(rig.view(later).dueAt())
        .isEqualTo(Instant.ofEpochMilli(Rig.START_MILLIS).plusSeconds(3600));
    rig.awaitEvent(JobEvent.Released.class, released);
  }

  @Test
  void aRepeatedCompletionIsAppliedAndWhatContradictsItIsTooLate() {
    Workers workers = pull(ONE);
    rig.enqueue("x");
    Leased leased = takeOne(workers, LEASE);
    assertThat(done(workers, leased)).isEqualTo(Settled.APPLIED);
    assertThat(done(workers, leased)).isEqualTo(Settled.APPLIED);
    assertThat(settle(workers, leased, Outcome.retry("no"))).isEqualTo(Settled.LEASE_LOST);
    assertThat(release(workers, leased)).isEqualTo(Settled.LEASE_LOST);
    assertThat(extend(workers, leased)).isEqualTo(Extension.LEASE_LOST);
    assertThat(workers.progress(leased.lease(), 0.5, "half")).isFalse();
    assertThat(rig.status().succeeded()).isEqualTo(1);
  }

  @Test
  void oneCallMayHoldLeasesOfEveryKindAndIsAnsweredInOrder() {
    Workers workers = pull(ONE.withConcurrency(3));
    rig.enqueue("a");
    rig.enqueue("b");
    rig.enqueue("c");
    List<Leased> all = take(workers, 3, LEASE);
    done(workers, all.getFirst());
    Lease unknown = new Lease(new JobId(1, 1), 1);
    Lease wrongEpoch = new Lease(all.get(1).job().id(), 7);
    assertThat(
            workers.settle(
                List.of(
                    Report.of(unknown, Outcome.done()),
                    Report.of(all.get(0).lease(), Outcome.done()),
                    Report.of(wrongEpoch, Outcome.done()),
                    Report.of(all.get(1).lease(), Outcome.done()),
                    Report.of(all.get(1).lease(), Outcome.done()),
                    Report.release(unknown))))
        .containsExactly(
            Settled.LEASE_LOST,
            Settled.APPLIED,
            Settled.LEASE_LOST,
            Settled.APPLIED,
            Settled.APPLIED,
            Settled.LEASE_LOST);
    assertThat(workers.extend(List.of(unknown, all.get(2).lease(), wrongEpoch), LEASE))
        .containsExactly(Extension.LEASE_LOST, Extension.EXTENDED, Extension.LEASE_LOST);
    assertThat(workers.settle(List.of())).isEmpty();
    assertThatThrownBy(() -> workers.settle(Collections.nCopies(1001, Report.release(unknown))))
        .hasMessage("reports: 1001 must be between 0 and 1000");
  }

  @Test
  void aCancelIsToldAndAFailureAfterItIsTheStop() {
    Workers workers = pull(ONE.withConcurrency(3));
    Sluice sluice = rig.sluice();
    JobId stops = rig.enqueue("a");
    JobId gives = rig.enqueue("b");
    JobId ends = rig.enqueue("c");
    List<Leased> all = take(workers, 3, LEASE);
    for (JobId id : List.of(stops, gives, ends)) {
      assertThat(sluice.cancel(id)).isEqualTo(Control.REQUESTED);
    }
    for (Leased leased : all) {
      assertThat(extend(workers, leased)).isEqualTo(Extension.CANCEL_REQUESTED);
    }
    assertThat(settle(workers, all.get(0), Outcome.retry("stopped"))).isEqualTo(Settled.APPLIED);
    assertThat(release(workers, all.get(1))).isEqualTo(Settled.APPLIED);
    assertThat(done(workers, all.get(2))).isEqualTo(Settled.APPLIED);
    assertThat(rig.view(stops).state()).isEqualTo(JobState.CANCELLED);
    assertThat(rig.view(gives).state()).as("not given out again").isEqualTo(JobState.CANCELLED);
    assertThat(rig.view(ends).state()).as("it was ready before").isEqualTo(JobState.SUCCEEDED);
    assertThat(rig.status().failed()).isZero();
  }

  @Test
  void aWorkerThatNeverHearsOfACancelMayEndWithinItsLease() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    Leased leased = takeOne(workers, Duration.ofHours(1));
    rig.sluice().cancel(id);
    rig.advance(Duration.ofMinutes(9));
    assertThat(rig.view(id).state()).isEqualTo(JobState.RUNNING);
    assertThat(done(workers, leased)).isEqualTo(Settled.APPLIED);
    assertThat(rig.view(id).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void theEndOfItsTimeIsToldAndThenTheJobIsGivenUp() {
    Workers workers = pull(ONE.withTimeout(LONG).withRetry(RetryPolicy.never()));
    JobId id = rig.enqueue("x");
    Leased leased = takeOne(workers, Duration.ofHours(1));
    assertThat(extend(workers, leased)).isEqualTo(Extension.EXTENDED);
    assertThat(workers.extend(List.of(leased.lease()), Duration.ofHours(1)))
        .containsExactly(Extension.EXTENDED);
    rig.advance(LONG);
    Rig.await(
        "it is told",
        () ->
            workers.extend(List.of(leased.lease()), Duration.ofHours(1)).getFirst()
                == Extension.CANCEL_REQUESTED);
    assertThat(rig.view(id).state()).isEqualTo(JobState.RUNNING);
    rig.advance(Duration.ofSeconds(5));
    rig.awaitState(id, JobState.DEAD);
    assertThat(rig.view(id).lastFailure().orElseThrow().outcome())
        .isEqualTo(AttemptOutcome.TIMED_OUT);
    assertThat(done(workers, leased)).isEqualTo(Settled.LEASE_LOST);
    assertThat(rig.status().zombies()).as("it holds no thread").isZero();
    // The engine has a job's end a moment before its run is taken off the list.
    Rig.await("nothing runs", () -> rig.sluice().running().isEmpty());
    rig.enqueue("y");
    takeOne(workers, LEASE);
  }

  @Test
  void aFailureAfterTheEndOfItsTimeIsATimeout() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x", PLAIN.withTimeout(Duration.ofSeconds(2)));
    Leased leased = takeOne(workers, LEASE);
    rig.advance(Duration.ofSeconds(2));
    Rig.await("told", () -> extend(workers, leased) == Extension.CANCEL_REQUESTED);
    assertThat(settle(workers, leased, Outcome.retry("stopped"))).isEqualTo(Settled.APPLIED);
    assertThat(rig.view(id).state()).isEqualTo(JobState.SCHEDULED);
    assertThat(rig.view(id).lastFailure().orElseThrow().outcome())
        .isEqualTo(AttemptOutcome.TIMED_OUT);
  }

  @Test
  void progressIsShown() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    Leased leased = takeOne(workers, LEASE);
    assertThat(workers.progress(leased.lease(), 0.5, "half")).isTrue();
    RunningJob running = rig.sluice().find(id).orElseThrow().running().orElseThrow();
    assertThat(running.progress()).isEqualTo(0.5);
    assertThat(running.message()).isEqualTo("half");
    assertThat(running.thread()).isEmpty();
    assertThat(running.stack()).isEmpty();
    assertThat(rig.sluice().running()).extracting(RunningJob::id).containsExactly(id);
    assertThatThrownBy(() -> workers.progress(leased.lease(), 1.1, ""))
        .hasMessage("progress: 1.1 must be between 0 and 1");
  }

  @Test
  void aCloseSendsWaitingWorkersAwayAndLetsHeldJobsEnd() throws Exception {
    Workers workers = pull(ONE);
    Sluice sluice = rig.sluice();
    JobId id = rig.enqueue("x");
    Leased held = takeOne(workers, LEASE);
    try (Waiting waiting = new Waiting();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Waiting.Worker worker = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      worker.awaitWaiting();
      Future<CloseReport> closing = threads.submit(() -> sluice.close(Duration.ofMinutes(2)));
      assertThat(worker.leased()).isEmpty();
      assertThat(closing.isDone()).isFalse();
      assertThat(workers.lease("default", 1, LEASE, LONG)).as("who comes now").isEmpty();
      sluice.define("late", ONE, Delivery.pull());
      assertThat(workers.lease("late", 1, LEASE, LONG)).isEmpty();
      assertThat(extend(workers, held)).isEqualTo(Extension.EXTENDED);
      assertThat(done(workers, held)).isEqualTo(Settled.APPLIED);
      assertThat(closing.get()).isEqualTo(new CloseReport(1, 0, 0));
    }
    rig.awaitEvent(JobEvent.Succeeded.class, id);
  }

  @Test
  void whatIsHeldAtTheEndOfACloseIsGivenBackWithItsAttempt() {
    Workers workers = pull(ONE.withConcurrency(2));
    JobId held = rig.enqueue("x");
    JobId cancelled = rig.enqueue("y");
    assertThat(take(workers, 2, Duration.ofHours(1))).hasSize(2);
    rig.sluice().cancel(cancelled);
    assertThat(rig.sluice().close(Duration.ofMillis(100)).abandoned()).isZero();
    rig.awaitEvent(JobEvent.Released.class, held);
    rig.awaitEvent(JobEvent.Cancelled.class, cancelled);
  }

  @Test
  void aJobThatWasCancelledWhileItWaitedIsNoLongerGivenOut() {
    Workers workers = pull(ONE);
    JobId id = rig.enqueue("x");
    assertThat(rig.sluice().cancel(id)).isEqualTo(Control.APPLIED);
    assertThat(take(workers, 1, LEASE)).isEmpty();
    assertThat(rig.sluice().find(id).orElseThrow().running()).isEqualTo(Optional.empty());
  }
}
