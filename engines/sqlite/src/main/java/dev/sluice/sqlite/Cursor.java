package dev.sluice.sqlite;

import dev.sluice.job.JobState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where the next page of a list begins: the place of the last job of this one.
///
/// Threading: immutable.
///
/// @param state the listed state
/// @param first line of a READY job, due time of a SCHEDULED one, place of an ended one
/// @param second what orders jobs of one `first`
record Cursor(JobState state, long first, long second) {
  private static final Pattern TEXT = Pattern.compile("([A-Z]{4,9}):(-?[0-9]+):(-?[0-9]+)");

  /// Reads what [#text] wrote.
  ///
  /// @throws IllegalArgumentException when `text` is no cursor of a list of that state
  static Cursor parse(JobState state, String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches() || !parts.group(1).equals(state.name())) {
      throw bad(state);
    }
    try {
      return new Cursor(state, Long.parseLong(parts.group(2)), Long.parseLong(parts.group(3)));
    } catch (NumberFormatException _) {
      throw bad(state);
    }
  }

  static Cursor of(JobState state, ResultSet row) throws SQLException {
    long seq = row.getLong(Column.SEQ);
    long pos = row.getLong(Column.POS);
    return switch (state) {
      case READY -> new Cursor(state, row.getLong(Column.PRIORITY), pos);
      case SCHEDULED -> new Cursor(state, row.getLong(Column.RUN_AT), seq);
      case RUNNING -> new Cursor(state, 0, seq);
      case SUCCEEDED, DEAD, CANCELLED -> new Cursor(state, pos, seq);
    };
  }

  String text() {
    return state + ":" + first + ":" + second;
  }

  // The text came from outside and is not repeated.
  private static IllegalArgumentException bad(JobState state) {
    return new IllegalArgumentException(
        "cursor: must be the next of an earlier page of " + state + " jobs");
  }
}
