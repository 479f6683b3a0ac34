package dev.sluice.job;

import static dev.sluice.job.JobState.CANCELLED;
import static dev.sluice.job.JobState.DEAD;
import static dev.sluice.job.JobState.READY;
import static dev.sluice.job.JobState.RUNNING;
import static dev.sluice.job.JobState.SCHEDULED;
import static dev.sluice.job.JobState.SUCCEEDED;

import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/// The table of a job's life: which step from state to state exists, and who may take it. Every
/// other step is a defect. `docs/LIFECYCLE.md` shows the same table; a test compares them.
public enum Lifecycle {
  /// A slot and a rate token are free, the queue is not paused; epoch and attempt go up.
  CLAIM(EnumSet.of(SCHEDULED, READY), RUNNING, Actor.WORKER),
  /// The time of a scheduled job has come.
  DUE(EnumSet.of(SCHEDULED), READY, Actor.WORKER),
  /// The lease is mine: a later deadline.
  EXTEND(EnumSet.of(RUNNING), RUNNING, Actor.HOLDER),
  COMPLETE(EnumSet.of(RUNNING), SUCCEEDED, Actor.HOLDER),
  /// Retry or snooze.
  RUN_AGAIN(EnumSet.of(RUNNING), SCHEDULED, Actor.HOLDER),
  BURY(EnumSet.of(RUNNING), DEAD, Actor.HOLDER),
  /// The holder stops; the attempt is given back.
  RELEASE(EnumSet.of(RUNNING), READY, Actor.HOLDER),
  /// The holder heeds a request to cancel.
  STOP(EnumSet.of(RUNNING), CANCELLED, Actor.HOLDER),
  /// The deadline passed without a word; one crash more.
  CRASH(EnumSet.of(RUNNING), READY, Actor.REAPER),
  /// As a crash, once too often.
  POISON(EnumSet.of(RUNNING), DEAD, Actor.REAPER),
  CANCEL(EnumSet.of(SCHEDULED, READY), CANCELLED, Actor.CLIENT),
  /// An operator's retry: attempts and crashes back to 0, the epoch goes on; needs room.
  RETRY(EnumSet.of(SUCCEEDED, DEAD, CANCELLED), READY, Actor.OPERATOR);

  /// Who takes a step.
  public enum Actor {
    WORKER,
    HOLDER,
    REAPER,
    CLIENT,
    OPERATOR
  }

  // Immutable by Set.copyOf, which the checker cannot see in the field's type.
  @SuppressWarnings("ImmutableEnumChecker")
  private final Set<JobState> from;

  private final JobState to;
  private final Actor actor;

  Lifecycle(Set<JobState> from, JobState to, Actor actor) {
    this.from = Set.copyOf(from);
    this.to = to;
    this.actor = actor;
  }

  public Set<JobState> from() {
    return from;
  }

  public JobState to() {
    return to;
  }

  public Actor actor() {
    return actor;
  }

  /// The state after this step.
  ///
  /// @throws IllegalStateException when no such step leaves `state`: a defect of the caller
  public JobState apply(JobState state) {
    Objects.requireNonNull(state, "state: must not be null");
    if (!from.contains(state)) {
      throw new IllegalStateException("no step " + this + " leaves " + state);
    }
    return to;
  }
}
