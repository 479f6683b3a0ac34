package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Handler;
import dev.sluice.JobEvent;
import dev.sluice.JobStatus;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import dev.sluice.Sluice;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class QueueTest {
  private final Rig rig;

  QueueTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private static final QueuePolicy ONE = QueuePolicy.defaults().withConcurrency(1);

  private final List<String> order = new CopyOnWriteArrayList<>();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void open() {
    gate.countDown();
  }

  private Sluice handle(QueuePolicy policy, Handler<String> handler) {
    return rig.start(builder -> builder.queue("default", policy).handle(WORK, handler));
  }

  private Outcome note(String payload) throws InterruptedException {
    if (payload.equals("gate")) {
      gate.await();
    }
    order.add(payload);
    return Outcome.done();
  }

  private JobId plug() {
    JobId id = rig.enqueue("gate");
    rig.awaitEvent(JobEvent.Started.class, id);
    return id;
  }

  @Test
  void jobsStartByPriorityAndWithinOneFirstInFirstOut() {
    handle(ONE, (payload, _) -> note(payload));
    plug();
    for (int i = 0; i < 3; i++) {
      for (Priority priority : Priority.values()) {
        rig.enqueue(priority.name() + i, PLAIN.withPriority(priority));
      }
    }
    gate.countDown();
    Rig.await("all ran", () -> order.size() == 10);
    for (Priority priority : Priority.values()) {
      assertThat(order)
          .filteredOn(name -> name.startsWith(priority.name()))
          .containsExactly(priority + "0", priority + "1", priority + "2");
    }
    assertThat(order.indexOf("HIGH2")).isLessThan(order.indexOf("NORMAL1"));
  }

  @Test
  void aTrickleOfHighDoesNotStarveLowOrNormal() {
    AtomicInteger high = new AtomicInteger();
    AtomicInteger open = new AtomicInteger(2);
    handle(
        ONE,
        (payload, _) -> {
          if (payload.equals("high")) {
            if (open.get() > 0 && high.incrementAndGet() < 1000) {
              rig.enqueue("high", PLAIN.withPriority(Priority.HIGH));
            }
          } else {
            open.decrementAndGet();
          }
          return note(payload);
        });
    plug();
    rig.enqueue("high", PLAIN.withPriority(Priority.HIGH));
    rig.enqueue("high", PLAIN.withPriority(Priority.HIGH));
    rig.enqueue("low", PLAIN.withPriority(Priority.LOW));
    rig.enqueue("normal");
    gate.countDown();
    Rig.await("low ran", () -> order.contains("low"));
    Rig.await("normal ran", () -> order.contains("normal"));
    assertThat(high.get()).isLessThan(100);
  }

  @Test
  void aFullQueueRefusesWithATimeAndStoresNothing() {
    Sluice sluice = handle(ONE.withCapacity(2), (payload, _) -> note(payload));
    plug();
    rig.advance(Duration.ofSeconds(7));
    rig.enqueue("a");
    rig.enqueue("b");
    Admission.Refused refused = (Admission.Refused) sluice.enqueue(WORK, "c");
    assertThat(refused.reason()).isEqualTo(Admission.Reason.CAPACITY_JOBS);
    assertThat(refused.retryAfter().orElseThrow())
        .isBetween(Duration.ofSeconds(7), Duration.ofSeconds(9));
    assertThat(rig.status().counts().waiting()).isEqualTo(2);
    assertThat(rig.status().refused()).isEqualTo(1);
    rig.advance(Duration.ofMinutes(20));
    refused = (Admission.Refused) sluice.enqueue(WORK, "c");
    assertThat(refused.retryAfter()).contains(Duration.ofMinutes(10));
  }

  @Test
  void theBoundInBytesRefusesWithAtLeastASecond() {
    Sluice sluice = handle(ONE.withCapacity(new Bound(100, 10)), (payload, _) -> note(payload));
    plug();
    rig.enqueue("12345678");
    Admission.Refused refused = (Admission.Refused) sluice.enqueue(WORK, "123");
    assertThat(refused.reason()).isEqualTo(Admission.Reason.CAPACITY_BYTES);
    assertThat(refused.retryAfter().orElseThrow())
        .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(2));
    rig.enqueue("12");
  }

  @Test
  void whenNothingDrainsTheRefusalSaysSoAndNamesNoTime() {
    Sluice sluice = handle(ONE.withCapacity(1), (payload, _) -> note(payload));
    sluice.pause("default");
    JobId held = rig.enqueue("a");
    assertThat(sluice.enqueue(WORK, "b"))
        .isEqualTo(new Admission.Refused(Admission.Reason.PAUSED, Optional.empty()));
    assertThat(sluice.find(held).orElseThrow().eta()).isEmpty();
    sluice.resume("default");
    rig.awaitState(held, JobState.SUCCEEDED);
    Sluice only = rig.start(builder -> builder.queue("default", ONE.withCapacity(1)));
    JobId waits = rig.enqueue("a");
    assertThat(only.find(waits).orElseThrow().eta()).isEmpty();
    assertThat(only.enqueue(WORK, "b"))
        .isEqualTo(new Admission.Refused(Admission.Reason.NO_WORKER, Optional.empty()));
  }

  @Test
  void aBulkEnqueueAnswersEachJobInOrder() {
    Sluice sluice = handle(ONE.withCapacity(3), (payload, _) -> note(payload));
    plug();
    List<Admission> answers =
        sluice.enqueue(
            List.of(
                new NewJob<>(WORK, "a", PLAIN.withKey("k")),
                new NewJob<>(WORK, "b", PLAIN.withKey("k")),
                NewJob.of(WORK, "c"),
                NewJob.of(WORK, "d"),
                NewJob.of(WORK, "e")));
    JobId first = Rig.accepted(answers.get(0));
    assertThat(answers.get(1)).isEqualTo(new Admission.Duplicate(first));
    Rig.accepted(answers.get(2));
    Rig.accepted(answers.get(3));
    assertThat(answers.get(4)).isInstanceOf(Admission.Refused.class);
    assertThat(rig.status().duplicates()).isEqualTo(1);
    assertThat(sluice.enqueue(List.of())).isEmpty();
  }

  @Test
  void aBadJobInABulkEnqueueMeansThatNoneIsTaken() {
    Sluice sluice = handle(ONE, (payload, _) -> note(payload));
    plug();
    List<NewJob<String>> jobs =
        List.of(NewJob.of(WORK, "a"), new NewJob<>(WORK, "b", PLAIN.withQueue("nowhere")));
    assertThatThrownBy(() -> sluice.enqueue(jobs))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queue: 'nowhere' is not configured; known are [default]");
    assertThat(rig.status().counts().waiting()).isZero();
  }

  @Test
  void positionAndEtaOfAWaitingJobComeFromTheMeasuredDrain() {
    Sluice sluice = handle(ONE, (payload, _) -> note(payload));
    JobId running = plug();
    JobId second = rig.enqueue("b");
    JobId third = rig.enqueue("gate");
    JobId fourth = rig.enqueue("d");
    assertThat(sluice.find(second).orElseThrow().view().ahead()).isZero();
    assertThat(sluice.find(fourth).orElseThrow().view().ahead()).isEqualTo(2);
    assertThat(sluice.find(fourth).orElseThrow().eta()).as("nothing measured").isEmpty();
    JobStatus status = sluice.find(running).orElseThrow();
    assertThat(status.eta()).isEmpty();
    assertThat(status.running().orElseThrow().thread()).startsWith("sluice-default-");
    JobId later = rig.enqueue("later", PLAIN.withDelay(Duration.ofMinutes(2)));
    assertThat(sluice.find(later).orElseThrow().eta()).contains(Duration.ofMinutes(2));
    rig.advance(Duration.ofSeconds(10));
    gate.countDown();
    rig.awaitState(third, JobState.SUCCEEDED);
    rig.awaitState(fourth, JobState.SUCCEEDED);
  }

  @Test
  void delayAndRunAtHoldAJobBackUntilItsTime() {
    handle(ONE, (payload, _) -> note(payload));
    JobId delayed = rig.enqueue("b", PLAIN.withDelay(Duration.ofSeconds(20)));
    JobId at =
        rig.enqueue("a", PLAIN.withRunAt(Instant.ofEpochMilli(Rig.START_MILLIS).plusSeconds(10)));
    assertThat(rig.view(delayed).state()).isEqualTo(JobState.SCHEDULED);
    rig.advance(Duration.ofSeconds(10));
    rig.awaitState(at, JobState.SUCCEEDED);
    assertThat(rig.view(delayed).state()).isEqualTo(JobState.SCHEDULED);
    rig.advance(Duration.ofSeconds(10));
    rig.awaitState(delayed, JobState.SUCCEEDED);
    assertThat(order).containsExactly("a", "b");
  }

  @Test
  void aJobThatDidNotStartInTimeIsDeadAsExpired() {
    Sluice sluice = handle(ONE, (payload, _) -> note(payload));
    sluice.pause("default");
    JobId late = rig.enqueue("late", PLAIN.withTimeToStart(Duration.ofSeconds(5)));
    JobId patient = rig.enqueue("patient");
    rig.advance(Duration.ofSeconds(6));
    try (LogLines log = new LogLines("dev.sluice.jobs")) {
      sluice.resume("default");
      rig.awaitState(late, JobState.DEAD);
      Rig.await("a line", () -> !log.lines().isEmpty());
      assertThat(log.lines().getFirst())
          .startsWith("WARNING job " + late)
          .contains("is dead (expired) before it was started: ");
    }
    assertThat(rig.view(late).deathReason()).isEqualTo(DeathReason.EXPIRED);
    rig.awaitState(patient, JobState.SUCCEEDED);
    assertThat(order).containsExactly("patient");
  }

  @Test
  void concurrencyIsReachedNeverExceededAndChangesAtRunTime() {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Semaphore turns = new Semaphore(0);
    Sluice sluice =
        handle(
            ONE.withConcurrency(3),
            (_, _) -> {
              most.accumulateAndGet(now.incrementAndGet(), Math::max);
              turns.acquire();
              now.decrementAndGet();
              return Outcome.done();
            });
    for (int i = 0; i < 60; i++) {
      rig.enqueue("x");
    }
    Rig.await("3 run", () -> now.get() == 3);
    turns.release(20);
    Rig.await("20 ended", () -> rig.status().succeeded() == 20 && now.get() == 3);
    assertThat(most.get()).isEqualTo(3);
    sluice.reconfigure("default", policy -> policy.withConcurrency(7));
    Rig.await("7 run", () -> now.get() == 7);
    sluice.reconfigure("default", policy -> policy.withConcurrency(2));
    turns.release(10);
    Rig.await("2 run", () -> rig.status().succeeded() == 30 && now.get() == 2);
    assertThat(most.get()).isEqualTo(7);
    turns.release(1000);
    Rig.await("all ended", () -> rig.status().succeeded() == 60);
  }

  @Test
  void theRateIsKeptAndChangesAtRunTime() {
    Sluice sluice = handle(ONE.withRate(Rate.perSecond(1)), (payload, _) -> note(payload));
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      ids.add(rig.enqueue("x"));
    }
    rig.awaitState(ids.getFirst(), JobState.SUCCEEDED);
    for (int i = 1; i < 5; i++) {
      rig.advance(Duration.ofMillis(999));
      assertThat(order).hasSize(i);
      rig.advance(Duration.ofMillis(1));
      rig.awaitState(ids.get(i), JobState.SUCCEEDED);
    }
    sluice.reconfigure("default", policy -> policy.withRate(Rate.perSecond(10)));
    assertThat(order).hasSize(5);
    // Some of the time passes before the dispatcher has seen the new rate.
    AtomicInteger passedMillis = new AtomicInteger();
    Rig.await(
        "the next one by the new rate",
        () -> {
          passedMillis.addAndGet(10);
          rig.advance(Duration.ofMillis(10));
          return order.size() > 5;
        });
    assertThat(order).hasSizeBetween(6, 6 + passedMillis.get() / 100);
    sluice.reconfigure("default", QueuePolicy::withoutRate);
    rig.awaitState(ids.getLast(), JobState.SUCCEEDED);
  }

  @Test
  void capacityChangesAtRunTimeAndJobsThatWaitStay() {
    Sluice sluice = handle(ONE.withCapacity(3), (payload, _) -> note(payload));
    plug();
    for (int i = 0; i < 3; i++) {
      rig.enqueue("x");
    }
    sluice.reconfigure("default", policy -> policy.withCapacity(1));
    assertThat(sluice.enqueue(WORK, "y")).isInstanceOf(Admission.Refused.class);
    assertThat(rig.status().counts().waiting()).isEqualTo(3);
    sluice.reconfigure("default", policy -> policy.withCapacity(4));
    rig.enqueue("y");
    assertThat(sluice.purge("default")).isEqualTo(4);
    assertThat(rig.status().counts().cancelled()).isEqualTo(4);
  }

  @Test
  void aPausedQueueStartsNothingAlsoAfterARestart() {
    Sluice sluice = handle(ONE, (payload, _) -> note(payload));
    sluice.pause("default");
    JobId id = rig.enqueue("x");
    rig.advance(Duration.ofMinutes(5));
    assertThat(rig.view(id).state()).isEqualTo(JobState.READY);
    sluice.resume("default");
    rig.awaitState(id, JobState.SUCCEEDED);
  }

  @Test
  void whatIsNotConfiguredIsToldSo() {
    Sluice sluice = handle(ONE, (payload, _) -> note(payload));
    String sentence = "queue: 'nowhere' is not configured; known are [default]";
    assertThatThrownBy(() -> sluice.pause("nowhere")).hasMessage(sentence);
    assertThatThrownBy(() -> sluice.resume("nowhere")).hasMessage(sentence);
    assertThatThrownBy(() -> sluice.purge("nowhere")).hasMessage(sentence);
    assertThatThrownBy(() -> sluice.status("nowhere")).hasMessage(sentence);
    assertThatThrownBy(() -> sluice.reconfigure("nowhere", policy -> policy)).hasMessage(sentence);
    assertThatThrownBy(() -> rig.enqueue("x", PLAIN.withQueue("nowhere"))).hasMessage(sentence);
    assertThatThrownBy(() ->
            Sluice.on(dev.sluice.memory.MemoryEngine.open())
                .handle(WORK, (_, _) -> Outcome.done())
                .handle(WORK, (_, _) -> Outcome.done()))
        .hasMessage("job type: 'work' has a handler already");
    assertThat(sluice.find(new JobId(1, 1))).isEmpty();
    assertThat(sluice.cancel(new JobId(1, 1))).isEqualTo(Controllable.Control.NOT_FOUND);
  }
}
