package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.CloseReport;
import dev.sluice.Delivery;
import dev.sluice.JobEvent;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.Workers;
import dev.sluice.engine.Settled;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a durable engine keeps over the end of a process.
@Timeout(300)
final class RestartTest {
  private final Rig rig;
  private final AtomicInteger runs = new AtomicInteger();
  private final CountDownLatch gate = new CountDownLatch(1);

  RestartTest(@TempDir Path directory) {
    rig = new Rig(EngineKind.SQLITE, directory);
  }

  @AfterEach
  void close() {
    gate.countDown();
    rig.close();
  }

  private Sluice start() {
    return rig.start(builder ->
        builder.handle(
            WORK,
            (_, _) -> {
              runs.incrementAndGet();
              return Outcome.done();
            }));
  }

  private void schedule(Schedule.Missed missed) {
    start()
        .schedule("hourly", Schedule.every(Duration.ofHours(1)), NewJob.of(WORK, "tick"), missed);
    awaitPlanned();
  }

  private void awaitPlanned() {
    Rig.await(
        "planned",
        () -> {
          rig.advance(Duration.ofMillis(10));
          return rig.status().counts().scheduled() == 1;
        });
  }

  @Test
  void aFiringThatWasPlannedBeforeARestartRunsOnce() {
    schedule(Schedule.Missed.RUN_ONE);
    schedule(Schedule.Missed.RUN_ONE);
    rig.advance(Duration.ofHours(1));
    Rig.await("fired", () -> runs.get() == 1);
    schedule(Schedule.Missed.RUN_ONE);
    assertThat(rig.status().counts().succeeded()).isEqualTo(1);
    assertThat(runs).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource({"RUN_ONE, 1", "SKIP, 0"})
  void ofFiringsMissedWhileNobodyWasThereOneRunsOrNone(Schedule.Missed missed, int expected) {
    schedule(missed);
    rig.close();
    rig.advance(Duration.ofHours(10));
    schedule(missed);
    Rig.await(
        "the missed one has ended",
        () -> rig.status().counts().succeeded() + rig.status().counts().dead() == 1);
    assertThat(runs).hasValue(expected);
    // What was seen as planned above may have been the missed one.
    awaitPlanned();
    rig.advance(Duration.ofHours(1));
    Rig.await("the next one runs", () -> runs.get() == expected + 1);
  }

  @Test
  void aJobWhoseWorkerDiesThreeTimesIsPoison() {
    JobId id = null;
    for (int crash = 0; crash < 3; crash++) {
      Sluice sluice =
          rig.start(builder ->
              builder.handle(
                  WORK,
                  (_, _) -> {
                    Rig.awaitDeaf(gate);
                    return Outcome.done();
                  }));
      if (id == null) {
        id = rig.enqueue("killer");
      }
      JobId killer = id;
      Rig.await(
          "it runs",
          () -> {
            rig.advance(Duration.ofMillis(500));
            return sluice.running().stream().anyMatch(run -> run.id().equals(killer));
          });
      assertThat(rig.view(id).crashes()).isEqualTo(crash);
      // Its handler is abandoned, so the engine is closed under a valid lease: as in a crash.
      assertThat(sluice.close(Duration.ZERO).abandoned()).isEqualTo(1);
    }
    gate.countDown();
    start();
    rig.awaitState(id, JobState.DEAD);
    assertThat(rig.view(id).deathReason()).isEqualTo(DeathReason.POISON);
    assertThat(rig.view(id).crashes()).isEqualTo(3);
    assertThat(runs).hasValue(0);
  }

  @Test
  void aJobGivenBackAtAShutdownRunsAgainAlsoAfterItsTimeToStart() {
    Sluice first =
        rig.start(builder ->
            builder.handle(
                WORK,
                (_, _) -> {
                  gate.await();
                  return Outcome.done();
                }));
    JobId id = rig.enqueue("x", PLAIN.withTimeToStart(Duration.ofSeconds(5)));
    rig.awaitEvent(JobEvent.Started.class, id);
    assertThat(first.close(Duration.ofMillis(500))).isEqualTo(new CloseReport(0, 1, 0));
    rig.advance(Duration.ofMinutes(1));
    start();
    rig.awaitState(id, JobState.SUCCEEDED);
    assertThat(rig.view(id).attempt()).isEqualTo(1);
  }

  @Test
  void textsSurvive() {
    start().remember("queue/mail", "capacity 5");
    assertThat(start().remembered()).isEqualTo(Map.of("queue/mail", "capacity 5"));
  }

  @Test
  void aJobThatAWorkerElsewhereHeldAtAShutdownWaitsAgain() {
    Sluice first = pulled();
    JobId id = rig.enqueue("x");
    var held = first.workers().lease("default", 1, Duration.ofHours(1), Duration.ZERO).getFirst();
    first.close(Duration.ZERO);
    Workers workers = pulled().workers();
    var again = workers.lease("default", 1, Duration.ofHours(1), Duration.ZERO).getFirst();
    assertThat(again.job().id()).isEqualTo(id);
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(
            workers.settle(
                List.of(
                    Workers.Report.of(held.lease(), Outcome.done()),
                    Workers.Report.of(again.lease(), Outcome.done()))))
        .containsExactly(Settled.LEASE_LOST, Settled.APPLIED);
  }

  private Sluice pulled() {
    return rig.start(builder -> builder.queue("default", QueuePolicy.defaults(), Delivery.pull()));
  }
}
