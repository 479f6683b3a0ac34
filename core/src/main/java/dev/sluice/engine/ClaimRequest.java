package dev.sluice.engine;

import java.time.Duration;
import java.util.Objects;

/// How many jobs a worker wants from one queue.
///
/// The first `low` places go to LOW jobs and the next `normal` places to NORMAL jobs, as far as
/// there are any; what remains is filled HIGH, NORMAL, LOW. That is how the dispatcher keeps a
/// trickle of urgent jobs from starving the others; the engine only counts.
///
/// Threading: immutable.
///
/// @param queue where to take from
/// @param max most jobs to take; 0 only moves jobs whose time has come to the end of their line
/// @param low places set aside for LOW
/// @param normal places set aside for NORMAL
/// @param lease how long the claims are valid unless extended
public record ClaimRequest(String queue, int max, int low, int normal, Duration lease) {
  public ClaimRequest {
    Objects.requireNonNull(queue, "queue: must not be null");
    Limits.requireLease("lease", lease);
    if (low < 0 || normal < 0 || low + normal > max) {
      throw new IllegalArgumentException(
          "claim: low " + low + " + normal " + normal + " must fit in max " + max);
    }
  }
}
