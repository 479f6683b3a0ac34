package dev.sluice.app.remote;

import java.util.Locale;

/// Numbers for people.
///
/// Threading: stateless.
final class Numbers {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private Numbers() {}

  /// `12,345`.
  static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /// `12,345` or `0.5`: small rates have a digit behind the point.
  static String rate(double perSecond) {
    return perSecond >= 10 || perSecond == 0
        ? grouped(Math.round(perSecond))
        : String.format(Locale.ROOT, "%.1f", perSecond);
  }

  /// `1.5 MiB`.
  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
  }

  /// `1 job`, `2 jobs`.
  static String jobs(long count) {
    return grouped(count) + (count == 1 ? " job" : " jobs");
  }
}
