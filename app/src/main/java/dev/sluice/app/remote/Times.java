package dev.sluice.app.remote;

import dev.sluice.server.Durations;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Times for people: the time of the place where they sit, and how long ago that is.
///
/// Threading: immutable.
///
/// @param zone the place
/// @param now the moment from which ages count
record Times(ZoneId zone, Instant now) {
  private static final DateTimeFormatter WHOLE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");
  private static final Pattern DURATION = Pattern.compile("\\d{1,9}(ms|s|m|h|d)");

  static Times here() {
    return new Times(ZoneId.systemDefault(), Instant.now());
  }

  /// `2026-11-24 01:15:02 (3 minutes ago)`; a text that is no time stays as it is.
  String withAge(String iso) {
    try {
      Instant instant = Instant.parse(iso);
      return WHOLE.format(instant.atZone(zone)) + " (" + age(instant) + ")";
    } catch (DateTimeParseException _) {
      return iso;
    }
  }

  /// `3m ago`, for tables.
  String age(String iso) {
    try {
      return age(Instant.parse(iso));
    } catch (DateTimeParseException _) {
      return iso;
    }
  }

  private String age(Instant instant) {
    Duration past = Duration.between(instant, now);
    if (past.abs().toMillis() < 1000) {
      return "now";
    }
    return past.isNegative() ? "in " + rough(past.negated()) : rough(past) + " ago";
  }

  /// `01:15:02`, for lines of a log.
  String clock(String iso) {
    try {
      return CLOCK.format(Instant.parse(iso).atZone(zone));
    } catch (DateTimeParseException _) {
      return iso;
    }
  }

  String clock() {
    return CLOCK.format(now.atZone(zone));
  }

  /// `250ms`, `42s`, `3m 5s`, `2h 10m`, `5d 3h`: two units at most.
  static String rough(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds == 0) {
      return duration.toMillis() + "ms";
    }
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return two(seconds / 60, "m", seconds % 60, "s");
    }
    return seconds < 86_400
        ? two(seconds / 3600, "h", seconds % 3600 / 60, "m")
        : two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
  }

  private static String two(long large, String unit, long small, String part) {
    return large + unit + (small == 0 ? "" : " " + small + part);
  }

  /// As the server reads durations.
  static String exact(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  /// Reads `500ms`, `10s`, `5m`, `2h`, `1d`.
  static final class Reader implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      if (!DURATION.matcher(text).matches()) {
        throw new TypeConversionException("'" + text + "' must be like 500ms, 10s, 5m, 2h or 1d");
      }
      return Durations.parse(text);
    }
  }

  /// Reads a duration's text as the server writes it; null text or another looks is no duration.
  static Duration parsed(String text) {
    try {
      return new Reader().convert(text);
    } catch (TypeConversionException _) {
      return Duration.ZERO;
    }
  }
}
