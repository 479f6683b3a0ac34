package dev.sluice;

import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/// A job as it stands, with what this process knows of it.
///
/// Threading: immutable.
///
/// @param view the job as the engine holds it
/// @param eta how long until it starts, from the measured drain rate; empty when it does not wait
///   or nothing drains
/// @param running its attempt in this process, if there is one
public record JobStatus(JobView view, Optional<Duration> eta, Optional<RunningJob> running) {
  public JobStatus {
    Objects.requireNonNull(view, "view: must not be null");
    Objects.requireNonNull(eta, "eta: must not be null");
    Objects.requireNonNull(running, "running: must not be null");
  }
}
