package dev.sluice.engine;

import java.util.List;

/// The role of an engine that lets somebody else find abandoned claims. Engines on brokers do
/// without it: there the broker gives the job to the next worker.
public interface Reclaiming {
  /// Claims whose deadline has passed, oldest first; they stay as they are until a
  /// [Settlement.Crash] or [Settlement.Poison] is settled with the lease that is in them.
  ///
  /// A durable engine that was opened anew answers every claim of the process before it.
  List<Claim> expired(int max);
}
