package dev.sluice.app;

import java.io.PrintWriter;
import java.io.StringWriter;

/// What a command line ended with.
///
/// Threading: immutable.
record Answer(int code, String out, String err) {
  /// Runs a command line in this process.
  static Answer to(String... words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(words, new PrintWriter(out, true), new PrintWriter(err, true));
    return new Answer(code, out.toString(), err.toString());
  }
}
