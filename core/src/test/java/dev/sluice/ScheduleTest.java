package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ScheduleTest {
  @ParameterizedTest(name = "every {0} after {1}: {2}")
  @CsvSource({
    "PT1S, 2026-01-01T00:00:00Z, 2026-01-01T00:00:01Z",
    "PT1S, 2026-01-01T00:00:00.999Z, 2026-01-01T00:00:01Z",
    "PT1S, 2026-01-01T00:00:00.999999999Z, 2026-01-01T00:00:01Z",
    "PT1H, 2026-01-01T00:00:00.001Z, 2026-01-01T01:00:00Z",
    "PT24H, 2026-01-01T23:59:59Z, 2026-01-02T00:00:00Z",
    "PT24H, 1969-12-30T12:00:00Z, 1969-12-31T00:00:00Z",
  })
  void everyFiresAtMultiplesOfItsPeriodStrictlyAfter(
      Duration period, Instant after, Instant expected) {
    assertThat(Schedule.every(period).next(after)).contains(expected);
  }

  @ParameterizedTest
  @CsvSource({"PT0.999S", "PT0S", "-PT1S", "P3651D"})
  void everyRefusesAPeriodOutOfRange(Duration period) {
    assertThatThrownBy(() -> Schedule.every(period))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("schedule.every: " + period + " must be between PT1S and PT87600H");
  }

  @Test
  void everyRefusesWhatIsNoWholeMillisecond() {
    assertThatThrownBy(() -> Schedule.every(Duration.ofNanos(1_000_000_001)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("schedule.every: PT1.000000001S must be whole milliseconds");
  }
}
