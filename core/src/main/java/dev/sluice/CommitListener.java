package dev.sluice;

/// Is told of each batch of enqueues that the engine answered, for metrics. Called by the thread
/// that led the batch, with the next batch waiting for it: must be quick. What it throws is
/// dropped.
@FunctionalInterface
public interface CommitListener {
  /// A batch was answered.
  ///
  /// @param jobs how many jobs the batch had
  /// @param nanos how long the engine took
  void committed(int jobs, long nanos);
}
