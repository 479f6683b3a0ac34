package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.CloseReport;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.contract.Brokerlike;
import dev.sluice.job.JobId;
import dev.sluice.memory.MemoryEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Queues of a broker whose calls stay without an answer, beside one that is well.
@Timeout(300)
final class SilentQueueTest {
  private static final JobType<String> GOOD = Rig.WORK.on("good");
  private static final List<String> SILENT = List.of("silent-1", "silent-2");
  private static final Duration LEASE = QueuePolicy.defaults().lease();

  @TempDir Path directory;

  private final AtomicReference<Brokerlike<MemoryEngine>> engine = new AtomicReference<>();

  /// What handlers wait for, by the payload of their jobs; the others end at once.
  private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  private Rig rig;

  @BeforeEach
  void start() {
    rig = new Rig(EngineKind.MEMORY, directory);
    rig.wrap(inner -> {
      Brokerlike<MemoryEngine> wrapped = new Brokerlike<>((MemoryEngine) inner);
      engine.set(wrapped);
      return wrapped;
    });
    QueuePolicy policy = QueuePolicy.defaults().withConcurrency(1).withTimeout(Duration.ofHours(2));
    rig.start(builder ->
        builder
            .queue("good", policy)
            .queue("silent-1", policy)
            .queue("silent-2", policy)
            .handle(
                Rig.WORK,
                (payload, _) -> {
                  CountDownLatch gate = gates.get(payload);
                  if (gate != null) {
                    gate.await();
                  }
                  return Outcome.done();
                }));
  }

  @AfterEach
  void close() {
    SILENT.forEach(broker()::letGo);
    gates.values().forEach(CountDownLatch::countDown);
    rig.close();
  }

  private Brokerlike<MemoryEngine> broker() {
    Brokerlike<MemoryEngine> opened = engine.get();
    assertThat(opened).isNotNull();
    return opened;
  }

  private JobId enqueue(String queue, String payload) {
    return Rig.accepted(rig.sluice().enqueue(Rig.WORK.on(queue), payload));
  }

  /// A job whose handler runs until the gate of that payload is opened.
  private JobId run(String queue, String payload) {
    gates.computeIfAbsent(payload, _ -> new CountDownLatch(1));
    JobId id = enqueue(queue, payload);
    rig.awaitEvent(JobEvent.Started.class, id);
    return id;
  }

  private void end(String payload) {
    CountDownLatch gate = gates.get(payload);
    assertThat(gate).isNotNull();
    gate.countDown();
  }

  /// One job each whose end nobody records, for the broker is silent.
  private List<JobId> endUnheard() {
    List<JobId> ids = SILENT.stream().map(queue -> run(queue, "silent")).toList();
    SILENT.forEach(broker()::hold);
    end("silent");
    SILENT.forEach(queue -> Rig.await("settling " + queue, () -> broker().held(queue) == 1));
    return ids;
  }

  private int running(String queue) {
    return (int) rig.sluice().running().stream().filter(run -> run.queue().equals(queue)).count();
  }

  @Test
  void anEndThatIsNotAnsweredHoldsUpNoOtherQueue() {
    List<JobId> silent = endUnheard();
    List<JobId> good = Stream.of("1", "2", "3").map(payload -> enqueue("good", payload)).toList();

    // Each needs the slot of the one before.
    good.forEach(id -> rig.awaitEvent(JobEvent.Succeeded.class, id));
    Rig.await("free slot", () -> running("good") == 0);
    SILENT.forEach(queue -> assertThat(running(queue)).isEqualTo(1));

    SILENT.forEach(broker()::letGo);
    silent.forEach(id -> rig.awaitEvent(JobEvent.Succeeded.class, id));
    Stream.concat(silent.stream(), good.stream())
        .forEach(id -> {
          assertThat(broker().settled(id)).isEqualTo(1);
          assertThat(rig.events(JobEvent.Succeeded.class, id)).hasSize(1);
        });
    Rig.await("nothing runs", () -> rig.sluice().running().isEmpty());
    assertThat(rig.sluice().health().ready()).isTrue();
  }

  @Test
  void whatEndsMeanwhileIsRecordedAfterItAndOnce() {
    endUnheard();
    rig.sluice().reconfigure("silent-1", policy -> policy.withConcurrency(4));
    List<JobId> later =
        Stream.of("1", "2", "3").map(payload -> enqueue("silent-1", payload)).toList();
    later.forEach(id -> rig.awaitEvent(JobEvent.Started.class, id));
    rig.awaitEvent(JobEvent.Succeeded.class, enqueue("good", "x"));

    assertThat(broker().held("silent-1")).as("one call of a queue at a time").isEqualTo(1);
    broker().letGo("silent-1");

    later.forEach(id -> rig.awaitEvent(JobEvent.Succeeded.class, id));
    later.forEach(id -> assertThat(broker().settled(id)).isEqualTo(1));
  }

  @Test
  void aSilentQueueThatFailsInTheEndIsTriedAgain() {
    List<JobId> silent = endUnheard();
    broker().breakQueue("silent-1");
    broker().letGo("silent-1");
    Rig.await("trouble", () -> !rig.sluice().health().ready());
    assertThat(rig.sluice().health().reasons().toString())
        .contains("1 ended jobs wait to be recorded: queue 'silent-1' is broken");

    broker().breakQueue(null);
    rig.advance(Duration.ofSeconds(1));

    rig.awaitEvent(JobEvent.Succeeded.class, silent.getFirst());
    Rig.await("health", () -> rig.sluice().health().ready());
  }

  @Test
  void aCloseEndsAtItsDeadlineAndReportsWhatIsNotRecorded() {
    List<JobId> silent = endUnheard();
    JobId good = run("good", "good");
    end("good");
    try (LogLines log = new LogLines("dev.sluice.settler")) {
      assertThat(rig.sluice().close(Duration.ofMillis(500))).isEqualTo(new CloseReport(1, 0, 2));
      assertThat(log.lines())
          .containsExactlyInAnyOrder(
              "WARNING 1 ended jobs of queue 'silent-1' are not recorded: the engine has not"
                  + " answered before the end of the close",
              "WARNING 1 ended jobs of queue 'silent-2' are not recorded: the engine has not"
                  + " answered before the end of the close");
    }
    SILENT.forEach(queue -> assertThat(broker().held(queue)).isEqualTo(1));
    assertThat(broker().settled(good)).isEqualTo(1);
    silent.forEach(id -> assertThat(broker().settled(id)).isZero());
  }

  @Test
  void aCloseWaitsForAnAnswerThatComesInTime() throws Exception {
    List<JobId> silent = endUnheard();
    AtomicReference<CloseReport> report = new AtomicReference<>();
    Thread closing =
        Thread.ofVirtual().start(() -> report.set(rig.sluice().close(Duration.ofMinutes(2))));
    Rig.await("closing", () -> rig.sluice().health().reasons().contains("shutting down"));

    SILENT.forEach(broker()::letGo);
    closing.join();

    assertThat(report.get()).isEqualTo(new CloseReport(2, 0, 0));
    silent.forEach(id -> assertThat(broker().settled(id)).isEqualTo(1));
  }

  @Test
  void aLeaseThatIsNotAnsweredLetsNoOtherRunOut() {
    List<JobId> silent = SILENT.stream().map(queue -> run(queue, "long")).toList();
    JobId good = run("good", "long");
    SILENT.forEach(broker()::hold);
    rig.advance(LEASE.dividedBy(2));
    SILENT.forEach(queue -> Rig.await("extending " + queue, () -> broker().held(queue) == 1));
    for (int third = 0; third < 9; third++) {
      Rig.await("extended", () -> broker().extended().contains(good));
      rig.awaitEvent(JobEvent.Succeeded.class, enqueueBeside());
      broker().extended().clear();
      rig.advance(LEASE.dividedBy(2));
    }
    SILENT.forEach(
        queue -> assertThat(broker().held(queue)).as("one call of a queue at a time").isEqualTo(1));

    SILENT.forEach(broker()::letGo);
    silent.forEach(id -> Rig.await("extended", () -> broker().extended().contains(id)));
    end("long");
    Stream.concat(silent.stream(), Stream.of(good))
        .forEach(id -> {
          rig.awaitEvent(JobEvent.Succeeded.class, id);
          assertThat(broker().settled(id)).isEqualTo(1);
          assertThat(rig.events(JobEvent.Started.class, id)).hasSize(1);
        });
  }

  /// Something that shows that the good queue works on, beside its long job.
  private JobId enqueueBeside() {
    rig.sluice().reconfigure("good", policy -> policy.withConcurrency(2));
    return Rig.accepted(rig.sluice().enqueue(GOOD, "beside"));
  }

  @Test
  void leasesThatAreNotAnsweredForLongAreTrouble() {
    run("silent-1", "long");
    broker().hold("silent-1");
    rig.advance(LEASE.dividedBy(2));
    Rig.await("extending", () -> broker().held("silent-1") == 1);
    assertThat(rig.sluice().health().ready()).isTrue();

    rig.advance(Duration.ofSeconds(16));

    assertThat(rig.sluice().health().reasons().toString())
        .contains("the engine has not answered for 16 s");
    broker().letGo("silent-1");
    Rig.await("health", () -> rig.sluice().health().ready());
  }
}
