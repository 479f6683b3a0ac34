package dev.sluice.server;

import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.util.Optional;

/// Who changed what, and who was not let in.
///
/// Threading: implementations must be thread-safe.
interface AuditLog extends AutoCloseable {
  /// Writes down the call of somebody who was let in.
  ///
  /// @param caller the name of whoever called
  /// @param status what was answered
  void record(String caller, Route route, ServerRequest request, Status status);

  /// Writes down somebody who was not let in.
  ///
  /// @param caller the name of the token; empty when there was none, or an invalid one
  /// @param status what was answered
  void refused(Optional<String> caller, Route route, ServerRequest request, Status status);

  /// Writes nothing.
  static AuditLog none() {
    return new AuditLog() {
      @Override
      public void record(String caller, Route route, ServerRequest request, Status status) {}

      @Override
      public void refused(
          Optional<String> caller, Route route, ServerRequest request, Status status) {}
    };
  }

  @Override
  default void close() {}
}
