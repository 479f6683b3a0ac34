package dev.sluice.app;

import dev.sluice.Codec;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.app.BenchResult.Percentiles;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The load scenario: enqueue while the queue is paused, run what waits, both at once, and a steady
/// pace for the latencies. Default retention, handlers that do nothing.
///
/// Threading: confined to the thread that runs it; `paced` is handed to handlers.
final class Bench implements AutoCloseable {
  private static final String QUEUE = "bench";
  private static final JobType<byte[]> JOB = JobType.of("bench", Codec.bytes()).on(QUEUE);
  private static final long POLL_NANOS = 500_000;
  private static final long STALLED_NANOS = 60_000_000_000L;

  private final BenchConfig config;
  private final BenchPlace place;
  private final ProgressBar bar;
  private final Environment.Clock clock = Environment.system().clock();
  private final Sluice sluice;
  private final boolean steered;
  private volatile @Nullable Paced paced;

  /// What handlers wait for before they do anything.
  private volatile CountDownLatch held = new CountDownLatch(0);

  private Bench(BenchConfig config, BenchPlace place, Engine engine, ProgressBar bar) {
    this.config = config;
    this.place = place;
    this.bar = bar;
    this.steered = engine instanceof Controllable;
    QueuePolicy policy =
        QueuePolicy.defaults()
            .withCapacity(new Bound(2L * config.jobs(), Long.MAX_VALUE))
            .withConcurrency(BenchConfig.CONCURRENCY);
    sluice =
        Sluice.on(engine).queue(QUEUE, policy).handle(JOB, (payload, _) -> handle(payload)).start();
  }

  private Outcome handle(byte[] payload) throws InterruptedException {
    held.await();
    Paced now = paced;
    if (now != null) {
      now.started(payload);
    }
    return Outcome.done();
  }

  /// @param engine is closed at the end
  static BenchResult run(BenchConfig config, BenchPlace place, Engine engine, ProgressBar bar)
      throws InterruptedException {
    try (Bench bench = new Bench(config, place, engine, bar)) {
      return bench.measure();
    } finally {
      bar.clear();
    }
  }

  private BenchResult measure() throws InterruptedException {
    both("warming up", config.warmUp());
    // The steady state first, while neither heap nor file has held a large backlog.
    long bothPerSecond = both("both", config.jobs());
    Paced latencies = pace();
    long heapBefore = usedHeap();
    sluice.reconfigure(QUEUE, policy -> policy.withCapacity(2L * config.jobs()));
    hold();
    long enqueuePerSecond = enqueue();
    long heap = (usedHeap() - heapBefore) / config.jobs();
    long disk = place.bytes() / Math.max(1, kept());
    long runPerSecond = drain();
    bar.show("raw limit", 0, 1);
    RawLimit raw = RawLimit.of(place, config).orElse(null);
    long rawPerSecond = raw == null ? 0 : raw.perSecond(clock);
    return new BenchResult(
        sluice.limits().engine(),
        config.jobs(),
        config.payload(),
        config.producers(),
        config.batch(),
        enqueuePerSecond,
        runPerSecond,
        bothPerSecond,
        Percentiles.ofNanos(latencies.admissionNanos()),
        Percentiles.ofNanos(latencies.startNanos()),
        Math.max(0, heap),
        Math.max(0, disk),
        raw == null
            ? null
            : new BenchResult.Raw(
                raw.words(),
                rawPerSecond,
                raw.ratio(rawPerSecond, enqueuePerSecond, bothPerSecond)));
  }

  private long enqueue() throws InterruptedException {
    long begun = clock.monotonicNanos();
    Load load = Load.start(sluice, JOB, config, config.jobs());
    while (load.isRunning()) {
      bar.show("enqueue", load.accepted(), config.jobs());
      LockSupport.parkNanos(POLL_NANOS);
    }
    load.await();
    return perSecond(config.jobs(), begun);
  }

  /// Lets nothing run: by a pause, or where the engine has none, by handlers that wait, so that
  /// some jobs have left the queue already when the others are counted.
  private void hold() {
    if (steered) {
      sluice.pause(QUEUE);
    } else {
      held = new CountDownLatch(1);
    }
  }

  private void release() {
    if (steered) {
      sluice.resume(QUEUE);
    } else {
      held.countDown();
    }
  }

  private long drain() {
    long before = succeeded();
    long begun = clock.monotonicNanos();
    release();
    awaitSucceeded("run", before, config.jobs(), null);
    return perSecond(config.jobs(), begun);
  }

  /// Producers and workers at once, with the bound that a service would set: refused producers try
  /// again a moment later.
  private long both(String phase, int jobs) throws InterruptedException {
    sluice.reconfigure(QUEUE, policy -> policy.withCapacity(BenchConfig.BOUND));
    long before = succeeded();
    long begun = clock.monotonicNanos();
    Load load = Load.start(sluice, JOB, config, jobs);
    awaitSucceeded(phase, before, jobs, load);
    long result = perSecond(jobs, begun);
    load.await();
    return result;
  }

  private Paced pace() throws InterruptedException {
    long before = succeeded();
    Paced measured = new Paced(clock, config.paced());
    paced = measured;
    bar.show("1,000 jobs/s", 0, 1);
    measured.run(sluice, JOB, config.payload(), BenchConfig.PACE);
    awaitSucceeded("1,000 jobs/s", before, config.paced(), null);
    paced = null;
    return measured;
  }

  private void awaitSucceeded(String phase, long before, int jobs, @Nullable Load load) {
    long seen = -1;
    long seenAt = clock.monotonicNanos();
    while (true) {
      long done = succeeded() - before;
      bar.show(phase, done, jobs);
      if (done >= jobs) {
        return;
      }
      if (load != null) {
        load.check();
      }
      long now = clock.monotonicNanos();
      if (done != seen) {
        seen = done;
        seenAt = now;
      } else if (now - seenAt > STALLED_NANOS) {
        throw new SluiceException(
            phase + ": only " + done + " of " + jobs + " jobs ended, and none for a minute");
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /// Jobs that the engine holds, those that ended in the warm-up and are still kept among them.
  private long kept() {
    Countable.Counts counts = sluice.status(QUEUE).counts();
    return counts.waiting() + counts.succeeded();
  }

  private long succeeded() {
    return sluice.status(QUEUE).succeeded();
  }

  private long perSecond(long jobs, long begun) {
    return Math.round(jobs * 1e9 / Math.max(1, clock.monotonicNanos() - begun));
  }

  private static long usedHeap() {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    memory.gc();
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed();
  }

  @Override
  public void close() {
    sluice.close(Duration.ofSeconds(5));
  }
}
