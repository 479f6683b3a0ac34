package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The virtual threads on which every call to the service is made. The SDK gives up a call whose
/// thread is interrupted, and an interrupted caller shall not harm the engine, so callers wait here
/// instead, and never longer than their time limit.
///
/// Threading: thread-safe.
final class Workers {
  /// Most calls at once for one verb: enough to hide a round trip. Measured on two cores with lists
  /// of 500 (docs/PERFORMANCE.md): 5 sent a sixth less, 50 an eighth.
  static final int AT_ONCE = 16;

  /// How long what was cut off may take to end.
  private static final long GRACE_NANOS = 2_000_000_000L;

  private final Environment environment;
  private final AtomicLong number = new AtomicLong();
  private final CountDownLatch closed = new CountDownLatch(1);

  Workers(Environment environment) {
    this.environment = environment;
  }

  /// Runs `body` on a thread of its own.
  Environment.Worker start(String what, Runnable body) {
    return environment
        .threads()
        .handler("sluice-sqs-" + what + "-" + number.incrementAndGet(), body);
  }

  /// Runs all tasks and waits for them.
  ///
  /// @param deadlineNanos when the tasks are to end by themselves
  /// @return what they returned, in their order
  /// @throws EngineUnavailableException when they do not
  <T> List<T> all(String what, List<Supplier<T>> tasks, long deadlineNanos) {
    AtomicReferenceArray<@Nullable T> results = new AtomicReferenceArray<>(tasks.size());
    AtomicReferenceArray<@Nullable Throwable> failures = new AtomicReferenceArray<>(tasks.size());
    AtomicInteger next = new AtomicInteger();
    CountDownLatch done = new CountDownLatch(tasks.size());
    int threads = Math.min(AT_ONCE, tasks.size());
    List<Environment.Worker> started = new ArrayList<>(threads);
    for (int i = 0; i < threads; i++) {
      started.add(
          start(
              what,
              () -> {
                for (int n = next.getAndIncrement(); n < tasks.size(); n = next.getAndIncrement()) {
                  try {
                    results.set(n, tasks.get(n).get());
                  } catch (Throwable failure) {
                    failures.set(n, failure);
                  } finally {
                    done.countDown();
                  }
                }
              }));
    }
    long left = deadlineNanos - environment.clock().monotonicNanos();
    if (!await(done, left)) {
      // Ends what they are doing: the SDK gives up a call whose thread is interrupted.
      started.forEach(Environment.Worker::interrupt);
    }
    // Counted from the deadline, which a verb of several rounds has in common for all of them.
    if (!await(done, deadlineNanos + GRACE_NANOS - environment.clock().monotonicNanos())) {
      throw new EngineUnavailableException("SQS: " + what + " did not end within its time limit");
    }
    List<T> values = new ArrayList<>(tasks.size());
    for (int i = 0; i < tasks.size(); i++) {
      Throwable failure = failures.get(i);
      T value = results.get(i);
      if (failure != null || value == null) {
        throw thrown(what, failure);
      }
      values.add(value);
    }
    return values;
  }

  /// Runs one task and waits for it.
  <T> T one(String what, Supplier<T> task, long deadlineNanos) {
    return all(what, List.of(task), deadlineNanos).getFirst();
  }

  /// Runs all tasks, which make their calls by way of [#all], and waits for them.
  void each(String what, List<Runnable> tasks, long deadlineNanos) {
    if (tasks.size() == 1) {
      tasks.getFirst().run();
    } else if (!tasks.isEmpty()) {
      List<Supplier<Boolean>> some = new ArrayList<>(tasks.size());
      for (Runnable task : tasks) {
        some.add(() -> {
          task.run();
          return true;
        });
      }
      all(what, some, deadlineNanos);
    }
  }

  private static RuntimeException thrown(String what, @Nullable Throwable failure) {
    return switch (failure) {
      case Service.QueueGoneException gone -> gone;
      // Thrown anew, so that the trace is that of the caller.
      case EngineUnavailableException unavailable ->
          new EngineUnavailableException(String.valueOf(unavailable.getMessage()), unavailable);
      case IllegalArgumentException wrong ->
          new IllegalArgumentException(String.valueOf(wrong.getMessage()), wrong);
      case null -> new EngineUnavailableException("SQS: " + what + " ended without an answer");
      default -> new EngineUnavailableException("SQS: " + what + " failed: " + failure, failure);
    };
  }

  /// Waits without minding interrupts; the flag is set again after.
  private boolean await(CountDownLatch done, long nanos) {
    boolean interrupted = false;
    long left = nanos;
    try {
      while (true) {
        long before = environment.clock().monotonicNanos();
        try {
          return done.await(left, TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          interrupted = true;
          left -= environment.clock().monotonicNanos() - before;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Waits, or until the engine is closed.
  ///
  /// @return whether it is open
  boolean pause(long nanos) {
    try {
      return !closed.await(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      return !isClosed();
    }
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  void close() {
    closed.countDown();
  }
}
