package dev.sluice.engine;

import java.util.List;
import java.util.Objects;

/// The answer to a claim.
///
/// Threading: immutable.
///
/// @param claims what was taken; those of one queue stand in starting order
/// @param nextDueMillis wall-clock time at which the next SCHEDULED job of the asked queues is due;
///   [#NONE_DUE] when there is none
public record Claimed(List<Claim> claims, long nextDueMillis) {
  public Claimed {
    Objects.requireNonNull(claims, "claims: must not be null");
  }

  public static final long NONE_DUE = Long.MAX_VALUE;
}
