package dev.sluice.engine;

import java.util.Objects;

/// One claim's end, to be recorded.
///
/// Threading: immutable.
public record Settle(Lease lease, Settlement settlement) {
  public Settle {
    Objects.requireNonNull(lease, "lease: must not be null");
    Objects.requireNonNull(settlement, "settlement: must not be null");
  }
}
