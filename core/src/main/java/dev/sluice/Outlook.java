package dev.sluice;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/// What a NORMAL job that is handed over now may expect. Known without asking the engine, from its
/// counts of at most a few seconds ago and what has happened in this process since: near the truth,
/// and free.
///
/// Threading: immutable.
///
/// @param ahead how many jobs start before it
/// @param eta how long it waits until it starts; empty when nothing drains, or nothing was measured
///   yet
/// @param waiting jobs that count against the capacity
/// @param drainPerSecond jobs that end for good each second, averaged; 0 while unknown
public record Outlook(long ahead, Optional<Duration> eta, long waiting, double drainPerSecond) {
  public Outlook {
    Objects.requireNonNull(eta, "eta: must not be null");
  }
}
