package dev.sluice.webhook;

/// What becomes of text from outside before people and logs see it.
final class Text {
  private static final int SHOWN = 100;

  private Text() {}

  /// The text on one line of at most `most` characters: each character that controls a terminal, a
  /// log or the direction of writing is a space.
  static String harmless(String text, int most) {
    StringBuilder safe = new StringBuilder(Math.min(text.length(), most));
    int at = 0;
    while (at < text.length()) {
      int point = text.codePointAt(at);
      int next = at + Character.charCount(point);
      if (safe.length() + Character.charCount(point) > most - 3 && text.length() - at > 3) {
        return safe.append("...").toString();
      }
      safe.appendCodePoint(isHarmless(point) ? point : ' ');
      at = next;
    }
    return safe.toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  /// A value as an error message shows it.
  static String shown(String value) {
    return harmless(value, SHOWN);
  }
}
