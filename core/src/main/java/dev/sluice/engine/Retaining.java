package dev.sluice.engine;

/// The role of an engine that keeps ended jobs until it is told to let go.
public interface Retaining {
  /// Deletes a few of the ended jobs of `queue` that `retention` does not keep, oldest first.
  ///
  /// @param max most jobs to delete now, so that nobody waits long
  /// @return how many were deleted; fewer than `max` means that none is left to delete
  int prune(String queue, Retention retention, int max);
}
