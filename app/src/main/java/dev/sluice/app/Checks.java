package dev.sluice.app;

import picocli.CommandLine.TypeConversionException;

/// The rules for what people give: field, value and rule in one sentence.
final class Checks {
  private Checks() {}

  /// Reads a number.
  ///
  /// @throws TypeConversionException when it is none, or beyond all numbers of use
  static long whole(String text) {
    if (!text.matches("-?\\d{1,9}")) {
      throw new TypeConversionException(
          "'" + text + "' must be a whole number of at most 9 digits");
    }
    return Long.parseLong(text);
  }

  /// Reads a yes or no.
  ///
  /// @throws TypeConversionException when it is neither
  static boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new TypeConversionException("'" + text + "' must be true or false");
    };
  }

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
