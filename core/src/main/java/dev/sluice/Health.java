package dev.sluice;

import java.util.List;

/// Whether this instance does its work, and if not, why.
///
/// Threading: immutable.
///
/// @param reasons what is wrong, in words; empty when all is well
public record Health(List<String> reasons) {
  public Health {
    reasons = List.copyOf(reasons);
  }

  public boolean ready() {
    return reasons.isEmpty();
  }
}
