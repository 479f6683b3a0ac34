package dev.sluice.server;

import io.helidon.http.Status;
import java.util.List;
import java.util.function.Supplier;

/// The requests that wait for jobs: one whose client is gone would take the next job with it.
///
/// Threading: thread-safe.
final class LeaseWaits {
  /// Most that wait at once; fewer than the line of one queue takes.
  private static final int MOST = 10_000;

  private final WaitingRequests requests =
      new WaitingRequests(MOST, "too many workers wait for jobs, try again later");

  /// Does something that may wait, until the client is gone.
  ///
  /// An empty answer at once would be asked for again at once, so whoever may not wait is refused.
  ///
  /// @param work must end soon when its thread is interrupted
  /// @throws ProblemException 503 when too many wait, or when this was stopped and there is nothing
  <T> List<T> during(Call call, Supplier<List<T>> work) {
    if (isStopping()) {
      throw stops();
    }
    List<T> found = requests.during(call, work);
    if (found.isEmpty() && isStopping()) {
      throw stops();
    }
    return found;
  }

  private static ProblemException stops() {
    return Problem.of(
            Status.SERVICE_UNAVAILABLE_503,
            "stopping",
            "this server stops and gives out no more jobs")
        .later()
        .exception();
  }

  /// Ends every wait, and those to come.
  void stop() {
    requests.stop();
  }

  boolean isStopping() {
    return requests.isStopping();
  }

  /// How many wait whose client is there.
  int count() {
    return requests.count();
  }
}
