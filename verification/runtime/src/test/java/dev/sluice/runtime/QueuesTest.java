package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.Workers.Report;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Inspectable;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// Queues that come and go while a process works, how their jobs are delivered, and what people
/// steer and see.
@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class QueuesTest {
  private static final QueuePolicy POLICY = QueuePolicy.defaults();
  private static final JobType<String> OTHER = JobType.of("other", Codec.string());
  private final Rig rig;
  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

  QueuesTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.sluice().close(Duration.ZERO);
  }

  private Delivery noting(String prefix) {
    return Delivery.to((payload, job) -> {
      seen.add(prefix + job.type() + " " + new String(payload, StandardCharsets.UTF_8));
      return Outcome.done();
    });
  }

  @Test
  void everyTypeGoesToTheQueuesOwnHandler() throws InterruptedException {
    Sluice sluice =
        rig.start(builder ->
            builder
                .queue("default", POLICY, noting("own: "))
                .queue("typed", POLICY)
                .handle(
                    WORK,
                    (payload, _) -> {
                      seen.add("typed: " + payload);
                      return Outcome.done();
                    }));
    JobId handled = rig.enqueue("a");
    assertThat(seen.take()).isEqualTo("own: work a");
    JobId unknown = Rig.accepted(sluice.enqueue(OTHER, "b"));
    assertThat(seen.take()).isEqualTo("own: other b");
    rig.enqueue("c", PLAIN.withQueue("typed"));
    assertThat(seen.take()).isEqualTo("typed: c");
    rig.awaitState(handled, JobState.SUCCEEDED);
    rig.awaitState(unknown, JobState.SUCCEEDED);
  }

  @Test
  void aQueueIsAtWorkAsSoonAsItIsDefined() throws InterruptedException {
    Sluice sluice = rig.start(builder -> builder);
    assertThatThrownBy(() -> sluice.enqueue(WORK, "x", PLAIN.withQueue("new")))
        .hasMessage("queue: 'new' is not configured; known are [default]");
    sluice.define("new", POLICY, noting(""));
    assertThat(sluice.queues()).containsExactly("default", "new");
    rig.enqueue("x", PLAIN.withQueue("new"));
    assertThat(seen.take()).isEqualTo("work x");
    assertThat(sluice.status("new").worked()).isTrue();
    assertThatThrownBy(() -> sluice.define("no name", POLICY, noting("")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("queue: 'no name' must be");
  }

  @Test
  void aRedefinedQueueGoesByItsNewPolicyAndDelivery() throws InterruptedException {
    Sluice sluice = rig.start(builder -> builder);
    sluice.define("new", POLICY.withCapacity(1), Delivery.pull());
    rig.enqueue("a", PLAIN.withQueue("new"));
    assertThat(sluice.enqueue(WORK, "b", PLAIN.withQueue("new")))
        .isInstanceOf(Admission.Refused.class);
    sluice.define("new", POLICY.withCapacity(2), Delivery.pull());
    rig.enqueue("b", PLAIN.withQueue("new"));
    assertThat(seen).isEmpty();
    sluice.define("new", POLICY.withConcurrency(1), noting(""));
    assertThat(seen.take()).isEqualTo("work a");
    assertThat(seen.take()).isEqualTo("work b");
    assertThat(sluice.status("new").policy()).isEqualTo(POLICY.withConcurrency(1));
  }

  @Test
  void onlyAnEmptyQueueIsDropped() {
    Sluice sluice = rig.start(builder -> builder.queue("gone", POLICY, Delivery.pull()));
    rig.enqueue("a", PLAIN.withQueue("gone"));
    JobId later = rig.enqueue("b", PLAIN.withQueue("gone").withDelay(Duration.ofHours(1)));
    assertThatThrownBy(() -> sluice.drop("gone"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("queue: 'gone' must be empty, 2 jobs wait and 0 run");
    var lease = sluice.workers().lease("gone", 1, Duration.ofHours(1), Duration.ZERO).getFirst();
    sluice.cancel(later);
    assertThatThrownBy(() -> sluice.drop("gone"))
        .hasMessage("queue: 'gone' must be empty, 0 jobs wait and 1 run");
    assertThat(sluice.queues()).contains("gone");
    sluice.workers().settle(List.of(Report.of(lease.lease(), Outcome.done())));
    sluice.drop("gone");
    assertThat(sluice.queues()).containsExactly("default");
    assertThatThrownBy(() -> sluice.drop("gone"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("queue: 'gone' is not configured; known are [default]");
  }

  @Test
  void aDroppedQueueLeavesNothingBehind() {
    Sluice sluice = rig.start(builder -> builder.queue("gone", POLICY, Delivery.pull()));
    sluice.pause("gone");
    List<JobId> jobs =
        sluice
            .enqueue(
                IntStream.range(0, 1200)
                    .mapToObj(_ -> new NewJob<>(WORK, "x", PLAIN.withQueue("gone")))
                    .toList())
            .stream()
            .map(Rig::accepted)
            .toList();
    assertThat(sluice.purge("gone")).isEqualTo(1200);
    try (Waiting waiting = new Waiting()) {
      Waiting.Worker worker =
          waiting.worker(
              () -> sluice.workers().lease("gone", 1, Duration.ofHours(1), Duration.ofSeconds(60)));
      worker.awaitWaiting();
      sluice.drop("gone");
      assertThat(worker.leased()).isEmpty();
    }
    assertThat(sluice.find(jobs.getFirst())).isEmpty();
    assertThat(sluice.find(jobs.getLast())).isEmpty();
    sluice.define("gone", POLICY, Delivery.pull());
    assertThat(sluice.status("gone").counts().paused()).isFalse();
    assertThat(sluice.status("gone").accepted()).isZero();
    JobId id = rig.enqueue("y", PLAIN.withQueue("gone"));
    assertThat(sluice.workers().lease("gone", 1, Duration.ofHours(1), Duration.ZERO))
        .extracting(leased -> leased.job().id())
        .containsExactly(id);
  }

  @Test
  void aQueueThatAScheduleFiresIntoStays() {
    Sluice sluice = rig.start(builder -> builder.queue("used", POLICY));
    sluice.schedule(
        "tick",
        Schedule.every(Duration.ofHours(1)),
        new NewJob<>(WORK, "tick", PLAIN.withQueue("used")),
        Schedule.Missed.RUN_ONE);
    assertThatThrownBy(() -> sluice.drop("used"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("queue: 'used' is still used by the schedule 'tick'");
    sluice.unschedule("tick");
    Rig.await("nothing waits", () -> sluice.status("used").counts().waiting() == 0);
    sluice.drop("used");
  }

  @Test
  void aCancelledJobThatWaitedIsTold() {
    Sluice sluice = rig.start(builder -> builder);
    JobId id = rig.enqueue("x");
    sluice.cancel(id);
    assertThat(rig.awaitEvent(JobEvent.Cancelled.class, id).attempt()).isZero();
    assertThat(sluice.cancel(id)).isEqualTo(Control.WRONG_STATE);
    assertThat(rig.events(JobEvent.Cancelled.class, id)).hasSize(1);
  }

  @Test
  void aScheduledJobRunsNow() throws InterruptedException {
    Sluice sluice = rig.start(builder -> builder.queue("default", POLICY, noting("")));
    JobId id = rig.enqueue("x", PLAIN.withDelay(Duration.ofHours(1)));
    assertThat(sluice.runNow(id)).isEqualTo(Control.APPLIED);
    assertThat(seen.take()).isEqualTo("work x");
    rig.awaitState(id, JobState.SUCCEEDED);
    assertThat(sluice.runNow(id)).isEqualTo(Control.WRONG_STATE);
  }

  @Test
  void jobsAreListedFoundByKeyAndDeleted() {
    Sluice sluice = rig.start(builder -> builder);
    JobId first = rig.enqueue("a", PLAIN.withKey("k"));
    JobId second = rig.enqueue("b");
    assertThat(sluice.findByKey("default", "k").orElseThrow().view().id()).isEqualTo(first);
    Inspectable.Page page = sluice.list("default", JobState.READY, 1, null);
    assertThat(page.jobs()).extracting(JobView::id).containsExactly(first);
    assertThat(sluice.list("default", JobState.READY, 1, page.next()).jobs())
        .extracting(JobView::id)
        .containsExactly(second);
    assertThat(sluice.delete(first)).isEqualTo(Control.WRONG_STATE);
    sluice.cancel(first);
    assertThat(sluice.delete(first)).isEqualTo(Control.APPLIED);
    assertThat(sluice.find(first)).isEmpty();
    assertThat(sluice.findByKey("default", "k")).isEmpty();
    rig.enqueue("c", PLAIN.withKey("k"));
  }

  @Test
  void textsAreKeptByTheEngine() {
    Sluice sluice = rig.start(builder -> builder);
    assertThat(sluice.remembered()).isEmpty();
    sluice.remember("queue/mail", "capacity 5");
    sluice.remember("other", "x");
    sluice.remember("other", null);
    assertThat(sluice.remembered()).isEqualTo(Map.of("queue/mail", "capacity 5"));
  }

  @Test
  void eachBatchOfEnqueuesIsMeasured() {
    List<Integer> batches = new CopyOnWriteArrayList<>();
    Sluice sluice =
        rig.start(builder ->
            builder.measure((jobs, nanos) -> {
              assertThat(nanos).isNotNegative();
              batches.add(jobs);
            }));
    rig.enqueue("a");
    sluice.enqueue(List.of(NewJob.of(WORK, "b"), NewJob.of(WORK, "c")));
    assertThat(batches).containsExactly(1, 2);
  }

  @Test
  void aListenerOfBatchesThatThrowsHarmsNobody() {
    rig.start(builder ->
        builder.measure((_, _) -> {
          throw new IllegalStateException("broken");
        }));
    JobId id = rig.enqueue("a");
    assertThat(rig.view(id).state()).isEqualTo(JobState.READY);
  }
}
