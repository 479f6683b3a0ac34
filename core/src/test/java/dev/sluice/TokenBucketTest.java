package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TokenBucketTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long START = -5 * SECOND;

  @Test
  void startsWithOneTokenWhateverTheBurst() {
    TokenBucket bucket = new TokenBucket(Rate.perSecond(10).withBurst(100), START);
    assertThat(bucket.available(START)).isEqualTo(1);
  }

  @Test
  void tokensArriveEvenlyAndAreSavedUpToTheBurst() {
    TokenBucket bucket = new TokenBucket(Rate.perSecond(10).withBurst(3), START);
    bucket.take(1);
    assertThat(bucket.available(START + SECOND / 10 - 1000)).isZero();
    assertThat(bucket.available(START + SECOND / 10)).isEqualTo(1);
    assertThat(bucket.available(START + 2 * SECOND / 10)).isEqualTo(2);
    assertThat(bucket.available(START + 3600 * SECOND)).isEqualTo(3);
  }

  @Test
  void saysHowLongTheNextTokenTakes() {
    TokenBucket bucket = new TokenBucket(Rate.perSecond(10), START);
    assertThat(bucket.nanosToNext(START)).isZero();
    bucket.take(1);
    assertThat(bucket.nanosToNext(START)).isEqualTo(SECOND / 10);
    assertThat(bucket.nanosToNext(START + SECOND / 20)).isEqualTo(SECOND / 20);
  }

  @Test
  void neverGivesMoreThanRateAndBurstInAnyWindow() {
    Random random = new Random(42);
    Rate rate = new Rate(7, Duration.ofSeconds(1), 4);
    TokenBucket bucket = new TokenBucket(rate, START);
    long now = START;
    long taken = 0;
    for (int i = 0; i < 100_000; i++) {
      now += random.nextLong(SECOND / 2);
      int some = bucket.available(now);
      if (some > 0) {
        int take = 1 + random.nextInt(some);
        bucket.take(take);
        taken += take;
      }
      assertThat(some).isLessThanOrEqualTo(4);
      assertThat(taken).isLessThanOrEqualTo(4 + 7 * (now - START) / SECOND + 1);
    }
  }

  @Test
  void aChangedRateGivesNoStartAway() {
    TokenBucket bucket = new TokenBucket(Rate.perSecond(1), START);
    bucket.take(1);
    for (int i = 2; i < 100; i++) {
      bucket = bucket.changedTo(Rate.perSecond(i), START);
      assertThat(bucket.available(START)).isZero();
    }
    assertThat(bucket.rate()).isEqualTo(Rate.perSecond(99));
    assertThat(bucket.nanosToNext(START)).isBetween(SECOND / 99, SECOND / 99 + 10);
  }

  @Test
  void aChangedRateKeepsWhatWasSavedUpToItsOwnBurst() {
    TokenBucket bucket = new TokenBucket(Rate.perSecond(10).withBurst(5), START);
    long later = START + 10 * SECOND;
    assertThat(bucket.available(later)).isEqualTo(5);
    assertThat(bucket.changedTo(Rate.perSecond(1).withBurst(3), later).available(later))
        .isEqualTo(3);
  }
}
