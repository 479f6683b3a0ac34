package dev.sluice.server;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Amounts of bytes as people write them: `512B`, `64KiB`, `256MiB`, `1GiB`.
public final class ByteSizes {
  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(B|KiB|MiB|GiB|TiB)");
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private ByteSizes() {}

  /// Reads one.
  ///
  /// @throws IllegalArgumentException when the text is none; the message is a part of a sentence
  public static long parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      String shown = text.length() <= 32 ? text : text.substring(0, 32) + "...";
      throw new IllegalArgumentException(
          "'" + shown + "' must be an amount like 512B, 64KiB, 256MiB or 1GiB");
    }
    int unit = 0;
    while (!UNITS[unit].equals(matcher.group(2))) {
      unit++;
    }
    return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * unit));
  }

  /// Writes one, in the largest unit that holds it exactly.
  public static String text(long bytes) {
    int unit = 0;
    long left = bytes;
    while (left != 0 && left % 1024 == 0 && unit < UNITS.length - 1) {
      left /= 1024;
      unit++;
    }
    return left + UNITS[unit];
  }
}
