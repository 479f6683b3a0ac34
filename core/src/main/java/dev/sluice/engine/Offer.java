package dev.sluice.engine;

import dev.sluice.job.Job;
import java.util.Objects;

/// A job that asks for a place, and the bound that its queue has at this moment.
///
/// Threading: immutable.
public record Offer(Job job, Bound bound) {
  public Offer {
    Objects.requireNonNull(job, "job: must not be null");
    Objects.requireNonNull(bound, "bound: must not be null");
  }
}
