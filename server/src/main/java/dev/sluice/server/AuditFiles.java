package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.nio.file.Path;
import java.util.Optional;

/// The audit log in two files, so that whoever is not let in, and may try as often as he likes,
/// cannot push out what was done.
///
/// Threading: thread-safe.
final class AuditFiles implements AuditLog {
  /// Beside the file of what was done.
  static final String REFUSED = "refused.log";

  private static final long FULL_AT = 10 << 20;

  /// What the log calls whoever was refused at the door and showed no token.
  private static final String NOT_LET_IN = "not let in";

  private final AuditFile done;
  private final AuditFile refused;

  /// Begins to write.
  ///
  /// @param file for what was done
  /// @throws SluiceException when a file cannot be written
  AuditFiles(Path file, boolean behindProxy, Environment environment) {
    done = new AuditFile(file, FULL_AT, behindProxy, environment);
    try {
      refused = new AuditFile(file.resolveSibling(REFUSED), FULL_AT, behindProxy, environment);
    } catch (RuntimeException failure) {
      done.close();
      throw failure;
    }
  }

  @Override
  public void record(String caller, Route route, ServerRequest request, Status status) {
    done.record(caller, route, request, status);
  }

  @Override
  public void refused(Optional<String> caller, Route route, ServerRequest request, Status status) {
    refused.record(caller.orElse(NOT_LET_IN), route, request, status);
  }

  @Override
  public void close() {
    done.close();
    refused.close();
  }
}
