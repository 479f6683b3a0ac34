package dev.sluice.engine;

/// The answer to a settlement.
public enum Settled {
  /// The job is where the settlement says.
  APPLIED,
  /// The lease was not valid any more; nothing changed. A normal answer, to be counted.
  LEASE_LOST
}
