package dev.sluice.engine;

import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.util.List;
import java.util.Objects;

/// The role of an engine that hands its jobs over to another one, see [Restoring]. Nobody may work
/// on them meanwhile.
public interface Exporting {
  /// What is handed out.
  ///
  /// @param jobs empty when none is left, or none can be had right now: see [Countable#counts]
  /// @param strangers how many messages that are no jobs were found where jobs are kept, as far as
  ///   the engine looked; they stay there, and it counts them among them
  record Handout(List<JobView> jobs, long strangers) {
    public Handout {
      jobs = List.copyOf(Objects.requireNonNull(jobs, "jobs: must not be null"));
    }
  }

  /// The next jobs of a queue to be handed over: READY ones in starting order, then SCHEDULED, then
  /// DEAD ones. They stay until [#exported], and are answered again until then, also after this
  /// process died. Jobs that run are left out.
  ///
  /// @param max 1 to [Inspectable#MAX_PAGE]
  /// @throws EngineUnavailableException when the engine could not look everywhere
  Handout export(String queue, int max);

  /// Lets go of jobs that the other engine has.
  ///
  /// @param jobs from the newest [#export], at most [Limits#batch]
  /// @throws EngineUnavailableException when some of them may be there still; they are handed out
  ///   again then
  void exported(String queue, List<JobId> jobs);

  /// Whether there is a queue of that name, though it may be empty.
  ///
  /// @throws EngineUnavailableException when the engine could not look
  boolean isThere(String queue);

  /// Whether somebody is seen to take jobs of a queue, in this process or another. Jobs in such
  /// hands are not handed out, and [Countable#counts] may leave them out, too. False does not say
  /// that nobody does: an engine can see less, or nothing.
  ///
  /// @throws EngineUnavailableException when the engine could not look
  default boolean isTaken(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    return false;
  }
}
