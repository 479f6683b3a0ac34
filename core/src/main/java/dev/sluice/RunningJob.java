package dev.sluice;

import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/// An attempt that runs in this process right now.
///
/// Threading: immutable.
///
/// @param elapsed since the handler was started
/// @param thread name of the handler's thread
/// @param stack where that thread is at this moment; empty when it just ended
/// @param progress what the handler told last, 0 to 1
/// @param message what the handler told last
/// @param zombie whether it was given up because it heeds no interrupt
public record RunningJob(
    JobId id,
    String queue,
    String type,
    int attempt,
    Duration elapsed,
    String thread,
    List<StackTraceElement> stack,
    double progress,
    String message,
    boolean zombie) {
  public RunningJob {
    Objects.requireNonNull(id, "id: must not be null");
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(type, "type: must not be null");
    Objects.requireNonNull(elapsed, "elapsed: must not be null");
    Objects.requireNonNull(thread, "thread: must not be null");
    Objects.requireNonNull(stack, "stack: must not be null");
    Objects.requireNonNull(message, "message: must not be null");
    stack = List.copyOf(stack);
  }
}
