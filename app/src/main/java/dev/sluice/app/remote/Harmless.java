package dev.sluice.app.remote;

import java.util.Locale;

/// Texts from elsewhere, such that they cannot steer the terminal that shows them: what has no
/// looks, or changes the looks of other characters, is written as `\u001b`.
///
/// Threading: stateless.
final class Harmless {
  private Harmless() {}

  /// A text for one line.
  static String line(String text) {
    return harmless(text, false);
  }

  /// A text that may have line ends and tabs.
  static String lines(String text) {
    return harmless(text, true);
  }

  /// JSON stays JSON: what is written differently stands within its texts.
  static String json(String json) {
    return harmless(json, true);
  }

  private static String harmless(String text, boolean lineEnds) {
    StringBuilder safe = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); ) {
      int point = text.codePointAt(at);
      at += Character.charCount(point);
      if (isHarmless(point) || (lineEnds && (point == '\n' || point == '\t'))) {
        safe.appendCodePoint(point);
      } else {
        for (char unit : Character.toChars(point)) {
          safe.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
      }
    }
    return safe.toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      // Marks of direction, characters without width, tags.
      case Character.FORMAT -> point == 0x200d || point == 0xad;
      case Character.CONTROL,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
