package dev.sluice;

import dev.sluice.job.JobId;
import java.time.Instant;
import java.util.Map;

/// What a handler may know of the attempt that it makes.
///
/// Threading: thread-safe; a handler may hand it to threads of its own.
public interface JobContext {
  /// The same over all attempts of the job: the natural key for doing work only once.
  JobId id();

  String queue();

  String type();

  /// Which attempt this is, from 1.
  int attempt();

  /// The fencing token of this attempt: higher than that of every earlier one. A store that
  /// remembers the highest it saw can refuse what a worker given up long ago still writes.
  long epoch();

  /// When this attempt will be interrupted, by the wall clock as it stood when it started.
  Instant deadline();

  /// Whether this attempt should stop: it was cancelled, it ran too long, its lease was lost, or
  /// the process stops. The handler's thread is interrupted as well.
  boolean isCancelled();

  /// What the producer sent along, trace context among it.
  Map<String, String> headers();

  /// Tells people how far the work is.
  ///
  /// @param fraction from 0 to 1
  /// @param message what is going on, at most 256 characters are kept
  /// @throws IllegalArgumentException when `fraction` is not between 0 and 1
  void progress(double fraction, String message);
}
