package dev.sluice.cron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Schedule;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CronScheduleTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  @Test
  void firesAtLocalTimes() {
    assertThat(firings("0 3 * * MON-FRI", "2026-11-20T12:00+01:00[Europe/Berlin]", 2))
        .containsExactly("2026-11-23T03:00+01:00", "2026-11-24T03:00+01:00");
  }

  @Test
  void theNextFiringIsStrictlyAfter() {
    Schedule schedule = CronSchedule.parse("0 3 * * *", BERLIN);
    Instant three = Instant.parse("2026-11-23T02:00:00Z");

    assertThat(schedule.next(three)).contains(three.plusSeconds(86_400));
    assertThat(schedule.next(three.minusMillis(1))).contains(three);
  }

  @Test
  void aFixedTimeThatIsSkippedFiresWhenTheClockJumps() {
    assertThat(firings("30 2 * * *", "2026-03-28T12:00+01:00[Europe/Berlin]", 3))
        .containsExactly(
            "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00", "2026-03-31T02:30+02:00");
  }

  @Test
  void aTimeRightAfterTheJumpFiresOnce() {
    assertThat(firings("0 3 * * *", "2026-03-28T12:00+01:00[Europe/Berlin]", 2))
        .containsExactly("2026-03-29T03:00+02:00", "2026-03-30T03:00+02:00");
  }

  @Test
  void aFixedTimeThatComesTwiceFiresOnce() {
    assertThat(firings("30 2 * * *", "2026-10-24T12:00+02:00[Europe/Berlin]", 2))
        .containsExactly("2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00");
  }

  @Test
  void aPatternGoesOnThroughTheHourThatComesTwice() {
    assertThat(firings("*/30 * * * *", "2026-10-25T01:45+02:00[Europe/Berlin]", 5))
        .containsExactly(
            "2026-10-25T02:00+02:00",
            "2026-10-25T02:30+02:00",
            "2026-10-25T02:00+01:00",
            "2026-10-25T02:30+01:00",
            "2026-10-25T03:00+01:00");
  }

  @Test
  void aPatternLosesNothingAndRepeatsNothingWhenTheClockJumps() {
    assertThat(firings("*/30 * * * *", "2026-03-29T01:15+01:00[Europe/Berlin]", 3))
        .containsExactly(
            "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00");
  }

  @Test
  void aDateThatNeverComesNeverFires() {
    assertThat(CronSchedule.parse("0 0 31 2 *", BERLIN).next(Instant.EPOCH)).isEmpty();
  }

  @Test
  void askedForEachMillisecondAroundAJumpTheAnswersNeverGoBack() {
    Schedule schedule = CronSchedule.parse("30 2 * * *", BERLIN);
    Instant jump = Instant.parse("2026-03-29T01:00:00Z");
    Instant last = Instant.MIN;
    for (int offset = -2000; offset <= 2000; offset++) {
      Instant asked = jump.plusMillis(offset);
      Instant next = schedule.next(asked).orElseThrow();
      assertThat(next).isAfter(asked).isAfterOrEqualTo(last);
      last = next;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "foo", "61 * * * *", "* * * *", "* * * * * *", "0 0 0 * *"})
  void whatIsNoExpressionIsRefusedInASentence(String text) {
    assertThatThrownBy(() -> CronSchedule.parse(text, BERLIN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("cron: '" + text + "' is no cron expression: ");
  }

  private static List<String> firings(String expression, String after, int count) {
    Schedule schedule = CronSchedule.parse(expression, BERLIN);
    List<String> firings = new ArrayList<>();
    Optional<Instant> next = schedule.next(ZonedDateTime.parse(after).toInstant());
    while (next.isPresent() && firings.size() < count) {
      firings.add(next.get().atZone(BERLIN).toOffsetDateTime().toString());
      next = schedule.next(next.get());
    }
    return firings;
  }
}
