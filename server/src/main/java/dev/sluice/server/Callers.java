package dev.sluice.server;

import java.time.Duration;
import java.util.Optional;

/// Who may call the server.
///
/// Threading: implementations must be thread-safe.
public interface Callers {
  /// Whether callers need no token.
  boolean isOpen();

  /// The caller that a token belongs to; empty when the token is none, or has expired. Must take
  /// the same time for every wrong token.
  Optional<Caller> of(String token);

  /// Counts a request of a caller against its rate.
  ///
  /// @return how long until the next one is allowed; empty when this one is
  default Optional<Duration> delay(Caller caller) {
    return Optional.empty();
  }

  /// Everybody, without a token.
  static Callers everybody() {
    return new Callers() {
      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public Optional<Caller> of(String token) {
        return Optional.of(Caller.ANONYMOUS);
      }
    };
  }
}
