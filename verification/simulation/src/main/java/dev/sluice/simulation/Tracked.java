package dev.sluice.simulation;

import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;

/// What the ledger knows of one job, from the answers that it saw.
///
/// Threading: confined to the simulating thread.
final class Tracked {
  final Job job;
  JobState state;
  int attempt;
  int crashes;
  long epoch;
  long runAtMillis;

  /// Until when the lease is certainly valid, in the world's monotonic time.
  long validUntilNanos;

  /// The process that claimed it last.
  int holder;

  /// Whether nobody alive holds the lease: its answer was lost, or its process died.
  boolean orphan;

  /// Terminal states reached since the last operator's retry.
  int ends;

  /// How many jobs had been accepted before it.
  final int place;

  /// Whether it came straight from an enqueue, so that it stands in line by its place.
  boolean fresh;

  Tracked(Job job, JobState state, int place) {
    this.job = job;
    this.place = place;
    this.state = state;
    this.runAtMillis = job.options().runAtMillis();
    this.fresh = state == JobState.READY;
  }

  /// Takes over the truth after an answer was lost.
  void learn(JobView truth, long nowNanos) {
    if (truth.epoch() != epoch || truth.state() != state) {
      orphan = truth.state() == JobState.RUNNING && (orphan || truth.epoch() != epoch);
      if (truth.state().isTerminal() && !state.isTerminal()) {
        ends++;
      }
      fresh &= truth.epoch() == epoch;
      validUntilNanos = Math.min(validUntilNanos, nowNanos);
    }
    state = truth.state();
    epoch = truth.epoch();
    attempt = truth.attempt();
    crashes = truth.crashes();
    if (truth.dueAt() != null) {
      runAtMillis = truth.dueAt().toEpochMilli();
    }
  }
}
