package dev.sluice.engine;

import java.time.Duration;

/// What an engine can hold and promises, published so that nobody has to find out in production.
///
/// Threading: immutable.
///
/// @param engine short name, as in the engine's URL
/// @param durable whether Accepted survives the end of the process
/// @param exactBound whether a queue's bound is never overshot
/// @param singleHolder whether two workers can never hold valid leases of one job
/// @param batch most jobs in one call
/// @param payloadBytes largest payload
/// @param delay longest time between enqueue and run-at
public record Limits(
    String engine,
    boolean durable,
    boolean exactBound,
    boolean singleHolder,
    int batch,
    int payloadBytes,
    Duration delay) {
  public Limits {
    if (batch < 1) {
      throw new IllegalArgumentException("limits.batch: " + batch + " must be at least 1");
    }
    if (payloadBytes < 1) {
      throw new IllegalArgumentException(
          "limits.payload-bytes: " + payloadBytes + " must be at least 1");
    }
  }
}
