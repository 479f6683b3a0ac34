package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Environment.Worker;
import dev.sluice.job.JobId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One claim being worked on: the handler's thread runs it, and it is what the handler sees as its
/// [JobContext]. It ends exactly once, by the handler's answer or by being given up, whichever is
/// first; the loser of that race is told so.
///
/// Threading: thread-safe. `ending` and `interruption` are set once, by compare-and-set. The links
/// belong to whoever the comment at the link names.
final class Run implements Runnable, JobContext {
  /// Longer error texts are cut.
  static final int MAX_ERROR = 4096;

  private static final int MAX_MESSAGE = 256;
  private static final VarHandle ENDING;
  private static final VarHandle INTERRUPTION;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ENDING = lookup.findVarHandle(Run.class, "ending", Ending.class);
      INTERRUPTION = lookup.findVarHandle(Run.class, "interruption", Ending.Interruption.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  final Claim claim;
  final QueueRuntime queue;
  final long startedNanos;
  final long timeoutNanos;

  /// How long the engine holds the lease without another word; the keeper's after the start.
  Duration lease;

  private final @Nullable Registration<?> registration;
  private final Settler settler;

  /// Links of [Runs], guarded by its lock.
  @Nullable Run previous;

  @Nullable Run next;

  /// Link of [Settler]'s stack, written before the push.
  @Nullable Run settledNext;

  /// When the lease was extended last; the keeper's.
  long extendedNanos;

  private volatile @Nullable Worker worker;
  private volatile @Nullable Ending ending;
  private volatile Ending.@Nullable Interruption interruption;
  private volatile long interruptedNanos;
  private volatile double progress;
  private volatile String message = "";

  Run(
      Claim claim,
      QueueRuntime queue,
      @Nullable Registration<?> registration,
      Settler settler,
      Duration lease,
      long nowNanos) {
    this.claim = claim;
    this.queue = queue;
    this.registration = registration;
    this.settler = settler;
    this.lease = lease;
    this.startedNanos = nowNanos;
    this.extendedNanos = nowNanos;
    long own = claim.job().options().timeoutMillis();
    this.timeoutNanos =
        own > 0 ? Duration.ofMillis(own).toNanos() : queue.policy().timeout().toNanos();
  }

  /// Runs the handler; the body of its thread.
  @Override
  public void run() {
    if (!isOpen()) {
      // Given up before its thread got to run.
      settler.endedLate(this);
      return;
    }
    Ending mine;
    try {
      Outcome outcome = Objects.requireNonNull(registration).call(claim.job(), this);
      mine = returned(outcome);
    } catch (Throwable failure) {
      // Whatever user code throws, Errors included, is this job's failure and nobody else's.
      mine = new Ending.Threw(describe(failure), interruption);
    }
    if (end(mine)) {
      settler.ended(this);
    } else {
      settler.endedLate(this);
    }
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

  /// Ends the run for the handler, which heeds no interrupt. False when it has just answered.
  boolean abandon() {
    return end(
        new Ending.Abandoned(
            "heeded no interrupt and was given up; its thread still runs", interruption));
  }

  private boolean end(Ending how) {
    return ENDING.compareAndSet(this, null, how);
  }

  /// How the run ended; only for whoever was told that it did.
  Ending ending() {
    Ending known = ending;
    if (known == null) {
      throw new IllegalStateException("the run of job " + id() + " has not ended");
    }
    return known;
  }

  /// Whether no handler is registered for the job's type.
  boolean isUnhandled() {
    return registration == null;
  }

  boolean isOpen() {
    return ending == null;
  }

  /// Whether the run was interrupted because the process stops, and heeded it.
  boolean wasReleased() {
    return ending instanceof Ending.Threw(_, var why) && why == Ending.Interruption.STOPPING;
  }

  boolean isZombie() {
    return ending instanceof Ending.Abandoned;
  }

  void startedOn(Worker thread) {
    worker = thread;
    // An interrupt that came before the thread was known is delivered now.
    if (interruption != null) {
      thread.interrupt();
    }
  }

  /// Ends a run whose handler is never called.
  void endUnstarted(Ending how) {
    if (end(how)) {
      settler.ended(this);
    } else {
      settler.endedLate(this);
    }
  }

  /// Asks the handler to stop. The first reason stays; false when there was one already.
  boolean interrupt(Ending.Interruption why, long nowNanos) {
    if (ending != null || interruption != null) {
      return false;
    }
    // Before the reason: whoever sees the reason must not take 0 for the time.
    interruptedNanos = nowNanos;
    if (!INTERRUPTION.compareAndSet(this, null, why)) {
      return false;
    }
    Worker thread = worker;
    if (thread != null) {
      thread.interrupt();
    }
    return true;
  }

  /// Whether the run was asked to stop at least `grace` ago and goes on all the same.
  boolean ignoresInterrupt(long graceNanos, long nowNanos) {
    return ending == null
        && interruption != null
        && interruption != Ending.Interruption.STOPPING
        && nowNanos - interruptedNanos >= graceNanos;
  }

  RunningJob show(long nowNanos) {
    Worker thread = worker;
    return new RunningJob(
        id(),
        queue(),
        type(),
        attempt(),
        Duration.ofNanos(nowNanos - startedNanos),
        thread == null ? "" : thread.name(),
        thread == null ? List.of() : Arrays.asList(thread.stack()),
        progress,
        message,
        isZombie());
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
  public JobId id() {
    return claim.job().id();
  }

  @Override
  public String queue() {
    return claim.job().queue();
  }

  @Override
  public String type() {
    return claim.job().type();
  }

  @Override
  public int attempt() {
    return claim.attempt();
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
    return interruption != null;
  }

  @Override
  public Map<String, String> headers() {
    return claim.job().options().headers();
  }

  @Override
  public void progress(double fraction, String text) {
    Objects.requireNonNull(text, "message: must not be null");
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new IllegalArgumentException("progress: " + fraction + " must be between 0 and 1");
    }
    progress = fraction;
    message = text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE);
  }
}
