package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DrainRateTest {
  private static final long SECOND = 1_000_000_000L;

  private static Duration neverAsked() {
    throw new AssertionError("something was measured");
  }

  private final DrainRate drain = new DrainRate();

  private long drainOneEach(long nanos, int times, long from) {
    long now = from;
    for (int i = 0; i < times; i++) {
      drain.begin(now);
      now += nanos;
      drain.ended(1, false, now);
    }
    return now;
  }

  @Test
  void knowsNothingBeforeTheFirstJobEnded() {
    drain.begin(0);
    assertThat(drain.timeUntil(0, SECOND)).isEmpty();
    assertThat(drain.perSecond()).isZero();
  }

  @Test
  void measuresASteadyDrain() {
    long now = drainOneEach(SECOND / 4, 100, 0);
    assertThat(drain.perSecond()).isCloseTo(4, within(0.01));
    assertThat(drain.timeUntil(7, now).orElseThrow().toMillis()).isBetween(1_999L, 2_001L);
  }

  @Test
  void followsAChangeWithinItsMemory() {
    long now = drainOneEach(SECOND / 10, 100, 0);
    drainOneEach(2 * SECOND, 30, now);
    assertThat(drain.perSecond()).isCloseTo(0.5, within(0.05));
  }

  @Test
  void timeWithoutWorkDoesNotCount() {
    drain.begin(0);
    drain.ended(1, true, SECOND);
    drain.begin(1_000 * SECOND);
    drain.ended(1, true, 1_001 * SECOND);
    assertThat(drain.perSecond()).isCloseTo(1, within(0.01));
  }

  @Test
  void jobsThatOnlyWaitAgainAreNoDrain() {
    drain.begin(0);
    drain.ended(0, true, SECOND);
    assertThat(drain.perSecond()).isZero();
  }

  @Test
  void theTimeThatPassedSinceTheLastEndIsTakenOff() {
    long now = drainOneEach(10 * SECOND, 20, 0);
    drain.begin(now);
    assertThat(drain.timeUntil(0, now + 4 * SECOND).orElseThrow().toSeconds()).isBetween(5L, 6L);
    assertThat(drain.timeUntil(0, now + 100 * SECOND).orElseThrow()).isZero();
  }

  @Test
  void partsOfOneBatchCountAsTheWholeOfIt() {
    DrainRate parts = new DrainRate();
    for (DrainRate each : new DrainRate[] {drain, parts}) {
      each.begin(0);
      each.ended(10, false, SECOND);
    }
    drain.ended(10, false, 2 * SECOND);
    for (int i = 0; i < 10; i++) {
      parts.ended(1, false, 2 * SECOND);
    }
    assertThat(parts.perSecond()).isCloseTo(drain.perSecond(), within(0.5));
  }

  @ParameterizedTest(name = "a job each {0} ms, random {1}: retry after {2} s")
  @CsvSource({
    "10, 0, 1",
    "10, 0.999, 2",
    "1500, 0, 2",
    "3000, 0, 3",
    "10000, 0.999, 12",
    "10000000, 0, 600"
  })
  void retryAfterIsWholeSecondsBetweenOneSecondAndTenMinutes(
      long millis, double random, long seconds) {
    long now = drainOneEach(millis * 1_000_000, 1, 0);
    assertThat(drain.retryAfter(DrainRateTest::neverAsked, 1, random, now))
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  @Test
  void retryAfterBeforeTheFirstEndGoesByTheLongestRunning() {
    assertThat(drain.retryAfter(() -> Duration.ofSeconds(30), 10, 0, 0))
        .isEqualTo(Duration.ofSeconds(3));
    assertThat(drain.retryAfter(() -> Duration.ZERO, 0, 0, 0)).isEqualTo(Duration.ofSeconds(1));
  }
}
