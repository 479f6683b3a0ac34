package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.CloseReport;
import dev.sluice.Handler;
import dev.sluice.JobContext;
import dev.sluice.JobEvent;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.RunningJob;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.engine.Controllable;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class StopTest {
  private final Rig rig;

  StopTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicReference<JobContext> context = new AtomicReference<>();

  private static final QueuePolicy POLICY =
      QueuePolicy.defaults()
          .withConcurrency(1)
          .withTimeout(Duration.ofSeconds(60))
          .withLease(Duration.ofHours(1))
          .withGrace(Duration.ofSeconds(5))
          .withRetry(RetryPolicy.never());

  private Sluice handle(QueuePolicy policy, Handler<String> handler) {
    return rig.start(builder -> builder.queue("default", policy).handle(WORK, handler));
  }

  private Outcome hear() throws InterruptedException {
    gate.await();
    return Outcome.done();
  }

  private Outcome deaf(String payload, JobContext job) {
    if (payload.equals("deaf")) {
      context.set(job);
      Rig.awaitDeaf(gate);
    }
    return Outcome.done();
  }

  @AfterEach
  void open() {
    gate.countDown();
  }

  private void awaitRunning(JobId id) {
    rig.awaitState(id, JobState.RUNNING);
    rig.awaitEvent(JobEvent.Started.class, id);
    Rig.await("listed", () -> rig.sluice().running().stream().anyMatch(run -> run.id().equals(id)));
  }

  private void becomeZombie(JobId id) {
    Rig.await("its handler was called", () -> context.get() != null);
    rig.advance(Duration.ofSeconds(60));
    Rig.await("interrupted", () -> context.get().isCancelled());
    rig.advance(Duration.ofSeconds(5));
    rig.awaitEvent(JobEvent.BecameZombie.class, id);
  }

  @Test
  void aLeaseMadeLongerTakesNoJobFromItsWorker() {
    Sluice sluice = handle(POLICY.withLease(Duration.ofSeconds(2)), (_, _) -> hear());
    JobId id = rig.enqueue("x");
    awaitRunning(id);
    sluice.reconfigure("default", policy -> policy.withLease(Duration.ofHours(1)));
    rig.advance(Duration.ofSeconds(10));
    // Fired by the same round that reaps: when it is planned, what was late has been taken back.
    sluice.schedule("later", Schedule.every(Duration.ofHours(1)), WORK, "later");
    Rig.await(
        "a round of the keeper",
        () -> {
          rig.advance(Duration.ofMillis(10));
          return rig.status().counts().scheduled() == 1;
        });
    gate.countDown();
    rig.awaitState(id, JobState.SUCCEEDED);
    assertThat(rig.view(id).attempt()).isEqualTo(1);
    assertThat(rig.view(id).crashes()).isZero();
  }

  @Test
  void aTimeoutInterruptsAndIsAFailedAttempt() {
    handle(POLICY, (_, _) -> hear());
    JobId id = rig.enqueue("x");
    awaitRunning(id);
    rig.advance(Duration.ofSeconds(60));
    rig.awaitState(id, JobState.DEAD);
    assertThat(rig.view(id).lastFailure().orElseThrow().outcome())
        .isEqualTo(AttemptOutcome.TIMED_OUT);
  }

  @Test
  void aJobMayHaveItsOwnTimeout() {
    AtomicReference<Instant> deadline = new AtomicReference<>();
    handle(
        POLICY,
        (_, job) -> {
          deadline.set(job.deadline());
          return hear();
        });
    JobId id = rig.enqueue("x", PLAIN.withTimeout(Duration.ofSeconds(2)));
    awaitRunning(id);
    rig.advance(Duration.ofSeconds(2));
    rig.awaitState(id, JobState.DEAD);
    assertThat(deadline.get()).isEqualTo(Instant.ofEpochMilli(Rig.START_MILLIS).plusSeconds(2));
  }

  @Test
  void aHandlerThatHeedsNoInterruptBecomesAZombieAndItsSlotIsReplaced() {
    Sluice sluice = handle(POLICY.withMaxZombies(1), this::deaf);
    JobId id = rig.enqueue("deaf");
    awaitRunning(id);
    becomeZombie(id);
    rig.awaitState(id, JobState.DEAD);
    RunningJob zombie = sluice.running().getFirst();
    assertThat(zombie.zombie()).isTrue();
    assertThat(zombie.thread()).startsWith("sluice-default-");
    assertThat(zombie.stack()).anyMatch(frame -> frame.getMethodName().equals("awaitDeaf"));
    assertThat(sluice.health().ready()).isTrue();
    rig.awaitState(rig.enqueue("fine"), JobState.SUCCEEDED);
    gate.countDown();
    rig.awaitEvent(JobEvent.LateResult.class, id);
    assertThat(rig.view(id).state()).isEqualTo(JobState.DEAD);
    assertThat(rig.status().lateResults()).isEqualTo(1);
    assertThat(rig.status().zombies()).isZero();
    // The engine has a job's end a moment before its run is taken off the list.
    Rig.await("nothing runs", () -> sluice.running().isEmpty());
  }

  @Test
  void zombiesBeyondTheLimitTakeTheSlotAndTurnHealthRed() {
    Sluice sluice = handle(POLICY.withMaxZombies(0), this::deaf);
    JobId id = rig.enqueue("deaf");
    awaitRunning(id);
    becomeZombie(id);
    rig.awaitState(id, JobState.DEAD);
    assertThat(sluice.health().reasons())
        .contains("queue 'default': 1 zombies, more than the 0 whose slots are replaced");
    JobId waits = rig.enqueue("fine");
    assertThat(rig.view(waits).state()).isEqualTo(JobState.READY);
    gate.countDown();
    rig.awaitState(waits, JobState.SUCCEEDED);
    // The clock went far ahead between two looks for stuck queues, so a look in the moment between
    // the free slot and the claim finds one; the next takes that back.
    Rig.await(
        "health",
        () -> {
          rig.advance(Duration.ofSeconds(1));
          return sluice.health().ready();
        });
  }

  @Test
  void aWaitingJobIsCancelledAtOnceAndARunningOneIsInterrupted() {
    Sluice sluice = handle(POLICY, (_, _) -> hear());
    JobId running = rig.enqueue("x");
    awaitRunning(running);
    JobId waiting = rig.enqueue("y");
    assertThat(sluice.cancel(waiting)).isEqualTo(Controllable.Control.APPLIED);
    assertThat(rig.view(waiting).state()).isEqualTo(JobState.CANCELLED);
    assertThat(sluice.cancel(running)).isEqualTo(Controllable.Control.REQUESTED);
    rig.awaitState(running, JobState.CANCELLED);
    rig.awaitEvent(JobEvent.Cancelled.class, running);
    assertThat(sluice.cancel(running)).isEqualTo(Controllable.Control.WRONG_STATE);
    assertThat(rig.status().failed()).as("a cancelled attempt is no failure").isZero();
  }

  @Test
  void closeLetsRunningJobsEndAndSaysSo() throws Exception {
    Sluice sluice = handle(POLICY, (_, _) -> hear());
    awaitRunning(rig.enqueue("x"));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<CloseReport> first = threads.submit(() -> sluice.close(Duration.ofMinutes(2)));
      Rig.await("closing", () -> sluice.health().reasons().contains("shutting down"));
      Future<CloseReport> second = threads.submit(() -> sluice.close(Duration.ofMinutes(2)));
      assertThat(sluice.enqueue(WORK, "late"))
          .isEqualTo(new Admission.Refused(Admission.Reason.STOPPING, Optional.empty()));
      assertThat(sluice.enqueue(List.of(NewJob.of(WORK, "late"))))
          .containsExactly(new Admission.Refused(Admission.Reason.STOPPING, Optional.empty()));
      assertThat(second.isDone()).isFalse();
      gate.countDown();
      assertThat(first.get()).isEqualTo(new CloseReport(1, 0, 0));
      assertThat(second.get()).isSameAs(first.get());
    }
  }

  @Test
  void whatIsInterruptedAtTheEndOfACloseIsGivenBackWithItsAttempt() {
    Sluice sluice = handle(POLICY, (_, _) -> hear());
    JobId id = rig.enqueue("x");
    awaitRunning(id);
    assertThat(sluice.close(Duration.ofMillis(500))).isEqualTo(new CloseReport(0, 1, 0));
    assertThat(rig.awaitEvent(JobEvent.Released.class, id).attempt()).isEqualTo(1);
    assertThat(sluice.close(Duration.ofHours(1))).isEqualTo(new CloseReport(0, 1, 0));
  }

  @Test
  void aHandlerThatHeedsNothingIsAbandonedOnce() {
    Sluice sluice = handle(POLICY.withConcurrency(2).withMaxZombies(5), this::deaf);
    JobId zombie = rig.enqueue("deaf");
    awaitRunning(zombie);
    becomeZombie(zombie);
    rig.awaitState(zombie, JobState.DEAD);
    awaitRunning(rig.enqueue("deaf"));
    assertThat(sluice.close(Duration.ZERO)).isEqualTo(new CloseReport(0, 0, 2));
  }

  @Test
  void aListenerCannotCloseItsOwnSluiceAndAnotherThreadCan() throws Exception {
    BlockingQueue<Throwable> refused = new LinkedBlockingQueue<>();
    Sluice sluice =
        rig.start(builder ->
            builder
                .listen(event -> {
                  if (event instanceof JobEvent.Succeeded) {
                    refused.add(catchThrowable(() -> rig.sluice().close(Duration.ofHours(1))));
                  }
                })
                .handle(WORK, (_, _) -> Outcome.done()));
    rig.enqueue("x");
    assertThat(refused.take())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("close: a listener must not close its own Sluice; let another thread close it");
    assertThat(sluice.health().ready()).isTrue();
    assertThat(sluice.close(Duration.ofMinutes(1))).isEqualTo(new CloseReport(0, 0, 0));
  }

  @Test
  void aCloseOutOfRangeIsRefused() {
    Sluice sluice = handle(POLICY, (_, _) -> Outcome.done());
    assertThatThrownBy(() -> sluice.close(Duration.ofSeconds(-1)))
        .hasMessage("close.deadline: PT-1S must be between PT0S and PT24H");
    assertThatThrownBy(() -> sluice.close(Duration.ofDays(2)))
        .hasMessage("close.deadline: PT48H must be between PT0S and PT24H");
  }
}
