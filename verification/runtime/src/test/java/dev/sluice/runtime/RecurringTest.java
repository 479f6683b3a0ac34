package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.PLAIN;
import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
@ParameterizedClass
@EnumSource(EngineKind.class)
final class RecurringTest {
  private final Rig rig;

  RecurringTest(EngineKind kind, @TempDir Path directory) {
    rig = new Rig(kind, directory);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private static final Schedule HOURLY = Schedule.every(Duration.ofHours(1));
  private final Map<String, Integer> fired = new ConcurrentHashMap<>();

  private Sluice start() {
    return rig.start(builder ->
        builder.handle(
            WORK,
            (payload, _) -> {
              fired.merge(payload, 1, Integer::sum);
              return Outcome.done();
            }));
  }

  private long scheduled() {
    return rig.status().counts().scheduled();
  }

  private void awaitPlanned() {
    Rig.await(
        "the next firing waits",
        () -> {
          rig.advance(Duration.ofMillis(10));
          return scheduled() == 1;
        });
  }

  private void awaitFired(String payload, int times) {
    Rig.await(payload + " fired " + times, () -> fired.getOrDefault(payload, 0) == times);
  }

  @Test
  void eachFiringRunsOnce() {
    start().schedule("hourly", HOURLY, WORK, "tick");
    assertThat(rig.sluice().schedules()).containsExactly("hourly");
    for (int i = 1; i <= 5; i++) {
      awaitPlanned();
      rig.advance(Duration.ofHours(1));
      awaitFired("tick", i);
    }
    awaitPlanned();
    assertThat(fired).containsEntry("tick", 5);
  }

  @Test
  void aFiringBelowAMillisecondIsNotWithdrawn() {
    Instant once = Instant.ofEpochMilli(Rig.START_MILLIS).plusSeconds(60).plusNanos(500_000);
    Schedule odd = after -> after.isBefore(once) ? Optional.of(once) : Optional.empty();
    start().schedule("odd", odd, WORK, "tick");
    awaitPlanned();
    rig.advance(Duration.ofMinutes(2));
    awaitFired("tick", 1);
  }

  @Test
  void aScheduleThatThrowsDoesNotKeepTheOthersFromFiring() {
    Sluice sluice = start();
    sluice.schedule(
        "broken",
        _ -> {
          throw new IllegalStateException("no");
        },
        WORK,
        "never");
    sluice.schedule("hourly", HOURLY, WORK, "tick");
    awaitPlanned();
    rig.advance(Duration.ofHours(1));
    awaitFired("tick", 1);
  }

  @Test
  void anUnscheduledFiringIsCancelled() {
    Sluice sluice = start();
    sluice.schedule("hourly", HOURLY, WORK, "tick");
    awaitPlanned();
    assertThat(sluice.unschedule("hourly")).isTrue();
    assertThat(sluice.unschedule("hourly")).isFalse();
    Rig.await("nothing waits", () -> scheduled() == 0);
    assertThat(rig.status().counts().cancelled()).isEqualTo(1);
  }

  @Test
  void aFiringThatRunsIsNotInterruptedByUnschedule() {
    Instant once = Instant.ofEpochMilli(Rig.START_MILLIS).plusSeconds(60);
    Schedule onlyOnce = after -> after.isBefore(once) ? Optional.of(once) : Optional.empty();
    CountDownLatch gate = new CountDownLatch(1);
    Sluice sluice =
        rig.start(builder ->
            builder.handle(
                WORK,
                (_, context) -> {
                  gate.await();
                  return context.isCancelled() ? Outcome.bury("cancelled") : Outcome.done();
                }));
    sluice.schedule("once", onlyOnce, WORK, "tick");
    awaitPlanned();
    rig.advance(Duration.ofMinutes(1));
    Rig.await("it runs", () -> rig.status().counts().running() == 1);
    assertThat(sluice.unschedule("once")).isTrue();
    gate.countDown();
    Rig.await("it ended well", () -> rig.status().counts().succeeded() == 1);
  }

  @Test
  void aChangedScheduleWithdrawsTheOldFiring() {
    Sluice sluice = start();
    sluice.schedule("s", HOURLY, WORK, "old");
    awaitPlanned();
    sluice.schedule("s", Schedule.every(Duration.ofHours(24)), WORK, "new");
    Rig.await(
        "both wait",
        () -> {
          rig.advance(Duration.ofMillis(10));
          return scheduled() == 2;
        });
    rig.advance(Duration.ofHours(1));
    Rig.await("withdrawn", () -> rig.status().counts().cancelled() == 1);
    rig.advance(Duration.ofHours(24));
    awaitFired("new", 1);
    assertThat(fired).doesNotContainKey("old");
  }

  @Test
  void badSchedulesAreRefused() {
    Sluice sluice = start();
    assertThatThrownBy(() -> sluice.schedule("a b", HOURLY, WORK, "x"))
        .hasMessage("schedule: 'a b' must be 1 to 128 characters of A-Z a-z 0-9 . _ -");
    NewJob<String> delayed = new NewJob<>(WORK, "x", PLAIN.withDelay(Duration.ofSeconds(1)));
    assertThatThrownBy(() -> sluice.schedule("s", HOURLY, delayed, Schedule.Missed.SKIP))
        .hasMessage("delay: cannot be set for a recurring job");
    NewJob<String> nowhere = new NewJob<>(WORK, "x", PLAIN.withQueue("nowhere"));
    assertThatThrownBy(() -> sluice.schedule("s", HOURLY, nowhere, Schedule.Missed.SKIP))
        .hasMessage("queue: 'nowhere' is not configured; known are [default]");
    assertThat(sluice.schedules()).isEmpty();
  }
}
