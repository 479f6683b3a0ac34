package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RetryPolicyTest {
  @ParameterizedTest(name = "after attempt {0}, random {1}, jitter {2}: {3} ms")
  @CsvSource({
    "1, 0, 1, 1000",
    "1, 0.25, 1, 750",
    "1, 0.999999, 1, 0",
    "1, 0.5, 0, 1000",
    "1, 0.5, 0.5, 750",
    "2, 0, 1, 3000",
    "3, 0, 1, 9000",
    "4, 0, 1, 10000",
    "1000, 0, 1, 10000",
  })
  void pausesGrowToTheLongestAndAreSpreadByJitter(
      int attempt, double random, double jitter, long millis) {
    RetryPolicy policy =
        new RetryPolicy(10, Duration.ofSeconds(1), 3, Duration.ofSeconds(10), jitter);
    assertThat(policy.pauseMillis(attempt, random)).isEqualTo(millis);
  }

  @Test
  void theDefaultsAreTenAttemptsWithFullJitter() {
    assertThat(RetryPolicy.defaults())
        .isEqualTo(new RetryPolicy(10, Duration.ofSeconds(5), 3, Duration.ofHours(1), 1));
    assertThat(RetryPolicy.never().maxAttempts()).isEqualTo(1);
  }

  @Test
  void aDelayBeyondTheLongestMovesTheLongest() {
    assertThat(RetryPolicy.defaults().withDelay(Duration.ofHours(2)).maxDelay())
        .isEqualTo(Duration.ofHours(2));
  }
}
