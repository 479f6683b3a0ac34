package dev.sluice.examples;

import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Admission.Refused;

/// A queue that says no when it is full, and when to come back: what an HTTP handler answers.
final class BoundedRefusal {
  /// What goes back to the caller; `retryAfter` is 0 when no time would be honest.
  record Response(int status, String body, long retryAfter) {}

  /// At most 2 jobs wait, and 1 runs.
  static final QueuePolicy SMALL = QueuePolicy.defaults().withCapacity(2).withConcurrency(1);

  private BoundedRefusal() {}

  static Response answer(Sluice sluice, JobType<String> type, String userId) {
    return switch (sluice.enqueue(type, userId)) {
      case Accepted(var id) -> new Response(202, "queuing " + userId + " as " + id, 0);
      case Duplicate(var id) -> new Response(202, "queued already as " + id, 0);
      case Refused(var reason, var wait) ->
          new Response(503, reason.sentence(), wait.map(time -> time.toSeconds()).orElse(0L));
    };
  }
}
