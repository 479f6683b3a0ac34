package dev.sluice.engine;

import dev.sluice.job.Admission;
import dev.sluice.job.JobView;
import java.util.List;

/// The role of an engine that takes jobs over from another one as they stand there, with their
/// attempts and crashes.
public interface Restoring {
  /// Takes over jobs that are SCHEDULED, READY or DEAD, in the order of the list; each is kept as
  /// safely as one that was offered. No bound is asked: they were accepted before. Due times are
  /// kept; a job whose time has come meanwhile is READY soon after.
  ///
  /// @param jobs at most [Limits#batch]
  /// @return Accepted, or Duplicate with the same id when the engine can tell that it has the job
  ///   already; with another id when its key is taken by another job
  /// @throws PartlyTakenException when it is not known of all of them whether they are kept
  /// @throws IllegalArgumentException when one of them is in another state, or the engine cannot
  ///   hold it
  List<Admission> restore(List<JobView> jobs);
}
