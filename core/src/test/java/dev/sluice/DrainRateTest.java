package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.LongStream;
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
    assertThat(drain.perSecond(SECOND)).isZero();
  }

  @Test
  void measuresASteadyDrain() {
    long now = drainOneEach(SECOND / 4, 100, 0);
    assertThat(drain.perSecond(now)).isCloseTo(4, within(0.01));
    assertThat(drain.timeUntil(7, now).orElseThrow().toMillis()).isBetween(1_999L, 2_001L);
  }

  @Test
  void followsAChangeWithinItsMemory() {
    long now = drainOneEach(SECOND / 10, 100, 0);
    now = drainOneEach(2 * SECOND, 40, now);
    assertThat(drain.perSecond(now)).isCloseTo(0.5, within(0.05));
  }

  @Test
  void timeWithoutWorkDoesNotCount() {
    drain.begin(0);
    drain.ended(1, true, SECOND);
    drain.begin(1_000 * SECOND);
    drain.ended(1, true, 1_001 * SECOND);
    assertThat(drain.perSecond(1_001 * SECOND)).isCloseTo(1, within(0.01));
  }

  @Test
  void aRateOfLongAgoIsNotShown() {
    long now = drainOneEach(SECOND / 4, 100, 0);
    assertThat(drain.perSecond(now + 60 * SECOND)).isCloseTo(4, within(0.01));
    assertThat(drain.perSecond(now + 61 * SECOND)).isZero();

    now = drainOneEach(100 * SECOND, 100, now);
    assertThat(drain.perSecond(now + 900 * SECOND)).isCloseTo(0.01, within(0.001));
    assertThat(drain.perSecond(now + 1_100 * SECOND)).isZero();
  }

  @Test
  void jobsThatOnlyWaitAgainAreNoDrain() {
    drain.begin(0);
    drain.ended(0, true, SECOND);
    assertThat(drain.perSecond(SECOND)).isZero();
  }

  @Test
  void theTimeThatPassedSinceTheLastEndIsTakenOff() {
    long now = drainOneEach(10 * SECOND, 20, 0);
    drain.begin(now);
    assertThat(drain.timeUntil(0, now + 4 * SECOND).orElseThrow().toSeconds()).isBetween(5L, 6L);
  }

  @Test
  void whatIsLateMayBeLateAsLongAgain() {
    long now = drainOneEach(10 * SECOND, 20, 0);
    drain.begin(now);
    assertThat(drain.timeUntil(0, now + 10 * SECOND).orElseThrow().toMillis()).isZero();
    assertThat(drain.timeUntil(0, now + 30 * SECOND).orElseThrow().toMillis())
        .isBetween(19_999L, 20_001L);
  }

  @Test
  void aFastFirstJobDoesNotMakeTheQueueLookFast() {
    long now = drainOneEach(1_000_000, 1, 0);
    now = drainOneEach(20 * SECOND, 1, now);
    drain.begin(now);
    assertThat(drain.timeUntil(0, now).orElseThrow().toMillis()).isBetween(19_900L, 20_000L);
    assertThat(drain.perSecond(now)).isCloseTo(0.1, within(0.01));
  }

  /// How the jobs of a simulated queue end, and how well a refused caller is told when. The queue
  /// is always full, so each end makes a place.
  private record Drain(int concurrency, boolean random, double seconds, boolean together) {
    double duration(Random source) {
      return random ? -seconds * Math.log(1 - source.nextDouble()) : seconds;
    }

    /// The part of the refusals whose Retry-After is within a factor 2 of the truth: of the time to
    /// the next end where durations are constant, of its mean where they are exponential and nobody
    /// can know more. The header has whole seconds, so nothing below one can be told.
    double told(long seed) {
      Random source = new Random(seed);
      DrainRate drain = new DrainRate();
      drain.begin(0);
      PriorityQueue<Double> ends = new PriorityQueue<>();
      for (int i = 0; i < concurrency; i++) {
        ends.add(duration(source) + (together ? 0 : i * seconds / concurrency));
      }
      int right = 0;
      int refusals = 0;
      double now = 0;
      for (int ended = 0; ended < 400; ended++) {
        double end = ends.remove();
        for (now -= Math.log(1 - source.nextDouble()) * seconds / concurrency / 5;
            now < end;
            now -= Math.log(1 - source.nextDouble()) * seconds / concurrency / 5) {
          if (ended >= 40) {
            double truth = Math.max(1, random ? seconds / concurrency : end - now);
            double told = retryAfter(drain, source.nextDouble(), now);
            refusals++;
            right += told >= truth / 2 && told <= truth * 2 ? 1 : 0;
          }
        }
        now = end;
        drain.ended(1, false, (long) (now * SECOND));
        ends.add(now + duration(source));
      }
      return (double) right / refusals;
    }

    private static double retryAfter(DrainRate drain, double random, double now) {
      return drain
          .retryAfter(DrainRateTest::neverAsked, 1, random, (long) (now * SECOND))
          .toSeconds();
    }
  }

  @ParameterizedTest(name = "{0} at once, random {1}, {2} s each, begun together {3}")
  @CsvSource({
    "1, false, 2, true",
    "1, false, 10, true",
    "1, false, 60, true",
    "1, true, 2, true",
    "1, true, 10, true",
    "1, true, 60, true",
    "10, false, 2, true",
    "10, false, 10, true",
    "10, false, 60, true",
    "10, false, 2, false",
    "10, false, 10, false",
    "10, false, 60, false",
    "10, true, 2, true",
    "10, true, 10, true",
    "10, true, 60, true"
  })
  void retryAfterIsWithinAFactorOfTwoInNineOfTenRefusals(
      int concurrency, boolean random, double seconds, boolean together) {
    Drain steady = new Drain(concurrency, random, seconds, together);
    double told = LongStream.rangeClosed(1, 20).mapToDouble(steady::told).average().orElseThrow();
    assertThat(told).isGreaterThanOrEqualTo(0.9);
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
    assertThat(parts.perSecond(2 * SECOND)).isCloseTo(drain.perSecond(2 * SECOND), within(0.5));
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
