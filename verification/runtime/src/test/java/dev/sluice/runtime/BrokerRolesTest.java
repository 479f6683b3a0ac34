package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.EnqueueOptions;
import dev.sluice.Handler;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.contract.Brokerlike;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.memory.MemoryEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a [Sluice] does on an engine that gives lost jobs out again by itself, and cannot look a
/// job up.
final class BrokerRolesTest {
  private static final JobType<String> GOOD = Rig.WORK.on("good");
  private static final JobType<String> BAD = Rig.WORK.on("bad");

  @TempDir Path directory;

  private final AtomicReference<Brokerlike<MemoryEngine>> engine = new AtomicReference<>();
  private Rig rig;

  @BeforeEach
  void wrapped() {
    rig = new Rig(EngineKind.MEMORY, directory);
    rig.wrap(inner -> {
      Brokerlike<MemoryEngine> wrapped = new Brokerlike<>((MemoryEngine) inner);
      engine.set(wrapped);
      return wrapped;
    });
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private Brokerlike<MemoryEngine> broker() {
    Brokerlike<MemoryEngine> opened = engine.get();
    assertThat(opened).isNotNull();
    return opened;
  }

  @Test
  void aJobWhoseWorkersDiedTooOftenIsDeadBeforeItStartsAgain() {
    AtomicInteger starts = new AtomicInteger();
    CountDownLatch never = new CountDownLatch(1);
    rig.start(builder ->
        builder.handle(
            Rig.WORK,
            (run, _) -> {
              starts.incrementAndGet();
              never.await();
              return Outcome.done();
            }));
    JobId id = rig.enqueue("poison");
    JobEvent.Died died;
    try (LogLines log = new LogLines("dev.sluice.jobs")) {
      for (int crash = 1; crash <= 3; crash++) {
        int expected = crash;
        Rig.await("start " + crash, () -> starts.get() == expected);
        lose();
      }
      died = rig.awaitEvent(JobEvent.Died.class, id);
      assertThat(log.lines())
          .as("the claim that found it dead started nothing")
          .singleElement()
          .asString()
          .contains("is dead (poison) after attempt 3: ");
    }

    assertThat(died.reason()).isEqualTo(DeathReason.POISON);
    assertThat(starts).hasValue(3);
    assertThat(rig.sluice().list(JobType.DEFAULT_QUEUE, JobState.DEAD, 10, null).jobs())
        .extracting(view -> view.id())
        .containsExactly(id);
  }

  /// The worker is told without waiting for an extension.
  private void lose() {
    rig.advance(Duration.ofNanos(1));
    broker().loseConnection();
  }

  private void startTwoQueues(Handler<String> handler) {
    rig.start(builder ->
        builder
            .queue("good", QueuePolicy.defaults().withConcurrency(1))
            .queue("bad", QueuePolicy.defaults().withConcurrency(1))
            .handle(GOOD, handler));
  }

  private JobId enqueue(JobType<String> type) {
    return Rig.accepted(rig.sluice().enqueue(type, "x"));
  }

  @Test
  void aQueueThatCannotRecordHoldsUpNoOther() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch broken = new CountDownLatch(1);
    startTwoQueues((_, job) -> {
      if (job.queue().equals("bad")) {
        begun.countDown();
        broken.await();
      }
      return Outcome.done();
    });
    JobId bad = enqueue(BAD);
    Rig.await("begun", () -> begun.getCount() == 0);
    broker().breakQueue("bad");
    broken.countDown();
    Rig.await("trouble", () -> !rig.sluice().health().ready());
    for (int i = 0; i < 3; i++) {
      rig.awaitEvent(JobEvent.Succeeded.class, enqueue(GOOD));
    }
    assertThat(rig.sluice().health().reasons().toString()).contains("queue 'bad' is broken");
    assertThat(rig.events(JobEvent.Succeeded.class, bad)).isEmpty();

    broker().breakQueue(null);
    rig.advance(Duration.ofSeconds(6));

    rig.awaitEvent(JobEvent.Succeeded.class, bad);
    Rig.await("health", () -> rig.sluice().health().ready());
  }

  @Test
  void aQueueThatTakesNothingFailsItsOwnProducersOnly() {
    startTwoQueues((_, _) -> Outcome.done());
    broker().breakQueue("bad");
    assertThatThrownBy(() -> enqueue(BAD)).hasMessageContaining("queue 'bad' is broken");
    rig.awaitEvent(JobEvent.Succeeded.class, enqueue(GOOD));

    assertThatThrownBy(
            () -> rig.sluice().enqueue(List.of(NewJob.of(BAD, "x"), NewJob.of(GOOD, "x"))))
        .hasMessageContaining("queue 'bad' is broken");

    Rig.await("the good one of the list", () -> rig.sluice().status("good").succeeded() == 2);
  }

  @Test
  void manyJobsOfManyQueuesAreAnsweredInTheirOrder() {
    rig.start(builder ->
        builder
            .queue("good", QueuePolicy.defaults().withCapacity(1))
            .queue("bad", QueuePolicy.defaults()));
    List<Admission> answers =
        rig.sluice()
            .enqueue(
                List.of(
                    NewJob.of(GOOD, "1"),
                    NewJob.of(BAD, "2"),
                    NewJob.of(GOOD, "3"),
                    NewJob.of(BAD, "4")));

    assertThat(answers)
        .extracting(answer -> answer instanceof Admission.Accepted)
        .containsExactly(true, true, false, true);
    // Workers of other processes may run them, so it is not known that nobody does.
    assertThat(answers.get(2))
        .isInstanceOfSatisfying(
            Admission.Refused.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(Admission.Reason.CAPACITY_JOBS);
              assertThat(refused.retryAfter()).isPresent();
            });
  }

  @Test
  void aLeaseThatCannotBeExtendedKeepsNoOtherFromIt() {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch never = new CountDownLatch(1);
    startTwoQueues((_, _) -> {
      begun.countDown();
      never.await();
      return Outcome.done();
    });
    enqueue(BAD);
    JobId good = enqueue(GOOD);
    Rig.await("begun", () -> begun.getCount() == 0);
    broker().breakQueue("bad");

    rig.advance(QueuePolicy.defaults().lease().dividedBy(2));

    Rig.await("extended", () -> broker().extended().contains(good));
  }

  @Test
  void aDeadJobIsSentBackAndForgottenByItsId() {
    rig.start(builder -> builder.handle(Rig.WORK, (_, _) -> Outcome.bury("no")));
    JobId id = rig.enqueue("x");
    rig.awaitEvent(JobEvent.Died.class, id);

    assertThat(rig.sluice().retry(id)).isEqualTo(Control.APPLIED);
    Rig.await("dead again", () -> rig.events(JobEvent.Died.class, id).size() == 2);
    assertThat(rig.sluice().delete(id)).isEqualTo(Control.APPLIED);
    assertThat(rig.sluice().delete(id)).isEqualTo(Control.NOT_FOUND);
    assertThat(rig.sluice().retry(id)).isEqualTo(Control.NOT_FOUND);
  }

  @Test
  void aRunningJobCanBeCancelledAndAWaitingOneCannot() {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    rig.start(builder ->
        builder.handle(
            Rig.WORK,
            (_, _) -> {
              started.countDown();
              never.await();
              return Outcome.done();
            }));
    JobId id = rig.enqueue("x");
    Rig.await("started", () -> started.getCount() == 0);
    assertThat(rig.sluice().cancel(id)).isEqualTo(Control.REQUESTED);
    rig.awaitEvent(JobEvent.Cancelled.class, id);

    assertThatThrownBy(() -> rig.sluice().cancel(id))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the engine 'brokerlike' cannot cancel a job that does not run here");
  }

  @Test
  void whatItCannotDoIsSaid() {
    Sluice sluice = rig.start(builder -> builder);
    JobId id = rig.enqueue("x", EnqueueOptions.defaults().withKey("k"));

    assertThatThrownBy(() -> sluice.find(id))
        .hasMessage("the engine 'brokerlike' cannot look up a job that does not run here");
    assertThatThrownBy(() -> sluice.list(JobType.DEFAULT_QUEUE, JobState.READY, 10, null))
        .hasMessage(
            "the engine 'brokerlike' cannot list jobs that are READY, only those that are DEAD; ask for that state");
    assertThatThrownBy(() -> sluice.pause(JobType.DEFAULT_QUEUE))
        .hasMessage("the engine 'brokerlike' cannot be steered");
    assertThatThrownBy(() -> sluice.remember("a", "b"))
        .hasMessage("the engine 'brokerlike' cannot keep settings");
    assertThatThrownBy(
            () -> sluice.schedule("s", Schedule.every(Duration.ofMinutes(1)), Rig.WORK, "x"))
        .hasMessage(
            "the engine 'brokerlike' cannot keep schedules, for it cannot tell whether a firing"
                + " was handed over before");
    assertThat(sluice.remembered()).isEmpty();
    assertThat(sluice.status(JobType.DEFAULT_QUEUE).counts().ready()).isEqualTo(1);
    assertThat(List.of(sluice.limits().exactCounts())).containsExactly(false);
  }
}
