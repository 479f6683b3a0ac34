package dev.sluice.app;

import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Sluice;
import dev.sluice.job.Admission;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Producers at work: many virtual threads that share a number of enqueues.
///
/// Threading: thread-safe.
final class Load {
  private static final long REFUSED_PAUSE_NANOS = 1_000_000;
  private static final int MOST_PLATFORM_PRODUCERS = 16;

  private final Sluice sluice;
  private final JobType<byte[]> type;
  private final BenchConfig config;
  private final LongAdder accepted = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final List<Thread> threads = new ArrayList<>();

  private Load(Sluice sluice, JobType<byte[]> type, BenchConfig config) {
    this.sluice = sluice;
    this.type = type;
    this.config = config;
  }

  /// Starts to enqueue `jobs` jobs.
  static Load start(Sluice sluice, JobType<byte[]> type, BenchConfig config, int jobs) {
    Load load = new Load(sluice, type, config);
    for (int i = 0; i < config.producers(); i++) {
      int share = jobs / config.producers() + (i < jobs % config.producers() ? 1 : 0);
      load.threads.add(load.thread("bench-producer-" + i, share));
    }
    return load;
  }

  /// Few producers never wait, and as virtual threads would keep the handlers from their carriers;
  /// many are what a server has.
  private Thread thread(String name, int share) {
    Thread.Builder builder =
        config.producers() <= MOST_PLATFORM_PRODUCERS ? Thread.ofPlatform() : Thread.ofVirtual();
    return builder.name(name).start(() -> run(share));
  }

  private void run(int share) {
    try {
      if (config.batch() == 1) {
        for (int i = 0; i < share; i++) {
          single();
        }
      } else {
        for (int left = share; left > 0; left -= config.batch()) {
          batch(Math.min(left, config.batch()));
        }
      }
    } catch (RuntimeException failed) {
      failure.compareAndSet(null, failed);
    }
  }

  private void single() {
    while (!taken(sluice.enqueue(type, new byte[config.payload()]))) {
      LockSupport.parkNanos(REFUSED_PAUSE_NANOS);
    }
  }

  /// Offers the refused ones of a batch again, together, until all are taken.
  private void batch(int size) {
    List<NewJob<byte[]>> jobs = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      jobs.add(NewJob.of(type, new byte[config.payload()]));
    }
    while (!jobs.isEmpty()) {
      List<Admission> answers = sluice.enqueue(jobs);
      List<NewJob<byte[]>> refused = new ArrayList<>();
      for (int i = 0; i < answers.size(); i++) {
        if (!taken(answers.get(i))) {
          refused.add(jobs.get(i));
        }
      }
      if (!refused.isEmpty()) {
        LockSupport.parkNanos(REFUSED_PAUSE_NANOS);
      }
      jobs = refused;
    }
  }

  private boolean taken(Admission admission) {
    return switch (admission) {
      case Admission.Accepted _ -> {
        accepted.increment();
        yield true;
      }
      case Admission.Duplicate _ -> true;
      case Admission.Refused _ -> false;
    };
  }

  long accepted() {
    return accepted.sum();
  }

  /// Throws what a producer threw, if one did.
  void check() {
    Throwable failed = failure.get();
    if (failed instanceof RuntimeException unchecked) {
      throw unchecked;
    }
  }

  boolean isRunning() {
    return threads.stream().anyMatch(Thread::isAlive);
  }

  void await() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
    check();
  }
}
