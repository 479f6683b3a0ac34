package dev.sluice.app;

import dev.sluice.server.Durations;
import java.time.Duration;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads `500ms`, `10s`, `1m`, `2h`.
///
/// Threading: stateless.
final class DurationConverter implements ITypeConverter<Duration> {
  private static final Pattern TEXT = Pattern.compile("\\d{1,9}(ms|s|m|h)");

  @Override
  public Duration convert(String text) {
    if (!TEXT.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' must be like 500ms, 10s, 1m or 2h");
    }
    return Durations.parse(text);
  }

  /// The same notation, for people.
  static String text(Duration duration) {
    long millis = duration.toMillis();
    if (millis == 0 || millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds % 3600 == 0) {
      return seconds / 3600 + "h";
    }
    return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }
}
