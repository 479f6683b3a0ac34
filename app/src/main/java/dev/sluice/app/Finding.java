package dev.sluice.app;

/// What one check of `sluice doctor` found.
///
/// Threading: immutable.
///
/// @param grade how bad it is
/// @param about what was looked at, one word
/// @param sentence what was found
/// @param mend what to do about it; empty when nothing has to be done
record Finding(Grade grade, String about, String sentence, String mend) {
  /// How bad a finding is.
  enum Grade {
    OK("ok  "),
    WARN("warn"),
    FAIL("FAIL");

    private final String text;

    Grade(String text) {
      this.text = text;
    }
  }

  static Finding ok(String about, String sentence) {
    return new Finding(Grade.OK, about, sentence, "");
  }

  static Finding warn(String about, String sentence, String mend) {
    return new Finding(Grade.WARN, about, sentence, mend);
  }

  static Finding fail(String about, String sentence, String mend) {
    return new Finding(Grade.FAIL, about, sentence, mend);
  }

  String line() {
    String text = grade.text + "  " + about + ": " + sentence + (mend.isEmpty() ? "" : "; " + mend);
    return text.replaceAll("\\p{Cntrl}+", " ");
  }
}
