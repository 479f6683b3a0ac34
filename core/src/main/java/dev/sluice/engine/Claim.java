package dev.sluice.engine;

import dev.sluice.job.Job;
import java.util.Objects;

/// A job taken by a worker.
///
/// Threading: immutable.
///
/// @param job the job
/// @param lease the right to settle it
/// @param attempt which attempt this is, from 1
/// @param crashes runs of this job whose worker died so far
/// @param parked how often it was claimed and sent back unstarted, see [Settlement.RunAgain#parks]
/// @param startedAtMillis when the attempt was recorded, Unix milliseconds
public record Claim(
    Job job, Lease lease, int attempt, int crashes, int parked, long startedAtMillis) {
  public Claim {
    Objects.requireNonNull(job, "job: must not be null");
    Objects.requireNonNull(lease, "lease: must not be null");
  }
}
