package dev.sluice;

import java.time.Duration;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How many jobs of a queue may start in a time. Permits arrive evenly; up to `burst` of them are
/// saved while nothing starts, so within any window `w` at most `burst + permits * w / per` start.
///
/// Threading: immutable.
///
/// @param permits starts in each `per`, 1 to 1,000,000,000
/// @param per from 1 ms to 1 day
/// @param burst most saved permits, at least 1
public record Rate(long permits, Duration per, long burst) {
  private static final long MAX_PERMITS = 1_000_000_000;
  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})/(ms|s|m|h|d)");

  public Rate {
    Objects.requireNonNull(per, "rate.per: must not be null");
    if (permits < 1 || permits > MAX_PERMITS) {
      throw new IllegalArgumentException(
          "rate.permits: " + permits + " must be between 1 and " + MAX_PERMITS);
    }
    if (per.compareTo(Duration.ofMillis(1)) < 0 || per.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("rate.per: " + per + " must be between 1 ms and 1 day");
    }
    if (burst < 1 || burst > MAX_PERMITS) {
      throw new IllegalArgumentException(
          "rate.burst: " + burst + " must be between 1 and " + MAX_PERMITS);
    }
  }

  /// So many starts a second, with a burst of 1: evenly spaced.
  public static Rate perSecond(long permits) {
    return new Rate(permits, Duration.ofSeconds(1), 1);
  }

  /// Reads `10/s`, `100/m`, `5/ms`, `1/h`, `3/d`; burst 1.
  ///
  /// @throws IllegalArgumentException when the text is none of these
  public static Rate parse(String text) {
    Objects.requireNonNull(text, "rate: must not be null");
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("rate: '" + text + "' must be like 10/s, 100/m or 5/h");
    }
    Duration per =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(1);
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          case "h" -> Duration.ofHours(1);
          default -> Duration.ofDays(1);
        };
    return new Rate(Long.parseLong(matcher.group(1)), per, 1);
  }

  /// How long so many starts take when nothing is saved.
  Duration timeFor(long starts) {
    return Duration.ofNanos((long) (starts * (per.toNanos() / (double) permits)));
  }

  public Rate withBurst(long newBurst) {
    return new Rate(permits, per, newBurst);
  }
}
