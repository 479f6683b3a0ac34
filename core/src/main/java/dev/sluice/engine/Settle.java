package dev.sluice.engine;

/// One claim's end, to be recorded.
///
/// Threading: immutable.
public record Settle(Lease lease, Settlement settlement) {}
