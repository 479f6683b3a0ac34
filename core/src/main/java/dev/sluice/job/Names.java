package dev.sluice.job;

import java.util.Objects;

/// The rule for names that people choose: queues, job types, schedules.
public final class Names {
  /// The longest name, in characters.
  public static final int MAX_LENGTH = 128;

  private Names() {}

  /// Returns `name` when it is 1 to 128 characters of `A-Z a-z 0-9 . _ -`.
  ///
  /// @param field what the name is for, as the error shall call it
  /// @throws IllegalArgumentException when it is not
  public static String require(String field, String name) {
    Objects.requireNonNull(field, "field: must not be null");
    Objects.requireNonNull(name, () -> field + ": must not be null");
    if (name.isEmpty() || name.length() > MAX_LENGTH || !name.chars().allMatch(Names::allowed)) {
      String shown = name.length() <= 64 ? name : name.substring(0, 64) + "...";
      throw new IllegalArgumentException(
          field + ": '" + shown + "' must be 1 to 128 characters of A-Z a-z 0-9 . _ -");
    }
    return name;
  }

  private static boolean allowed(int character) {
    return (character >= 'a' && character <= 'z')
        || (character >= 'A' && character <= 'Z')
        || (character >= '0' && character <= '9')
        || character == '.'
        || character == '_'
        || character == '-';
  }
}
