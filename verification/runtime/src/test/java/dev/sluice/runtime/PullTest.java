package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Delivery;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobEvent;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import dev.sluice.Sluice;
import dev.sluice.Workers;
import dev.sluice.Workers.Leased;
import dev.sluice.Workers.Report;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Workers elsewhere take jobs: how many, in which order, and how they wait.
@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class PullTest {
  static final Duration LEASE = Duration.ofSeconds(30);
  static final Duration LONG = Duration.ofSeconds(60);
  private final Rig rig;

  PullTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    // Jobs that workers still hold are given back at once.
    rig.sluice().close(Duration.ZERO);
  }

  private Workers pull(QueuePolicy policy) {
    return rig.start(builder -> builder.queue("default", policy, Delivery.pull())).workers();
  }

  private Workers pull() {
    return pull(QueuePolicy.defaults());
  }

  private static List<Leased> take(Workers workers, int max) {
    return workers.lease("default", max, LEASE, Duration.ZERO);
  }

  private static List<JobId> ids(List<Leased> leased) {
    return leased.stream().map(one -> one.job().id()).toList();
  }

  private static Settled done(Workers workers, Leased leased) {
    return workers.settle(List.of(Report.of(leased.lease(), Outcome.done()))).getFirst();
  }

  @Test
  void jobsAreLeasedInOrderWithAllThatAWorkerNeeds() {
    Workers workers = pull();
    JobId first = rig.enqueue("ada");
    JobId second = rig.enqueue("bob");
    JobId third = rig.enqueue("eve");

    List<Leased> two = take(workers, 2);

    assertThat(ids(two)).containsExactly(first, second);
    Leased one = two.getFirst();
    assertThat(new String(one.job().payload(), StandardCharsets.UTF_8)).isEqualTo("ada");
    assertThat(one.job().type()).isEqualTo("work");
    assertThat(one.attempt()).isEqualTo(1);
    assertThat(one.expiresAt()).isEqualTo(Instant.ofEpochMilli(Rig.START_MILLIS).plus(LEASE));
    assertThat(rig.view(first).state()).isEqualTo(JobState.RUNNING);
    rig.awaitEvent(JobEvent.Started.class, first);
    assertThat(ids(take(workers, 2))).containsExactly(third);
    assertThat(take(workers, 2)).isEmpty();
    assertThat(done(workers, one)).isEqualTo(Settled.APPLIED);
    assertThat(rig.view(first).state()).isEqualTo(JobState.SUCCEEDED);
    rig.awaitEvent(JobEvent.Succeeded.class, first);
    assertThat(rig.status().running()).isEqualTo(2);
  }

  /// Two that do not wait and want leases of different lengths, side by side: both get jobs.
  @Test
  void whoDoesNotWaitGetsWhatIsThereBesideOthers() throws InterruptedException {
    Workers workers = pull(QueuePolicy.defaults().withConcurrency(1_000));
    for (int i = 0; i < 400; i++) {
      rig.enqueue("x");
    }
    Queue<Integer> empty = new ConcurrentLinkedQueue<>();
    List<Thread> both =
        IntStream.of(30, 40)
            .mapToObj(seconds ->
                Thread.ofVirtual()
                    .start(() -> {
                      for (int i = 0; i < 200; i++) {
                        if (workers
                            .lease("default", 1, Duration.ofSeconds(seconds), Duration.ZERO)
                            .isEmpty()) {
                          empty.add(i);
                        }
                      }
                    }))
            .toList();
    for (Thread one : both) {
      one.join();
    }
    assertThat(empty).isEmpty();
  }

  @Test
  void aJobThatIsDueGoesAheadOfALaterOneThoughNobodyAsks() {
    Workers workers = pull();
    JobId due = rig.enqueue("due", EnqueueOptions.defaults().withDelay(Duration.ofSeconds(1)));
    rig.advance(Duration.ofSeconds(2));
    Rig.await("it is in line", () -> rig.view(due).state() == JobState.READY);
    JobId later = rig.enqueue("later");

    assertThat(ids(take(workers, 2))).containsExactly(due, later);
  }

  @Test
  void concurrencyHoldsForWorkersElsewhere() {
    Workers workers = pull(QueuePolicy.defaults().withConcurrency(2));
    JobId last = null;
    for (int i = 0; i < 3; i++) {
      last = rig.enqueue("x");
    }
    List<Leased> two = take(workers, 10);
    assertThat(two).hasSize(2);
    assertThat(take(workers, 10)).as("no slot is free").isEmpty();
    done(workers, two.getFirst());
    assertThat(ids(take(workers, 10))).containsExactly(last);
  }

  @Test
  void theRateHoldsForWorkersElsewhere() {
    Workers workers = pull(QueuePolicy.defaults().withRate(Rate.perSecond(1)));
    rig.enqueue("x");
    rig.enqueue("y");
    assertThat(take(workers, 10)).hasSize(1);
    rig.advance(Duration.ofMillis(999));
    assertThat(take(workers, 10)).as("too early").isEmpty();
    rig.advance(Duration.ofMillis(1));
    assertThat(take(workers, 10)).hasSize(1);
  }

  @Test
  void lowerPrioritiesGetTheirShare() {
    Workers workers = pull();
    JobId low = rig.enqueue("low", PLAIN.withPriority(Priority.LOW));
    for (int i = 0; i < 40; i++) {
      rig.enqueue("high", PLAIN.withPriority(Priority.HIGH));
    }
    List<JobId> order = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Leased one = take(workers, 1).getFirst();
      order.add(one.job().id());
      done(workers, one);
    }
    assertThat(order.indexOf(low)).isBetween(10, 20);
  }

  @Test
  void aWaitingWorkerIsWokenByAnEnqueue() {
    Workers workers = pull();
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker worker = waiting.worker(() -> workers.lease("default", 5, LEASE, LONG));
      worker.awaitWaiting();
      JobId id = rig.enqueue("x");
      assertThat(ids(worker.leased())).containsExactly(id);
    }
  }

  @Test
  void aWaitEndsWithNothingWhenItsTimeIsUp() {
    Workers workers = pull();
    assertThat(workers.lease("default", 1, LEASE, Duration.ofMillis(20))).isEmpty();
    JobId id = rig.enqueue("x");
    assertThat(ids(take(workers, 1))).as("nothing was claimed for who has left").contains(id);
  }

  @Test
  void anInterruptEndsTheWaitAndStaysSet() {
    Workers workers = pull();
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker worker = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      worker.awaitWaiting();
      worker.interrupt();
      assertThat(worker.leased()).isEmpty();
      assertThat(worker.wasInterrupted()).isTrue();
    }
    rig.enqueue("x");
    assertThat(take(workers, 1)).hasSize(1);
  }

  @Test
  void severalWaitingWorkersShareOneClaimInTheOrderTheyCame() {
    WatchedClaims claims = new WatchedClaims();
    rig.wrap(claims::around);
    Workers workers = pull();
    rig.sluice().pause("default");
    List<JobId> jobs =
        rig
            .sluice()
            .enqueue(IntStream.range(0, 5).mapToObj(_ -> NewJob.of(WORK, "x")).toList())
            .stream()
            .map(Rig::accepted)
            .toList();
    try (Waiting waiting = new Waiting()) {
      List<Waiting.Worker> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int max = i + 1;
        Waiting.Worker worker = waiting.worker(() -> workers.lease("default", max, LEASE, LONG));
        worker.awaitWaiting();
        all.add(worker);
      }
      // A claim for the first two may be under way still when the third comes.
      Rig.await("a claim for all of them", () -> claims.asked == 1 + 2 + 3);
      rig.sluice().resume("default");
      assertThat(ids(all.get(0).leased())).isEqualTo(jobs.subList(0, 1));
      assertThat(ids(all.get(1).leased())).isEqualTo(jobs.subList(1, 3));
      assertThat(ids(all.get(2).leased())).isEqualTo(jobs.subList(3, 5));
      assertThat(claims.sizes).containsExactly(5);
    }
  }

  @Test
  void workersThatWantAnotherLeaseAreServedToo() {
    Workers workers = pull();
    rig.sluice().pause("default");
    rig.enqueue("x");
    rig.enqueue("y");
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker one = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      one.awaitWaiting();
      Duration longer = Duration.ofMinutes(5);
      Waiting.Worker other = waiting.worker(() -> workers.lease("default", 1, longer, LONG));
      other.awaitWaiting();
      rig.sluice().resume("default");
      Instant start = Instant.ofEpochMilli(Rig.START_MILLIS);
      assertThat(one.leased().getFirst().expiresAt()).isEqualTo(start.plus(LEASE));
      assertThat(other.leased().getFirst().expiresAt()).isEqualTo(start.plus(longer));
    }
  }

  @Test
  void whoWaitsStaysInLineWhileTheEngineCannotClaim() {
    WatchedClaims claims = new WatchedClaims();
    rig.wrap(claims::around);
    Workers workers = pull();
    claims.failing = true;
    JobId id = rig.enqueue("x");
    assertThat(take(workers, 1)).as("who does not wait is told at once").isEmpty();
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker worker = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      worker.awaitWaiting();
      int before = claims.failed.get();
      Rig.await(
          "another try",
          () -> {
            rig.advance(Duration.ofMillis(10));
            return claims.failed.get() > before;
          });
      worker.awaitWaiting();
      claims.failing = false;
      rig.advance(Duration.ofSeconds(1));
      assertThat(ids(worker.leased())).containsExactly(id);
    }
  }

  @Test
  void whoWaitsIsSentAwayWhenTheJobsGoElsewhere() {
    Workers workers = pull();
    Sluice sluice = rig.sluice();
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker worker = waiting.worker(() -> workers.lease("default", 1, LEASE, LONG));
      worker.awaitWaiting();
      Delivery here = Delivery.to((_, _) -> Outcome.done());
      sluice.define("default", QueuePolicy.defaults(), here);
      assertThat(worker.leased()).isEmpty();
    }
    rig.awaitState(rig.enqueue("x"), JobState.SUCCEEDED);
    sluice.define("default", QueuePolicy.defaults(), Delivery.pull());
    JobId id = rig.enqueue("y");
    assertThat(ids(take(workers, 1))).containsExactly(id);
  }

  @Test
  void whatCannotBeLeasedIsRefusedWithASentence() {
    Workers workers =
        rig.start(builder ->
                builder
                    .queue("pulled", QueuePolicy.defaults(), Delivery.pull())
                    .handle(WORK, (_, _) -> Outcome.done()))
            .workers();
    assertThatThrownBy(() -> take(workers, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queue: 'default' delivers its jobs itself; no worker can lease them");
    assertThatThrownBy(() -> workers.lease("nowhere", 1, LEASE, LONG))
        .hasMessage("queue: 'nowhere' is not configured; known are [default, pulled]");
    assertThatThrownBy(() -> workers.lease("pulled", 0, LEASE, LONG))
        .hasMessage("max: 0 must be between 1 and 1000");
    assertThatThrownBy(() -> workers.lease("pulled", 1, Duration.ofMillis(999), LONG))
        .hasMessage("lease: PT0.999S must be between PT1S and PT12H");
    assertThatThrownBy(() -> workers.lease("pulled", 1, LEASE, Duration.ofSeconds(61)))
        .hasMessage("wait: PT1M1S must be between PT0S and PT1M");
    assertThatThrownBy(() -> workers.extend(List.of(), Duration.ofHours(13)))
        .hasMessage("lease: PT13H must be between PT1S and PT12H");
  }

  @Test
  void aFullQueueThatNoWorkerAsksForSaysSo() {
    Workers workers = pull(QueuePolicy.defaults().withCapacity(1));
    Sluice sluice = rig.sluice();
    rig.enqueue("x");
    assertThat(sluice.enqueue(WORK, "y"))
        .as("one may still come")
        .matches(admission ->
            admission instanceof Admission.Refused(var reason, var after)
                && reason == Admission.Reason.CAPACITY_JOBS
                && after.isPresent());
    assertThat(rig.status().worked()).isTrue();

    rig.advance(Duration.ofSeconds(61));

    assertThat(rig.status().worked()).isFalse();
    assertThat(rig.status().eta()).isEmpty();
    assertThat(sluice.enqueue(WORK, "y"))
        .isEqualTo(new Admission.Refused(Admission.Reason.NO_WORKER, Optional.empty()));
    Rig.await("not this process's fault", () -> sluice.health().ready());

    assertThat(workers.lease("default", 1, Duration.ofHours(1), Duration.ZERO)).hasSize(1);
    rig.advance(Duration.ofSeconds(61));
    assertThat(rig.status().worked()).as("a worker has a job").isTrue();
  }
}
