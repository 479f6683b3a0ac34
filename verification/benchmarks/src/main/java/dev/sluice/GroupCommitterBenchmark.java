package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import dev.sluice.sqlite.SqliteEngine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Many producers, each handing over one job a call and waiting until it is durable: how many share
/// a commit.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class GroupCommitterBenchmark {
  private static final int CALLS = 2_000;

  @Param({"1", "10", "100", "1000"})
  int producers;

  private final Environment environment = Environment.system();
  private final Ids ids = new Ids(environment.clock(), environment.random());
  private Scratch scratch;
  private SqliteEngine engine;
  private GroupCommitter committer;

  @Setup(Level.Iteration)
  public void open() throws IOException {
    scratch = Scratch.make();
    engine = SqliteEngine.open(scratch.file("jobs.db"));
    committer = new GroupCommitter(engine, environment.clock(), (_, _) -> {});
  }

  @TearDown(Level.Iteration)
  public void close() throws IOException {
    engine.close();
    scratch.delete();
  }

  @Benchmark
  @OperationsPerInvocation(CALLS)
  public long one_durable_job_a_call() throws InterruptedException {
    CountDownLatch done = new CountDownLatch(producers);
    for (int i = 0; i < producers; i++) {
      int calls = CALLS / producers;
      Thread.ofVirtual()
          .start(() -> {
            for (int call = 0; call < calls; call++) {
              commitOne();
            }
            done.countDown();
          });
    }
    done.await();
    return done.getCount();
  }

  private void commitOne() {
    Job job =
        new Job(
            ids.next(),
            "default",
            "bench",
            new byte[200],
            Priority.NORMAL,
            environment.clock().wallMillis(),
            JobOptions.NONE);
    if (!(committer.commit(List.of(new Offer(job, Bound.NONE))).getFirst()
        instanceof Admission.Accepted)) {
      throw new IllegalStateException("not accepted");
    }
  }
}
