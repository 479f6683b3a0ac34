package dev.sluice.engine;

import dev.sluice.job.JobId;

/// The role of an engine that lets people steer.
public interface Controllable {
  /// Cancels a waiting job, or asks a running one to stop.
  Control cancel(JobId id);

  /// Cancels a waiting job; one that runs is left alone and answered with [Control#WRONG_STATE].
  Control cancelWaiting(JobId id);

  /// Sends an ended job to the end of its line with attempts and crashes at 0, if there is room.
  Control retry(JobId id, Bound bound);

  /// Makes a SCHEDULED job READY now, at the end of its line.
  ///
  /// @return APPLIED, also for a job that is READY already; WRONG_STATE for any other
  Control runNow(JobId id);

  /// Lets go of an ended job at once, whatever the retention; its key is free again.
  ///
  /// @return WRONG_STATE for a job that has not ended
  Control delete(JobId id);

  /// Cancels up to `max` waiting jobs of the queue.
  ///
  /// @return how many; fewer than `max` means that none waits any more
  int purge(String queue, int max);

  /// Stops (or lets go on) giving out jobs of the queue; kept as safely as the jobs are.
  void pause(String queue, boolean paused);

  /// What became of a request to steer one job.
  enum Control {
    /// Done.
    APPLIED,
    /// The job runs; its worker is asked to stop.
    REQUESTED,
    /// No such job is kept.
    NOT_FOUND,
    /// The job is in no state in which this can be done; nothing changed.
    WRONG_STATE,
    /// There is no room in the queue; nothing changed.
    NO_ROOM
  }
}
