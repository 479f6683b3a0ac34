package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.ClaimRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class QueueRuntimeTest {
  private static QueueRuntime queue(QueuePolicy policy) {
    return new QueueRuntime("q", policy, Delivery.byType(), 0);
  }

  @ParameterizedTest(name = "{0} slots, {1} run, {2} zombies, {3} replaced: {4} free")
  @CsvSource({
    "4, 0, 0, 2, 4",
    "4, 3, 2, 2, 1",
    "4, 0, 3, 2, 3",
    "4, 3, 4, 2, 0",
    "4, 0, 9, 2, 0",
    "4, 0, 1, 0, 3",
    "2, 5, 0, 2, 0"
  })
  void zombiesBeyondTheLimitTakeSlotsAway(
      int concurrency, int running, int zombies, int maxZombies, int free) {
    QueueRuntime queue =
        queue(QueuePolicy.defaults().withConcurrency(concurrency).withMaxZombies(maxZombies));
    queue.running.set(running);
    queue.zombies.set(zombies);
    assertThat(queue.freeSlots()).isEqualTo(free);
    assertThat(queue.complaints().isEmpty()).isEqualTo(zombies <= maxZombies);
  }

  @Test
  void ofSixteenStartsOneIsSetAsideForLowAndTwoForNormal() {
    QueueRuntime queue = queue(QueuePolicy.defaults().withConcurrency(1));
    int low = 0;
    int normal = 0;
    for (int i = 0; i < 1600; i++) {
      ClaimRequest request = queue.request(1, Duration.ofSeconds(30));
      low += request.low();
      normal += request.normal();
      queue.claimed(request, 1, i);
      queue.running.decrementAndGet();
    }
    assertThat(low).isBetween(99, 100);
    assertThat(normal).isBetween(198, 200);
  }

  @Test
  void theRateBoundsWhatMayStart() {
    QueueRuntime queue = queue(QueuePolicy.defaults().withRate(Rate.perSecond(2).withBurst(5)));
    assertThat(queue.startable(100, 0)).isEqualTo(1);
    assertThat(queue.startable(100, 10_000_000_000L)).isEqualTo(5);
    queue.claimed(queue.request(5, Duration.ofSeconds(30)), 5, 10_000_000_000L);
    assertThat(queue.startable(100, 10_000_000_000L)).isZero();
    assertThat(queue.nanosToToken(10_000_000_000L)).isBetween(499_999_000L, 500_001_000L);
    queue.change(QueuePolicy::withoutRate);
    assertThat(queue.startable(100, 10_000_000_000L)).isEqualTo(11);
  }

  @Test
  void theTimeToStartKnowsSlotsDrainAndRate() {
    QueueRuntime queue = queue(QueuePolicy.defaults().withConcurrency(2));
    assertThat(queue.timeToStart(1, 0)).contains(Duration.ZERO);
    assertThat(queue.timeToStart(2, 0)).as("nothing measured").isEmpty();
    queue.drain.begin(0);
    queue.drain.ended(1, true, 1_000_000_000);
    assertThat(queue.timeToStart(2, 1_000_000_000).orElseThrow().plusNanos(50).toSeconds())
        .isEqualTo(1);
    assertThat(queue.timeToStart(11, 1_000_000_000).orElseThrow().plusNanos(50).toSeconds())
        .isEqualTo(10);
    queue.change(policy -> policy.withRate(new Rate(1, Duration.ofMinutes(1), 1)));
    assertThat(queue.timeToStart(1, 1_000_000_000)).contains(Duration.ofMinutes(1));
    assertThat(queue.timeToStart(11, 1_000_000_000)).contains(Duration.ofMinutes(11));
  }

  @Test
  void changesAtTheSameTimeAreAllMade() throws InterruptedException {
    QueueRuntime queue = queue(QueuePolicy.defaults().withConcurrency(1));
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int j = 0; j < 1000; j++) {
                  queue.change(policy -> policy.withConcurrency(policy.concurrency() + 1));
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(queue.policy().concurrency()).isEqualTo(8001);
  }
}
