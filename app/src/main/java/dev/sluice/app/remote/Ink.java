package dev.sluice.app.remote;

/// Colours, for those who see them.
///
/// Threading: immutable.
///
/// @param colours whether there are any
record Ink(boolean colours) {
  /// What a colour says.
  enum Tone {
    PLAIN(""),
    FAINT("2"),
    STRONG("1"),
    GOOD("32"),
    BUSY("36"),
    LATER("33"),
    BAD("31");

    private final String code;

    Tone(String code) {
      this.code = code;
    }

    /// The tone of a job's state.
    static Tone ofState(String state) {
      return switch (state) {
        case "RUNNING" -> BUSY;
        case "SUCCEEDED" -> GOOD;
        case "DEAD" -> BAD;
        case "SCHEDULED" -> LATER;
        case "CANCELLED" -> FAINT;
        default -> PLAIN;
      };
    }
  }

  String paint(Tone tone, String text) {
    return colours && tone != Tone.PLAIN && !text.isEmpty()
        ? "\u001b[" + tone.code + "m" + text + "\u001b[0m"
        : text;
  }
}
