package dev.sluice.app.remote;

import dev.sluice.job.SluiceException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What stands between a command and its answer: nobody is there, or the server says no. The
/// message is one sentence for people.
final class RemoteFailure extends SluiceException {
  private static final long serialVersionUID = 1L;

  /// The HTTP status; 0 when there was no answer.
  private final int status;

  private final String reason;
  private final @Nullable Duration retryAfter;

  private RemoteFailure(
      String message,
      int status,
      String reason,
      @Nullable Duration retryAfter,
      @Nullable Throwable cause) {
    super(message);
    if (cause != null) {
      initCause(cause);
    }
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  /// Nobody answers at all, so that nothing can have happened there.
  static RemoteFailure unreachable(String message, Throwable cause) {
    return new RemoteFailure(message, 0, "unreachable", null, cause);
  }

  /// The request went out, and no whole answer came back: it may have been done.
  static RemoteFailure broken(String message, @Nullable Throwable cause) {
    return new RemoteFailure(message, 0, "broken", null, cause);
  }

  static RemoteFailure refused(
      String message, int status, String reason, @Nullable Duration retryAfter) {
    return new RemoteFailure(message, status, reason, retryAfter, null);
  }

  int status() {
    return status;
  }

  boolean isUnreachable() {
    return reason.equals("unreachable");
  }

  /// Whether the same may go well when it is tried again later.
  boolean mayPass() {
    return status == 0 || status == 429 || status >= 500;
  }

  /// Whether a lease is not held any more.
  boolean isLeaseLost() {
    return status == 409 || status == 404;
  }

  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
