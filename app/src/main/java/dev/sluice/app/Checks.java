package dev.sluice.app;

/// The rule for numbers that people give: field, value and rule in one sentence.
final class Checks {
  private Checks() {}

  /// Returns `value` when it is within bounds.
  ///
  /// @throws IllegalArgumentException when it is not
  static long between(String field, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          field + ": " + value + " must be between " + least + " and " + most);
    }
    return value;
  }
}
