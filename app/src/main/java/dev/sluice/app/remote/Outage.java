package dev.sluice.app.remote;

import java.util.concurrent.atomic.AtomicInteger;

/// A time in which the server does not answer: told once, however often it is tried.
///
/// Threading: thread-safe.
final class Outage {
  private final Output output;
  private final AtomicInteger failures = new AtomicInteger();

  Outage(Output output) {
    this.output = output;
  }

  /// A try failed.
  void began(RemoteFailure failure) {
    if (failures.getAndIncrement() == 0) {
      output.note(
          Times.here().clock() + " " + failure.getMessage() + "; tries again until it answers");
    }
  }

  /// A try went well.
  void over() {
    failures.set(0);
  }

  /// Failed tries in a row.
  int failures() {
    return failures.get();
  }
}
