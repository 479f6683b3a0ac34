package dev.sluice.memory;

import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The last job of a page: where the page after it begins, even when that job has left since.
///
/// Threading: immutable.
///
/// @param state the listed state
/// @param priority tells in which line a READY job stands
/// @param at place in line, or due time of a SCHEDULED job
/// @param id the job
record Cursor(JobState state, Priority priority, long at, JobId id) {
  private static final Pattern TEXT =
      Pattern.compile("([A-Z]{4,9}):(LOW|NORMAL|HIGH):(-?[0-9]{1,19}):([0-9a-f-]{36})");

  static Cursor of(JobNode node) {
    long at = node.state == JobState.SCHEDULED ? node.stateMillis : node.position;
    return new Cursor(node.state, node.job.priority(), at, node.job.id());
  }

  static Cursor parse(JobState state, String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches() || !parts.group(1).equals(state.name())) {
      throw bad(state, null);
    }
    try {
      return new Cursor(
          state,
          Priority.valueOf(parts.group(2)),
          Long.parseLong(parts.group(3)),
          JobId.parse(parts.group(4)));
    } catch (IllegalArgumentException notNumbers) {
      throw bad(state, notNumbers);
    }
  }

  // The text came from outside and is not repeated.
  private static IllegalArgumentException bad(JobState state, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "cursor: must be the next of an earlier page of " + state + " jobs", cause);
  }

  String text() {
    return state + ":" + priority + ":" + at + ":" + id;
  }
}
