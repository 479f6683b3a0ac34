package dev.sluice.engine;

import dev.sluice.job.JobId;
import java.util.Objects;

/// The right to extend and settle one claim. Made by engines only; nothing else is accepted as
/// proof, so a worker that was given up cannot touch the job of its successor.
///
/// Threading: immutable.
///
/// @param id the claimed job
/// @param epoch fencing token: higher than that of every earlier lease of the job
public record Lease(JobId id, long epoch) {
  public Lease {
    Objects.requireNonNull(id, "id: must not be null");
  }
}
