package dev.sluice.server;

import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;

/// Who changed what, and who was not let in.
///
/// Threading: implementations must be thread-safe.
interface AuditLog extends AutoCloseable {
  /// Writes one call down.
  ///
  /// @param caller the name of whoever called
  /// @param status what was answered
  void record(String caller, ServerRequest request, Status status);

  /// Writes down somebody who was not let in.
  ///
  /// @param status what was answered
  void refused(ServerRequest request, Status status);

  /// Writes nothing.
  static AuditLog none() {
    return new AuditLog() {
      @Override
      public void record(String caller, ServerRequest request, Status status) {}

      @Override
      public void refused(ServerRequest request, Status status) {}
    };
  }

  @Override
  default void close() {}
}
