package dev.sluice.engine;

import dev.sluice.engine.Environment.Clock;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Environment.Step;
import dev.sluice.engine.Environment.Threads;
import dev.sluice.engine.Environment.Worker;
import java.security.SecureRandom;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/// The real world behind [Environment].
final class SystemEnvironment {
  private SystemEnvironment() {}

  static Environment create() {
    return new Environment(
        new SystemClock(), new SharedRandom(new SecureRandom().nextLong()), new SystemThreads());
  }

  private static final class SystemClock implements Clock {
    @Override
    public long wallMillis() {
      return System.currentTimeMillis();
    }

    @Override
    public long monotonicNanos() {
      return System.nanoTime();
    }
  }

  /// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over a shared counter: one atomic add a draw.
  ///
  /// Threading: thread-safe.
  private static final class SharedRandom implements RandomGenerator {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private final AtomicLong state;

    SharedRandom(long seed) {
      state = new AtomicLong(seed);
    }

    @Override
    public long nextLong() {
      long z = state.getAndAdd(GOLDEN_GAMMA);
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      return z ^ (z >>> 31);
    }
  }

  private static final class SystemThreads implements Threads {
    @Override
    public Loop loop(String name, Step step) {
      Objects.requireNonNull(name, "name: must not be null");
      Objects.requireNonNull(step, "step: must not be null");
      ThreadLoop loop = new ThreadLoop(name, step);
      loop.thread.start();
      return loop;
    }

    @Override
    public Worker handler(String name, Runnable body) {
      Objects.requireNonNull(name, "name: must not be null");
      Objects.requireNonNull(body, "body: must not be null");
      return new HandlerThread(Thread.ofVirtual().name(name).start(body));
    }
  }

  private record HandlerThread(Thread thread) implements Worker {
    @Override
    public void interrupt() {
      thread.interrupt();
    }

    @Override
    public boolean isAlive() {
      return thread.isAlive();
    }

    @Override
    public String name() {
      return thread.getName();
    }

    @Override
    public StackTraceElement[] stack() {
      return thread.getStackTrace();
    }
  }

  /// A loop on a daemon platform thread, which a flood of busy virtual threads cannot starve.
  ///
  /// Threading: thread-safe. `state` holds the wake-up that came while the loop was awake.
  private static final class ThreadLoop implements Loop {
    private static final System.Logger LOG = System.getLogger("dev.sluice.loop");
    private static final long PAUSE_AFTER_FAILURE_NANOS = 100_000_000;

    private final Thread thread;
    private final Step step;
    private volatile boolean woken;
    private volatile boolean stopped;

    ThreadLoop(String name, Step step) {
      this.step = step;
      thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    }

    private void run() {
      while (!stopped) {
        woken = false;
        long wait = oneStep();
        if (wait > 0 && !woken && !stopped) {
          if (wait == Step.WHEN_WOKEN) {
            LockSupport.park(this);
          } else {
            LockSupport.parkNanos(this, wait);
          }
          // Nobody owns this thread's interrupt flag; left set, it would turn parks into a spin.
          Thread.interrupted();
        }
      }
    }

    // A loop that dies takes the product's promise with it, so it outlives every failure of a step.
    private long oneStep() {
      try {
        return step.step();
      } catch (Throwable failure) {
        try {
          LOG.log(System.Logger.Level.ERROR, thread.getName() + " failed and goes on", failure);
        } catch (Throwable unlogged) {
          // No memory for a log line, or a logger that is broken: no reason to die either.
        }
        return PAUSE_AFTER_FAILURE_NANOS;
      }
    }

    @Override
    public void wake() {
      if (!woken) {
        woken = true;
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void stop() {
      stopped = true;
      LockSupport.unpark(thread);
      if (Thread.currentThread() == thread) {
        return;
      }
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
