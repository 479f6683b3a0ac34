package dev.sluice.runtime;

import static dev.sluice.runtime.Rig.WORK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.EnqueueOptions;
import dev.sluice.Handler;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Retention;
import dev.sluice.job.Admission;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// After many jobs that succeed, fail, run too long and are cancelled, everything is given back:
/// threads, file handles, memory.
@Timeout(600)
final class LeakTest {
  private static final Retention NOTHING =
      new Retention(
          new Retention.Keep(Duration.ZERO, 0, 0), new Retention.Keep(Duration.ZERO, 0, 0));
  private static final QueuePolicy POLICY =
      QueuePolicy.defaults()
          .withConcurrency(64)
          .withRetry(RetryPolicy.defaults().withMaxAttempts(2).withDelay(Duration.ZERO))
          .withRetention(NOTHING);

  /// Handler threads that live.
  private final AtomicInteger handlers = new AtomicInteger();

  private final CountDownLatch never = new CountDownLatch(1);

  private record Footing(long threads, long files, long heap) {
    static Footing measure() throws IOException {
      try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
        long open = files.count();
        System.gc();
        System.gc();
        return new Footing(
            ManagementFactory.getThreadMXBean().getThreadCount(),
            open,
            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
      }
    }
  }

  private Environment counted() {
    Environment real = Environment.system();
    Environment.Threads threads =
        new Environment.Threads() {
          @Override
          public Environment.Loop loop(String name, Environment.Step step) {
            return real.threads().loop(name, step);
          }

          @Override
          public Environment.Worker handler(String name, Runnable body) {
            handlers.incrementAndGet();
            return real.threads()
                .handler(
                    name,
                    () -> {
                      try {
                        body.run();
                      } finally {
                        handlers.decrementAndGet();
                      }
                    });
          }
        };
    return new Environment(real.clock(), real.random(), threads);
  }

  private Handler<String> handler() {
    return (payload, _) ->
        switch (payload) {
          case "fail" -> throw new IllegalStateException("failed");
          case "hang" -> {
            never.await();
            yield Outcome.done();
          }
          default -> Outcome.done();
        };
  }

  private static NewJob<String> job(int number) {
    EnqueueOptions plain = EnqueueOptions.defaults();
    return switch (number % 100) {
      case 1, 2, 3, 4, 5 -> NewJob.of(WORK, "fail");
      case 6 ->
          new NewJob<>(WORK, "hang", plain.withTimeout(Duration.ofMillis(1)).withMaxAttempts(1));
      case 7 -> new NewJob<>(WORK, "cancelled", plain.withDelay(Duration.ofDays(1)));
      default -> NewJob.of(WORK, "fine");
    };
  }

  private void run(Sluice sluice, int jobs) {
    for (int from = 0; from < jobs; from += 1000) {
      List<NewJob<String>> some = new ArrayList<>();
      for (int i = from; i < Math.min(jobs, from + 1000); i++) {
        some.add(job(i));
      }
      List<Admission> answers = sluice.enqueue(some);
      for (int i = 0; i < some.size(); i++) {
        if (some.get(i).payload().equals("cancelled")) {
          sluice.cancel(Rig.accepted(answers.get(i)));
        }
      }
      Rig.await("room", () -> counts(sluice).waiting() < 5_000);
    }
    Rig.await("all ended", () -> counts(sluice).waiting() + counts(sluice).running() == 0);
    Rig.await("all pruned", () -> held(counts(sluice)) == 0);
    Rig.await("no handler lives", () -> handlers.get() == 0);
    Rig.await("nothing runs", () -> sluice.running().isEmpty());
  }

  private static Counts counts(Sluice sluice) {
    return sluice.status("default").counts();
  }

  private static long held(Counts counts) {
    return counts.succeeded() + counts.dead() + counts.cancelled();
  }

  @ParameterizedTest
  @CsvSource({"MEMORY, 100000", "SQLITE, 20000"})
  void everythingIsGivenBack(EngineKind kind, int jobs, @TempDir Path directory)
      throws IOException {
    Footing before = life(kind, jobs / 10, directory.resolve("warm-up"));
    Footing after = life(kind, jobs, directory.resolve("real"));
    assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + 2);
    assertThat(after.files()).isLessThanOrEqualTo(before.files() + 2);
    assertThat(after.heap())
        .isLessThanOrEqualTo(before.heap() + Math.max(4L << 20, before.heap() / 20));
  }

  /// One life of a Sluice; what is left when it is idle again, and that closing leaves no more.
  private Footing life(EngineKind kind, int jobs, Path directory) throws IOException {
    Files.createDirectories(directory);
    Environment environment = counted();
    try (Sluice sluice =
        Sluice.on(kind.open(directory, environment))
            .environment(environment)
            .queue("default", POLICY)
            .handle(WORK, handler())
            .start()) {
      run(sluice, jobs);
      Footing idle = Footing.measure();
      sluice.close(Sluice.DEFAULT_CLOSE);
      Footing closed = Footing.measure();
      assertThat(closed.threads()).isLessThan(idle.threads());
      assertThat(closed.files()).isLessThanOrEqualTo(idle.files());
      return idle;
    }
  }
}
