package dev.sluice.server;

import io.helidon.http.Status;
import java.util.function.Supplier;

/// Calls of core that pass on what somebody has asked for. Core complains with exceptions that
/// every defect can have, too; from these calls, and from nowhere else, they are answers.
///
/// Threading: stateless.
final class Asked {
  private Asked() {}

  /// Does what was asked for.
  ///
  /// @throws ProblemException 422 when core does not take a value, 409 when it cannot do that now
  static <T> T of(Supplier<T> work) {
    try {
      return work.get();
    } catch (BadField known) {
      throw known;
    } catch (IllegalArgumentException bad) {
      throw Problem.of(Problem.INVALID, "invalid", String.valueOf(bad.getMessage())).exception();
    } catch (IllegalStateException cannot) {
      throw Problem.of(Status.CONFLICT_409, "not-possible", String.valueOf(cannot.getMessage()))
          .exception();
    }
  }

  static void run(Runnable work) {
    Object _ =
        of(() -> {
          work.run();
          return true;
        });
  }
}
