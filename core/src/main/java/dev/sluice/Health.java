package dev.sluice;

import java.util.List;
import java.util.Objects;

/// Whether this instance does its work, and if not, why.
///
/// Threading: immutable.
///
/// @param reasons what is wrong, in words; empty when all is well
public record Health(List<String> reasons) {
  public Health {
    Objects.requireNonNull(reasons, "reasons: must not be null");
    reasons = List.copyOf(reasons);
  }

  public boolean ready() {
    return reasons.isEmpty();
  }
}
