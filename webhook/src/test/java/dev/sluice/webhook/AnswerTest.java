package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Outcome;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AnswerTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");
  private static final Target TARGET =
      Target.parse("https://api.example.com/hook", Reach.internet());

  private static Outcome outcome(int status, @Nullable String retryAfter, String body) {
    return new Answer(status, retryAfter, body).outcome(TARGET, NOW);
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 201, 202, 204, 206, 250, 299})
  void successIsDone(int status) {
    assertThat(outcome(status, "60", "whatever")).isEqualTo(Outcome.done());
  }

  @Test
  void goneIsBuried() {
    assertThat(outcome(410, "60", "moved out"))
        .isEqualTo(Outcome.bury("HTTP 410 from api.example.com: moved out"));
  }

  @ParameterizedTest
  @ValueSource(ints = {300, 301, 302, 303, 307, 308})
  void redirectsAreFailures(int status) {
    assertThat(outcome(status, "60", ""))
        .isEqualTo(
            Outcome.retry("HTTP " + status + " from api.example.com (redirects are not followed)"));
  }

  @ParameterizedTest
  @ValueSource(ints = {101, 400, 401, 403, 404, 408, 409, 413, 418, 425, 500, 501, 505, 599, 999})
  void othersAreRetriedByThePolicy(int status) {
    assertThat(outcome(status, "60", "why"))
        .isEqualTo(Outcome.retry("HTTP " + status + " from api.example.com: why"));
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 502, 503, 504})
  void thePauseAskedForIsKept(int status) {
    assertThat(outcome(status, "121", "busy"))
        .isEqualTo(
            Outcome.retry(
                Duration.ofSeconds(121), "HTTP " + status + " from api.example.com: busy"));
    assertThat(outcome(status, null, "busy"))
        .isEqualTo(Outcome.retry("HTTP " + status + " from api.example.com: busy"));
  }

  @ParameterizedTest
  @CsvSource({
    "1, PT1S",
    "' 30 ', PT30S",
    "0, PT1S",
    "86400, PT24H",
    "86401, PT24H",
    "999999999, PT24H",
    "99999999999999999999999999, PT24H",
    "'Mon, 23 Nov 2026 10:02:00 GMT', PT2M",
    "'Monday, 23-Nov-26 10:02:00 GMT', PT2M",
    "'Mon Nov 23 10:02:00 2026', PT2M",
    "'Tue Dec  1 09:00:00 2026', PT24H",
    "'Mon, 23 Nov 2026 09:00:00 GMT', PT1S",
    "'Fri, 23 Nov 2029 09:00:00 GMT', PT24H"
  })
  void aPauseIsSecondsOrADateWithinBounds(String retryAfter, Duration pause) {
    assertThat(outcome(503, retryAfter, ""))
        .isEqualTo(Outcome.retry(pause, "HTTP 503 from api.example.com"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1.5", "+5", "soon", "5s", "٥", "0x10", "tomorrow, 10:00"})
  void whatIsNoPauseIsLeftToThePolicy(String retryAfter) {
    assertThat(outcome(503, retryAfter, ""))
        .isEqualTo(Outcome.retry("HTTP 503 from api.example.com"));
  }

  @Test
  void theBodyIsCutAndMadeHarmless() {
    assertThat(Deliveries.note(outcome(500, null, "a".repeat(5000))))
        .hasSize("HTTP 500 from api.example.com: ".length() + 1024)
        .endsWith("aaa...");
    assertThat(
            Deliveries.note(
                outcome(
                    500,
                    null,
                    "\r\nline\nbreak\u2028 \u001b[31mred\u001b[0m\0 \u202eeversed\u200b\t\u009b1m \n")))
        .isEqualTo("HTTP 500 from api.example.com: line break   [31mred [0m   eversed   1m");
    assertThat(Deliveries.note(outcome(500, null, "Grüße 😀 你好")))
        .isEqualTo("HTTP 500 from api.example.com: Grüße 😀 你好");
  }

  @Test
  void aCutSplitsNoCharacter() {
    for (int before = 1015; before < 1024; before++) {
      String note = Deliveries.note(outcome(500, null, "a".repeat(before) + "😀".repeat(20)));
      assertThat(note).hasSizeLessThanOrEqualTo(31 + 1024).endsWith("...");
      assertThat(note.replace("😀", "").chars().noneMatch(c -> Character.isSurrogate((char) c)))
          .isTrue();
    }
  }
}
