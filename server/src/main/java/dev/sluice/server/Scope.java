package dev.sluice.server;

import java.util.Arrays;
import java.util.Optional;

/// What a caller may do.
public enum Scope {
  /// Hand over jobs.
  ENQUEUE("enqueue"),
  /// Lease jobs and tell how they ended.
  WORK("work"),
  /// Look at jobs and queues, without payloads, headers and errors of attempts.
  READ("read"),
  /// See payloads, headers and errors of attempts of jobs that one looks at.
  READ_PAYLOAD("read-payload"),
  /// Cancel, retry, delete, pause, purge. Holds [#READ] too.
  OPERATE("operate"),
  /// Change queues and schedules. Holds every other scope too.
  ADMIN("admin");

  private final String text;

  Scope(String text) {
    this.text = text;
  }

  /// The scope as people write it.
  public String text() {
    return text;
  }

  /// Whether whoever has this scope may do what `other` is for.
  boolean holds(Scope other) {
    return this == other || this == ADMIN || (this == OPERATE && other == READ);
  }

  /// The scope of that text.
  public static Optional<Scope> of(String text) {
    return Arrays.stream(values()).filter(scope -> scope.text.equals(text)).findFirst();
  }
}
