package dev.sluice.server;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;

/// Makes a [Problem] of whatever went wrong with a request, and logs what people must know of it;
/// what clients did wrong does not concern them. An engine that is away fails every request, so
/// that is logged when it begins or changes, and then every ten seconds with a number.
///
/// Threading: thread-safe. `lock` is held while a line is logged.
final class Complaints {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server");
  private static final String BROKEN = "broken";
  private static final long PAUSE_NANOS = 10_000_000_000L;

  private final Environment.Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private String newest = "";
  private long untilNanos;
  private long silent;

  Complaints(Environment.Clock clock) {
    this.clock = clock;
    this.untilNanos = clock.monotonicNanos();
  }

  /// The problem of a failure.
  Problem about(Throwable failure) {
    Problem problem = problem(failure);
    if (failure instanceof EngineUnavailableException) {
      refused(String.valueOf(failure.getMessage()));
    } else if (problem.reason().equals(BROKEN)) {
      LOG.log(System.Logger.Level.ERROR, "a request failed", failure);
    }
    return problem;
  }

  private void refused(String why) {
    lock.lock();
    try {
      long now = clock.monotonicNanos();
      if (why.equals(newest) && untilNanos - now > 0) {
        silent++;
        return;
      }
      String others = silent == 0 ? "" : silent + " more before this one; ";
      LOG.log(System.Logger.Level.WARNING, "refused a request: " + others + why);
      newest = why;
      untilNanos = now + PAUSE_NANOS;
      silent = 0;
    } finally {
      lock.unlock();
    }
  }

  /// The same without a word in the log.
  static Problem problem(Throwable failure) {
    return switch (failure) {
      case ProblemException known -> known.problem();
      case BadField bad ->
          Problem.of(Problem.INVALID, "invalid", String.valueOf(bad.getMessage()))
              .with("errors", List.of(Map.of("pointer", bad.pointer(), "detail", bad.rule())));
      case JacksonException bad -> Call.malformed(bad).problem();
      // Its sentence may name files of this machine, so it is for the log.
      case EngineUnavailableException away ->
          Problem.of(Status.SERVICE_UNAVAILABLE_503, "engine-unavailable", away.kind().sentence())
              .with("cause", away.kind().name().toLowerCase(Locale.ROOT))
              .later();
      case HttpException http ->
          Problem.of(http.status(), "http", http.status().reasonPhrase().toLowerCase(Locale.ROOT));
      default ->
          Problem.of(
              Status.INTERNAL_SERVER_ERROR_500, BROKEN, "the request failed; the log says why");
    };
  }
}
