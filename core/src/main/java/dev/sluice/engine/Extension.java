package dev.sluice.engine;

/// The answer to an extend.
public enum Extension {
  EXTENDED,
  /// Extended, and somebody asked for the job to be cancelled.
  CANCEL_REQUESTED,
  /// The lease is not valid any more; stop working.
  LEASE_LOST
}
