package dev.sluice.app;

/// What the benchmark is told on its command line.
///
/// Threading: immutable.
///
/// @param jobs how many jobs each phase handles
/// @param payload bytes of each
/// @param producers virtual threads that enqueue at once
/// @param batch jobs in one call; 1 is the single enqueue
record BenchConfig(int jobs, int payload, int producers, int batch) {
  /// Most handlers at once: enough to hide every wait of an engine.
  static final int CONCURRENCY = 4096;

  /// Most jobs that wait while producers and workers run at once.
  static final int BOUND = 100_000;

  /// Pace of the latency phase, jobs a second, and how long it goes on.
  static final int PACE = 1000;

  static final int PACED_SECONDS = 5;

  BenchConfig {
    Checks.between("jobs", jobs, 1, 50_000_000);
    Checks.between("payload", payload, 0, 1 << 20);
    Checks.between("producers", producers, 1, 100_000);
    Checks.between("batch", batch, 1, 10_000);
  }

  /// Jobs that warm the code up before anything is measured: it takes seconds until the compiler
  /// has seen enough.
  int warmUp() {
    return Math.min(jobs, 2_000_000);
  }

  /// Jobs of the latency phase; short when the whole run is short.
  int paced() {
    return Math.min(jobs, PACE * PACED_SECONDS);
  }
}
