package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Environment.Worker;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A run whose handler is called in this process: the handler's thread runs it, and it is what the
/// handler sees as its [JobContext].
///
/// Threading: thread-safe.
final class HandlerRun extends Run implements Runnable, JobContext {
  private final @Nullable Registration<?> registration;
  private volatile @Nullable Worker worker;

  /// @param registration the handler; null when there is none for the job's type
  HandlerRun(
      Claim claim,
      QueueRuntime queue,
      @Nullable Registration<?> registration,
      Settler settler,
      Duration lease,
      long nowNanos) {
    super(claim, queue, settler, lease, nowNanos);
    this.registration = registration;
  }

  /// Runs the handler; the body of its thread.
  @Override
  public void run() {
    if (!isOpen()) {
      // Given up before its thread got to run.
      endOrDiscard(Ending.Returned.DONE);
      return;
    }
    Ending mine;
    try {
      Outcome outcome = Objects.requireNonNull(registration).call(claim.job(), this);
      mine = returned(outcome);
    } catch (Throwable failure) {
      // Whatever user code throws, Errors included, is this job's failure and nobody else's.
      mine = new Ending.Threw(describe(failure), interruption());
    }
    endOrDiscard(mine);
  }

  // A handler compiled without null checks can answer null all the same.
  private static Ending returned(@Nullable Outcome outcome) {
    if (outcome instanceof Outcome.Done) {
      return Ending.Returned.DONE;
    }
    return outcome == null
        ? new Ending.Threw("the handler returned null instead of an outcome", null)
        : new Ending.Returned(outcome);
  }

  /// Whether no handler is registered for the job's type.
  boolean isUnhandled() {
    return registration == null;
  }

  void startedOn(Worker thread) {
    worker = thread;
    // An interrupt that came before the thread was known is delivered now.
    if (interruption() != null) {
      thread.interrupt();
    }
  }

  @Override
  void interrupted(Ending.Interruption why) {
    Worker thread = worker;
    if (thread != null) {
      thread.interrupt();
    }
  }

  @Override
  boolean holdsThread() {
    return true;
  }

  @Override
  String thread() {
    Worker thread = worker;
    return thread == null ? "" : thread.name();
  }

  @Override
  List<StackTraceElement> stack() {
    Worker thread = worker;
    return thread == null ? List.of() : Arrays.asList(thread.stack());
  }

  private static String describe(Throwable failure) {
    StringWriter text = new StringWriter();
    try {
      failure.printStackTrace(new PrintWriter(text));
    } catch (Throwable brokenToo) {
      // An exception that cannot even be printed; its run must end all the same.
      return failure.getClass().getName();
    }
    String whole = text.toString();
    return whole.length() <= MAX_ERROR ? whole : whole.substring(0, MAX_ERROR - 3) + "...";
  }

  @Override
  public String queue() {
    return claim.job().queue();
  }

  @Override
  public long epoch() {
    return claim.lease().epoch();
  }

  @Override
  public Instant deadline() {
    return Instant.ofEpochMilli(claim.startedAtMillis()).plusNanos(timeoutNanos);
  }

  @Override
  public boolean isCancelled() {
    return interruption() != null;
  }

  @Override
  public Map<String, String> headers() {
    return claim.job().options().headers();
  }
}
