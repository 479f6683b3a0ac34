package dev.sluice.engine;

import dev.sluice.engine.Controllable.Control;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.util.List;
import java.util.Set;

/// The role of an engine on a broker, which keeps dead jobs in a queue of their own: it can show
/// the oldest of them and send them back, and has to look through them for that.
public interface Redrivable {
  /// The oldest dead jobs of a queue.
  ///
  /// @param limit 1 to [Inspectable#MAX_PAGE]
  List<JobView> dead(String queue, int limit);

  /// Sends a dead job to the end of its line with attempts and crashes at 0, if there is room.
  ///
  /// @return APPLIED, NO_ROOM, or NOT_FOUND when it is not among the dead jobs of the queue
  Control redrive(String queue, JobId id, Bound bound);

  /// Lets go of dead jobs.
  ///
  /// @return how many of them were found
  int forget(String queue, Set<JobId> ids);
}
