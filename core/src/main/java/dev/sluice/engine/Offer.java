package dev.sluice.engine;

import dev.sluice.job.Job;

/// A job that asks for a place, and the bound that its queue has at this moment.
///
/// Threading: immutable.
public record Offer(Job job, Bound bound) {}
