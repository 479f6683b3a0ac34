package dev.sluice.webhook;

import dev.sluice.Outcome;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.apache.hc.client5.http.utils.DateUtils;
import org.jspecify.annotations.Nullable;

/// What a target answered, and what that means for the job.
///
/// Threading: immutable.
///
/// @param status the HTTP status
/// @param retryAfter the header of that name, if there is one
/// @param body the beginning of the body, as it came
record Answer(int status, @Nullable String retryAfter, String body) {
  private static final Duration LEAST_PAUSE = Duration.ofSeconds(1);
  private static final Duration MOST_PAUSE = Duration.ofDays(1);
  private static final int SHOWN_BODY = 1024;

  /// The oldest of the three forms of a date in HTTP, which the client does not read.
  private static final DateTimeFormatter ASCTIME =
      DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  boolean isSuccess() {
    return status >= 200 && status < 300;
  }

  /// @param now for a `Retry-After` that is a date
  Outcome outcome(Target target, Instant now) {
    if (isSuccess()) {
      return Outcome.done();
    }
    String note = note(target);
    if (status == 410) {
      return Outcome.bury(note);
    }
    Duration pause = asksForPause() ? pause(now) : null;
    return pause == null ? Outcome.retry(note) : Outcome.retry(pause, note);
  }

  private String note(Target target) {
    String why = status >= 300 && status < 400 ? " (redirects are not followed)" : "";
    String shown = Text.harmless(body, SHOWN_BODY).strip();
    String head = "HTTP " + status + " from " + target + why;
    return shown.isEmpty() ? head : head + ": " + shown;
  }

  private boolean asksForPause() {
    return status == 429 || status == 502 || status == 503 || status == 504;
  }

  /// The pause asked for, within bounds; null when none can be read.
  private @Nullable Duration pause(Instant now) {
    if (retryAfter == null) {
      return null;
    }
    String text = retryAfter.strip();
    if (text.matches("[0-9]{1,9}")) {
      return bounded(Duration.ofSeconds(Long.parseLong(text)));
    }
    if (text.matches("[0-9]+")) {
      return MOST_PAUSE;
    }
    Instant date = date(text);
    return date == null ? null : bounded(Duration.between(now, date));
  }

  private static @Nullable Instant date(String text) {
    Instant date = DateUtils.parseStandardDate(text);
    if (date != null) {
      return date;
    }
    try {
      return ASCTIME.parse(text, Instant::from);
    } catch (DateTimeException _) {
      return null;
    }
  }

  private static Duration bounded(Duration pause) {
    if (pause.compareTo(LEAST_PAUSE) < 0) {
      return LEAST_PAUSE;
    }
    return pause.compareTo(MOST_PAUSE) > 0 ? MOST_PAUSE : pause;
  }
}
