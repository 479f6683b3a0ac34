package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.CodecException;
import dev.sluice.EnqueueOptions;
import dev.sluice.Handler;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.Schedule;
import dev.sluice.engine.Controllable;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
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
final class OutcomeTest {
  private final Rig rig;

  OutcomeTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private void handle(QueuePolicy policy, Handler<String> handler) {
    rig.start(builder -> builder.queue("default", policy).handle(WORK, handler));
  }

  private static QueuePolicy retries(int attempts) {
    return QueuePolicy.defaults()
        .withRetry(new RetryPolicy(attempts, Duration.ofSeconds(10), 2, Duration.ofHours(1), 0));
  }

  @Test
  void aJobIsHandledWithItsPayloadAndSucceeds() {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    handle(
        QueuePolicy.defaults(),
        (payload, job) -> {
          seen.add(payload + job.attempt() + job.queue() + job.type() + job.headers());
          job.progress(0.5, "half");
          return Outcome.done();
        });
    JobId id = rig.enqueue("ada", PLAIN.withHeaders(Map.of("traceparent", "00")));
    rig.awaitState(id, JobState.SUCCEEDED);
    assertThat(seen).containsExactly("ada1defaultwork{traceparent=00}");
    rig.awaitEvent(JobEvent.Succeeded.class, id);
    assertThat(rig.status().succeeded()).isEqualTo(1);
  }

  @Test
  void aFailedJobRunsAgainAfterGrowingPausesAndIsExhaustedAtTheEnd() {
    AtomicInteger runs = new AtomicInteger();
    handle(
        retries(3),
        (_, _) -> {
          throw new IllegalStateException("boom " + runs.incrementAndGet());
        });
    JobId id = rig.enqueue("x");
    for (int seconds : List.of(10, 20)) {
      long now = rig.environment().clock().wallMillis();
      rig.awaitState(id, JobState.SCHEDULED);
      assertThat(rig.view(id).dueAt()).isEqualTo(Instant.ofEpochMilli(now).plusSeconds(seconds));
      rig.advance(Duration.ofSeconds(seconds));
      int attempt = seconds / 10 + 1;
      Rig.await("attempt " + attempt, () -> runs.get() == attempt);
    }
    rig.awaitState(id, JobState.DEAD);
    JobView view = rig.view(id);
    assertThat(view.deathReason()).isEqualTo(DeathReason.EXHAUSTED);
    assertThat(view.attempt()).isEqualTo(3);
    assertThat(view.attempts()).hasSize(3);
    assertThat(view.attempts().getLast().error()).contains("boom 3");
    Rig.await("failures are counted", () -> rig.status().failed() == 3);
  }

  @Test
  void aJobMayHaveItsOwnNumberOfAttempts() {
    handle(retries(10), (_, _) -> Outcome.retry(Duration.ZERO, "no"));
    JobId id = rig.enqueue("x", PLAIN.withMaxAttempts(2));
    rig.awaitState(id, JobState.DEAD);
    assertThat(rig.view(id).attempt()).isEqualTo(2);
  }

  @Test
  void aSnoozeGivesTheAttemptBackAndIsNeverTooLate() {
    AtomicInteger runs = new AtomicInteger();
    List<Integer> attempts = new CopyOnWriteArrayList<>();
    handle(
        retries(1),
        (_, job) -> {
          attempts.add(job.attempt());
          return runs.incrementAndGet() < 3
              ? Outcome.snooze(Duration.ofMinutes(1))
              : Outcome.done();
        });
    JobId id = rig.enqueue("x", PLAIN.withTimeToStart(Duration.ofSeconds(1)));
    for (int i = 1; i <= 2; i++) {
      int snoozes = i;
      Rig.await("snooze", () -> rig.events(JobEvent.Snoozed.class, id).size() == snoozes);
      assertThat(rig.view(id).attempt()).isZero();
      rig.advance(Duration.ofMinutes(1));
    }
    rig.awaitState(id, JobState.SUCCEEDED);
    assertThat(attempts).containsExactly(1, 1, 1);
  }

  @Test
  void aBuriedJobIsDeadAtOnceAndAnOperatorCanRetryIt() {
    AtomicBoolean bury = new AtomicBoolean(true);
    handle(QueuePolicy.defaults(), (_, _) -> bury.get() ? Outcome.bury("useless") : Outcome.done());
    JobId id = rig.enqueue("x");
    rig.awaitState(id, JobState.DEAD);
    assertThat(rig.view(id).deathReason()).isEqualTo(DeathReason.BURIED);
    assertThat(rig.awaitEvent(JobEvent.Died.class, id).error()).isEqualTo("useless");
    bury.set(false);
    assertThat(rig.sluice().retry(id)).isEqualTo(Controllable.Control.APPLIED);
    rig.awaitState(id, JobState.SUCCEEDED);
  }

  @Test
  void whateverAHandlerThrowsIsTheFailureOfItsJobAlone() {
    handle(
        retries(1),
        (payload, _) -> {
          switch (payload) {
            case "error" -> throw new AssertionError("an error");
            case "stack" -> overflow(1);
            case "silent" -> throw new Unprintable();
            case "null" -> {
              return null;
            }
            default -> {
              return Outcome.done();
            }
          }
          throw new IllegalStateException("not reached");
        });
    Map<String, String> errors =
        Map.of(
            "error", "an error",
            "stack", "StackOverflowError",
            "silent", "Unprintable",
            "null", "the handler returned null instead of an outcome");
    errors.forEach((payload, error) -> {
      JobId id = rig.enqueue(payload);
      rig.awaitState(id, JobState.DEAD);
      assertThat(rig.view(id).lastFailure().orElseThrow().error()).contains(error);
    });
    rig.awaitState(rig.enqueue("fine"), JobState.SUCCEEDED);
  }

  @Test
  void aCodecThatFailsToDecodeFailsTheJobAndNotTheWorker() {
    Codec<String> odd =
        Codec.of(
            text -> text.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            bytes -> {
              if (bytes.length == 3) {
                throw new CodecException("not mine");
              }
              return "";
            });
    JobType<String> type = JobType.of("odd", odd);
    rig.start(
        builder -> builder.queue("default", retries(1)).handle(type, (_, _) -> Outcome.done()));
    JobId bad = Rig.accepted(rig.sluice().enqueue(type, "bad"));
    JobId good = Rig.accepted(rig.sluice().enqueue(type, "good"));
    rig.awaitState(bad, JobState.DEAD);
    rig.awaitState(good, JobState.SUCCEEDED);
    assertThat(rig.view(bad).lastFailure().orElseThrow().error()).contains("not mine");
  }

  @Test
  void aJobOfAnUnknownTypeIsParkedAndVisibleWhileOthersGoOn() {
    handle(retries(1), (_, _) -> Outcome.done());
    JobType<String> unknown = JobType.of("unknown", Codec.string());
    JobId parked;
    try (LogLines log = new LogLines("dev.sluice.jobs")) {
      parked = Rig.accepted(rig.sluice().enqueue(unknown, "x"));
      rig.awaitState(rig.enqueue("x"), JobState.SUCCEEDED);
      rig.awaitEvent(JobEvent.Parked.class, parked);
      assertThat(log.lines())
          .containsExactly(
              "WARNING job "
                  + parked
                  + " of queue 'default', type 'unknown', is parked before it was started: no handler"
                  + " is registered for the job type 'unknown'");
    }
    JobView view = rig.view(parked);
    assertThat(view.state()).isEqualTo(JobState.SCHEDULED);
    assertThat(view.attempt()).isZero();
    assertThat(view.lastFailure().orElseThrow().error())
        .isEqualTo("no handler is registered for the job type 'unknown'");
    assertThat(rig.status().failed()).isZero();
  }

  @Test
  void aParkedJobExpiresByItsTimeToStart() {
    handle(retries(1), (_, _) -> Outcome.done());
    JobType<String> unknown = JobType.of("unknown", Codec.string());
    EnqueueOptions inTime = PLAIN.withTimeToStart(Duration.ofSeconds(50));
    JobId parked = Rig.accepted(rig.sluice().enqueue(unknown, "x", inTime));
    for (int i = 1; i <= 2; i++) {
      int times = i;
      Rig.await("parked", () -> rig.events(JobEvent.Parked.class, parked).size() == times);
      rig.advance(Duration.ofSeconds(30));
    }
    rig.awaitState(parked, JobState.DEAD);
    assertThat(rig.view(parked).deathReason()).isEqualTo(DeathReason.EXPIRED);
  }

  @Test
  void aListenerThatThrowsHarmsNobody() {
    Error broken = new AssertionError("a bad listener");
    rig.start(builder ->
        builder
            .listen(_ -> {
              throw broken;
            })
            .listen(_ -> {
              throw new IllegalStateException("another one");
            })
            .handle(WORK, (_, _) -> Outcome.done()));
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      ids.add(rig.enqueue("x"));
    }
    ids.forEach(id -> rig.awaitState(id, JobState.SUCCEEDED));
    ids.forEach(id -> rig.awaitEvent(JobEvent.Succeeded.class, id));
  }

  @Test
  void madeUpScheduleHeadersDoNotStopTheDispatcher() {
    handle(QueuePolicy.defaults(), (_, _) -> Outcome.done());
    rig.sluice().schedule("hourly", Schedule.every(Duration.ofHours(1)), WORK, "tick");
    Map<String, String> forged = Map.of("sluice-schedule", "hourly", "sluice-firing", "never");
    rig.awaitState(rig.enqueue("x", PLAIN.withHeaders(forged)), JobState.SUCCEEDED);
    rig.awaitState(rig.enqueue("y"), JobState.SUCCEEDED);
  }

  @Test
  void aHandlerMayEnqueue() {
    AtomicReference<JobId> child = new AtomicReference<>();
    handle(
        QueuePolicy.defaults().withConcurrency(1),
        (payload, _) -> {
          if (payload.equals("parent")) {
            child.set(rig.enqueue("child"));
          }
          return Outcome.done();
        });
    rig.awaitState(rig.enqueue("parent"), JobState.SUCCEEDED);
    rig.awaitState(child.get(), JobState.SUCCEEDED);
  }

  private static int overflow(int depth) {
    return depth == Integer.MIN_VALUE ? depth : overflow(depth + 1) + 1;
  }

  private static final class Unprintable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new AssertionError("no message");
    }
  }
}
