package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Delays on a real broker.
final class DelayTest {
  private static Broker broker;

  @BeforeAll
  static void startBroker() {
    broker = Broker.any();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Test
  void noJobIsEarlyAndNoneWaitsBehindALaterOne() {
    try (Crew crew = new Crew(broker, Duration.ofSeconds(10))) {
      RabbitEngine engine = crew.engine();
      crew.accept(engine, List.of(crew.job(crew.now() + 60_000)));
      crew.glance(engine, 500);
      Map<JobId, Long> due = new HashMap<>();
      List<Job> jobs = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        Job job = crew.job(crew.now() + 500 + i * 6_500L / 300 * ((i * 7) % 3 + 1) / 3);
        due.put(job.id(), job.options().runAtMillis());
        jobs.add(job);
      }
      crew.accept(engine, jobs);
      List<Long> late = new ArrayList<>();
      crew.await(
          () -> {
            for (Claim claim : crew.glance(engine, 500)) {
              assertThat(due.remove(claim.job().id())).isNotNull();
              late.add(crew.now() - claim.job().options().runAtMillis());
            }
            return due.isEmpty();
          },
          "300 delayed jobs");
      late.sort(null);
      System.out.printf(
          "300 delays of 0.5 to 7 s: late by %d ms at least, %d median, %d p99, %d at most%n",
          late.getFirst(), late.get(150), late.get(297), late.getLast());
      assertThat(late.getFirst()).isNotNegative();
      // A unit of rounding, and what the broker takes on each level under the load of a test.
      assertThat(late.getLast()).isLessThan(2_000);
    }
  }

  @Test
  void theLongestDelayIsTaken() {
    try (Crew crew = new Crew(broker, Duration.ofSeconds(10))) {
      RabbitEngine engine = crew.engine();
      long far = crew.now() + engine.limits().delay().toMillis();
      long begun = System.nanoTime();
      crew.acceptSoon(engine, () -> List.of(crew.job(far)));
      System.out.printf(
          "the first delay of 3,650 days was accepted after %d ms%n",
          (System.nanoTime() - begun) / 1_000_000);
      crew.accept(engine, List.of(crew.job(far), crew.job(crew.now() + 100)));

      assertThat(crew.claim(engine, 1)).hasSize(1);
      crew.await(() -> engine.counts(Crew.QUEUE).scheduled() == 2, "two that wait");
    }
  }
}
