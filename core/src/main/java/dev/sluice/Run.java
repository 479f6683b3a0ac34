package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Settled;
import dev.sluice.job.JobId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One claim being worked on, here or elsewhere. It ends exactly once, by the worker's answer or by
/// being given up, whichever is first; the loser of that race is told so.
///
/// Threading: thread-safe. `ending` and `interruption` are set once, by compare-and-set. The links
/// belong to whoever the comment at the link names.
abstract sealed class Run permits HandlerRun, PulledRun {
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
  private final Settler settler;

  /// How long the engine holds the lease without another word; the keeper's after the start.
  Duration lease;

  /// Links of [Runs], guarded by its lock.
  @Nullable Run previous;

  @Nullable Run next;

  /// Link of [Settler]'s stack, written before the push.
  @Nullable Run settledNext;

  /// When the lease was extended last; the keeper's.
  long extendedNanos;

  private volatile @Nullable Ending ending;
  private volatile Ending.@Nullable Interruption interruption;
  private volatile long interruptedNanos;
  private volatile double progress;
  private volatile String message = "";

  Run(Claim claim, QueueRuntime queue, Settler settler, Duration lease, long nowNanos) {
    this.claim = claim;
    this.queue = queue;
    this.settler = settler;
    this.lease = lease;
    this.startedNanos = nowNanos;
    this.extendedNanos = nowNanos;
    long own = claim.job().options().timeoutMillis();
    this.timeoutNanos =
        own > 0 ? Duration.ofMillis(own).toNanos() : queue.policy().timeout().toNanos();
  }

  /// Ends the run and hands it in to be recorded.
  ///
  /// @return false when it had ended before
  final boolean end(Ending how) {
    if (!claimEnd(how)) {
      return false;
    }
    settler.ended(this);
    return true;
  }

  /// Ends the run without handing it in: whoever calls this does so.
  final boolean claimEnd(Ending how) {
    return ENDING.compareAndSet(this, null, how);
  }

  /// Ends the run; what comes too late is told as that.
  final void endOrDiscard(Ending how) {
    if (!end(how)) {
      settler.endedLate(this);
    }
  }

  /// How the run ended; only for whoever was told that it did.
  final Ending ending() {
    Ending known = ending;
    if (known == null) {
      throw new IllegalStateException("the run of job " + id() + " has not ended");
    }
    return known;
  }

  final boolean isOpen() {
    return ending == null;
  }

  /// Whether the run was given back because its worker stops.
  final boolean wasReleased() {
    return ending instanceof Ending.Threw(_, var why) && why == Ending.Interruption.STOPPING;
  }

  final boolean isZombie() {
    return ending instanceof Ending.Abandoned && holdsThread();
  }

  /// Asks the worker to stop. The first reason stays; false when there was one already.
  boolean interrupt(Ending.Interruption why, long nowNanos) {
    if (ending != null || interruption != null) {
      return false;
    }
    // Before the reason: whoever sees the reason must not take 0 for the time.
    interruptedNanos = nowNanos;
    if (!INTERRUPTION.compareAndSet(this, null, why)) {
      return false;
    }
    interrupted(why);
    return true;
  }

  /// Heeds what the engine answered to an extension of the lease.
  final void heed(Extension answer, long nowNanos) {
    switch (answer) {
      case EXTENDED -> {}
      case CANCEL_REQUESTED -> interrupt(Ending.Interruption.CANCEL, nowNanos);
      case LEASE_LOST -> interrupt(Ending.Interruption.LEASE_LOST, nowNanos);
    }
  }

  /// Tells the worker, if there is a way to.
  abstract void interrupted(Ending.Interruption why);

  /// Whether the work holds a thread of this process until it ends by itself.
  abstract boolean holdsThread();

  /// Names the thread of the work; empty when it has none here.
  abstract String thread();

  /// Where that thread is.
  abstract List<StackTraceElement> stack();

  /// Called when the end was recorded, or refused.
  void recorded(Settled answer) {}

  final Ending.@Nullable Interruption interruption() {
    return interruption;
  }

  /// Whether the run was asked to stop at least `grace` ago and goes on all the same.
  boolean ignoresInterrupt(long graceNanos, long nowNanos) {
    return ending == null
        && interruption != null
        && interruption != Ending.Interruption.STOPPING
        && nowNanos - interruptedNanos >= graceNanos;
  }

  final RunningJob show(long nowNanos) {
    return new RunningJob(
        id(),
        claim.job().queue(),
        type(),
        attempt(),
        Duration.ofNanos(nowNanos - startedNanos),
        thread(),
        stack(),
        progress,
        message,
        isZombie());
  }

  public final JobId id() {
    return claim.job().id();
  }

  public final String type() {
    return claim.job().type();
  }

  public final int attempt() {
    return claim.attempt();
  }

  /// Keeps what the worker tells of its progress.
  public final void progress(double fraction, String text) {
    Objects.requireNonNull(text, "message: must not be null");
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new IllegalArgumentException("progress: " + fraction + " must be between 0 and 1");
    }
    progress = fraction;
    message = text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE);
  }
}
