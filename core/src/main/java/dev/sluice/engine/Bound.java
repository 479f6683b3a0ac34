package dev.sluice.engine;

/// How much may wait (SCHEDULED + READY) in a queue.
///
/// Threading: immutable.
///
/// @param jobs most jobs, at least 1
/// @param bytes most bytes of payloads, keys and headers, at least 1
public record Bound(long jobs, long bytes) {
  /// No bound worth the name; for tools that move jobs, not for queues.
  public static final Bound NONE = new Bound(Long.MAX_VALUE, Long.MAX_VALUE);

  public Bound {
    if (jobs < 1) {
      throw new IllegalArgumentException("capacity.jobs: " + jobs + " must be at least 1");
    }
    if (bytes < 1) {
      throw new IllegalArgumentException("capacity.bytes: " + bytes + " must be at least 1");
    }
  }
}
