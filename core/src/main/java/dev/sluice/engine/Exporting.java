package dev.sluice.engine;

import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.util.List;

/// The role of an engine that hands its jobs over to another one, see [Restoring]. Nobody may work
/// on them meanwhile.
public interface Exporting {
  /// The next jobs of a queue to be handed over: READY ones in starting order, then SCHEDULED, then
  /// DEAD ones. They stay until [#exported], and are answered again until then, also after this
  /// process died. Jobs that run are left out.
  ///
  /// @param max 1 to [Inspectable#MAX_PAGE]
  /// @return empty when none is left, or none can be had right now: see [Countable#counts]
  List<JobView> export(String queue, int max);

  /// Lets go of jobs that the other engine has.
  ///
  /// @param jobs from the newest [#export], at most [Limits#batch]
  void exported(String queue, List<JobId> jobs);
}
