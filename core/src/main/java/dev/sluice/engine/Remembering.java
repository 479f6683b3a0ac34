package dev.sluice.engine;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The role of an engine that keeps small texts beside the jobs, as safely as it keeps those:
/// policies that were changed at run time, schedules. What they say is none of its business.
public interface Remembering {
  /// Longest name.
  int MAX_NAME = 256;

  /// Longest text.
  int MAX_TEXT = 1 << 20;

  /// Most texts.
  int MAX_TEXTS = 100_000;

  /// Everything that is kept, by name.
  Map<String, String> remembered();

  /// Keeps a text, in place of an earlier one of that name.
  ///
  /// @param name 1 to [#MAX_NAME] characters
  /// @param text at most [#MAX_TEXT] characters; null to forget
  /// @throws IllegalArgumentException when name or text are too long, or there are too many
  /// @throws EngineUnavailableException when it could not be kept
  void remember(String name, @Nullable String text);

  /// Checks the lengths of a name and a text.
  ///
  /// @throws IllegalArgumentException when one of them is too long, or the name is empty
  static void requireFits(String name, @Nullable String text) {
    Objects.requireNonNull(name, "name: must not be null");
    if (name.isEmpty() || name.length() > MAX_NAME) {
      throw new IllegalArgumentException(
          "name: " + name.length() + " characters must be 1 to " + MAX_NAME);
    }
    if (text != null && text.length() > MAX_TEXT) {
      throw new IllegalArgumentException(
          "text: " + text.length() + " characters must be at most " + MAX_TEXT);
    }
  }

  /// Checks that one more text may be kept beside `kept` others.
  ///
  /// @throws IllegalArgumentException when there are too many
  static void requireRoom(long kept) {
    if (kept >= MAX_TEXTS) {
      throw new IllegalArgumentException(
          "text: there are " + MAX_TEXTS + ", no more are kept; forget one first");
    }
  }
}
