package dev.sluice.server;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`.
public final class Durations {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,12})(ms|s|m|h|d)");

  private Durations() {}

  /// Reads one.
  ///
  /// @throws IllegalArgumentException when the text is none; the message is a part of a sentence
  public static Duration parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + shortened(text) + "' must be a time like 500ms, 30s, 5m, 2h or 1d");
    }
    long value = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(value);
      case "s" -> Duration.ofSeconds(value);
      case "m" -> Duration.ofMinutes(value);
      case "h" -> Duration.ofHours(value);
      default -> Duration.ofDays(value);
    };
  }

  /// Writes one, in the largest unit that holds it exactly; parts of a millisecond are dropped.
  public static String text(Duration duration) {
    long millis = duration.toMillis();
    if (millis == 0) {
      return "0s";
    }
    if (millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds % 86_400 == 0) {
      return seconds / 86_400 + "d";
    }
    if (seconds % 3600 == 0) {
      return seconds / 3600 + "h";
    }
    return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }

  private static String shortened(String text) {
    return text.length() <= 32 ? text : text.substring(0, 32) + "...";
  }
}
