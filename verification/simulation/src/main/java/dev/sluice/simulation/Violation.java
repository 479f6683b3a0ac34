package dev.sluice.simulation;

/// An invariant that did not hold.
///
/// Threading: immutable.
final class Violation extends AssertionError {
  private static final long serialVersionUID = 1L;

  /// @param invariant its number, I1 to I9
  Violation(String invariant, String what) {
    super(invariant + ": " + what);
  }

  static void unless(boolean holds, String invariant, String what) {
    if (!holds) {
      throw new Violation(invariant, what);
    }
  }
}
