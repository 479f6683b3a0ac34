package dev.sluice.engine;

import dev.sluice.engine.Controllable.Control;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The role of an engine on a broker, which keeps dead jobs in a queue of their own: it can show
/// the oldest of them and send them back, and has to look through them for that.
public interface Redrivable {
  /// The oldest dead jobs of a queue.
  ///
  /// @param limit 1 to [Inspectable#MAX_PAGE]
  List<JobView> dead(String queue, int limit);

  /// Sends dead jobs to the end of their line with attempts and crashes at 0, as far as there is
  /// room. Looks through the dead jobs once for all of them.
  ///
  /// @return APPLIED or NO_ROOM for each that was found; there may be more dead jobs than one look
  ///   goes through
  /// @throws EngineUnavailableException when none was found in a look that was cut short, or some
  ///   could not be sent
  Map<JobId, Control> redrive(String queue, Set<JobId> ids, Bound bound);

  /// Lets go of dead jobs.
  ///
  /// @return those that were found
  Set<JobId> forget(String queue, Set<JobId> ids);
}
