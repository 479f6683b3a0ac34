package dev.sluice.engine;

import java.util.Objects;
import java.util.random.RandomGenerator;

/// The outside world of a Sluice: clock, randomness and threads. Nothing else in Sluice reads a
/// clock, draws a random number or starts a thread, so a test or a simulation that brings its own
/// environment decides everything.
///
/// Threading: the record is immutable; its parts must be thread-safe.
///
/// @param clock both kinds of time
/// @param random for ids and jitter, not for secrets
/// @param threads where loops and handlers run
public record Environment(Clock clock, RandomGenerator random, Threads threads) {
  public Environment {
    Objects.requireNonNull(clock, "clock: must not be null");
    Objects.requireNonNull(random, "random: must not be null");
    Objects.requireNonNull(threads, "threads: must not be null");
  }

  /// The machine's clock, a randomly seeded generator, real threads.
  public static Environment system() {
    return SystemEnvironment.create();
  }

  /// Two kinds of time. Leases, timeouts and rates use the monotonic kind; run-at, cron and what
  /// people read use the wall clock.
  public interface Clock {
    /// Unix time in milliseconds; may jump.
    long wallMillis();

    /// Nanoseconds since an arbitrary instant; never goes back.
    long monotonicNanos();
  }

  /// Where code runs.
  public interface Threads {
    /// Runs a step machine until the loop is stopped: on a platform thread of its own, or by hand.
    Loop loop(String name, Step step);

    /// Starts a handler on a virtual thread of its own.
    Worker handler(String name, Runnable body);
  }

  /// A step machine: work is done in steps, and each step says when the next one is wanted. An
  /// exception that leaves `step` is logged by the loop, and the machine goes on after a pause.
  @FunctionalInterface
  public interface Step {
    /// A return value of [#step]: nothing to do until somebody wakes the loop.
    long WHEN_WOKEN = Long.MAX_VALUE;

    /// A return value of [#step]: there is more to do.
    long AT_ONCE = 0;

    /// Does a bounded piece of work.
    ///
    /// @return nanoseconds until the next step is wanted, if nobody wakes the loop before
    long step();
  }

  /// A running step machine.
  public interface Loop {
    /// Asks for a step soon. Never blocks; cheap when the loop is awake.
    void wake();

    /// Ends the loop and returns after its last step ended. May be called twice, also from the
    /// loop's own thread (then it returns at once).
    void stop();
  }

  /// A handler's thread.
  public interface Worker {
    void interrupt();

    boolean isAlive();

    String name();

    /// Where the thread is right now; empty when it has ended.
    StackTraceElement[] stack();
  }
}
