package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.QueueStatus;
import dev.sluice.Sluice;
import dev.sluice.SluiceBuilder;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// One Sluice under test: real threads, clocks that stand still until the test moves them, and all
/// events. Moving the clocks wakes every loop, so nothing has to be waited for but what is tested.
///
/// Threading: thread-safe, but for starting and closing.
final class Rig implements AutoCloseable {
  static final JobType<String> WORK = JobType.of("work", Codec.string());
  static final EnqueueOptions PLAIN = EnqueueOptions.defaults();
  static final long START_MILLIS = 1_767_225_600_000L;
  private static final long DEADLINE_NANOS = Duration.ofSeconds(60).toNanos();

  final List<JobEvent> events = new CopyOnWriteArrayList<>();
  private final EngineKind kind;
  private final Path directory;
  private final AtomicLong nanos = new AtomicLong(-Duration.ofSeconds(5).toNanos());
  private final AtomicLong millis = new AtomicLong(START_MILLIS);
  private final List<Environment.Loop> loops = new CopyOnWriteArrayList<>();
  private final Random random = new Random(1);
  private UnaryOperator<Engine> layer = UnaryOperator.identity();
  private Sluice sluice;

  Rig(EngineKind kind, Path directory) {
    this.kind = kind;
    this.directory = directory;
  }

  Environment environment() {
    Environment real = Environment.system();
    Environment.Clock clock =
        new Environment.Clock() {
          @Override
          public long wallMillis() {
            return millis.get();
          }

          @Override
          public long monotonicNanos() {
            return nanos.get();
          }
        };
    Environment.Threads threads =
        new Environment.Threads() {
          @Override
          public Environment.Loop loop(String name, Environment.Step step) {
            Environment.Loop loop = real.threads().loop(name, step);
            loops.add(loop);
            return loop;
          }

          @Override
          public Environment.Worker handler(String name, Runnable body) {
            return real.threads().handler(name, body);
          }
        };
    return new Environment(clock, random, threads);
  }

  /// Names what the engine of the next start is wrapped into.
  void wrap(UnaryOperator<Engine> engineLayer) {
    layer = engineLayer;
  }

  /// Starts a Sluice on the engine, in place of the one before: for a durable engine a restart.
  Sluice start(Function<SluiceBuilder, SluiceBuilder> configure) {
    close();
    Environment environment = environment();
    SluiceBuilder builder =
        Sluice.on(layer.apply(kind.open(directory, environment)))
            .environment(environment)
            .listen(events::add);
    sluice = configure.apply(builder).start();
    return sluice;
  }

  Sluice sluice() {
    return sluice;
  }

  /// Lets time pass on both clocks.
  void advance(Duration by) {
    millis.addAndGet(by.toMillis());
    nanos.addAndGet(by.toNanos());
    loops.forEach(Environment.Loop::wake);
  }

  JobId enqueue(String payload) {
    return enqueue(payload, PLAIN);
  }

  JobId enqueue(String payload, EnqueueOptions options) {
    return accepted(sluice.enqueue(WORK, payload, options));
  }

  static JobId accepted(Admission admission) {
    assertThat(admission).isInstanceOf(Admission.Accepted.class);
    return ((Admission.Accepted) admission).id();
  }

  JobView view(JobId id) {
    return sluice.find(id).orElseThrow().view();
  }

  QueueStatus status() {
    return sluice.status(JobType.DEFAULT_QUEUE);
  }

  void awaitState(JobId id, JobState state) {
    await(id + " is " + state, () -> view(id).state() == state);
  }

  /// Waits for the newest event of that kind about that job.
  <E extends JobEvent> E awaitEvent(Class<E> type, JobId id) {
    await(type.getSimpleName() + " of " + id, () -> !events(type, id).isEmpty());
    return events(type, id).getLast();
  }

  <E extends JobEvent> List<E> events(Class<E> type, JobId id) {
    return events.stream()
        .filter(type::isInstance)
        .map(type::cast)
        .filter(event -> event.job().id().equals(id))
        .toList();
  }

  /// Polls a condition, with a deadline that only a defect reaches.
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain: " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /// Waits without heeding interrupts, as bad handlers do.
  static void awaitDeaf(CountDownLatch gate) {
    while (gate.getCount() > 0) {
      try {
        gate.await();
      } catch (InterruptedException _) {
        // That is what deaf means.
      }
    }
  }

  @Override
  public void close() {
    loops.clear();
    if (sluice != null) {
      sluice.close();
    }
  }
}
