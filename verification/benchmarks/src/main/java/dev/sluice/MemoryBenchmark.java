package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.job.Admission;
import dev.sluice.memory.MemoryEngine;
import java.util.ArrayList;
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
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Jobs in memory: handed over one by one and in lists, and their whole life beside the same work
/// on bare virtual threads. Each figure is jobs a second.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
public class MemoryBenchmark {
  private static final int JOBS = 100_000;
  private static final int LIST = 500;
  private static final JobType<byte[]> WORK = JobType.of("work", Codec.bytes());
  private static final byte[] PAYLOAD = new byte[200];
  private static final QueuePolicy POLICY =
      QueuePolicy.defaults().withCapacity(new Bound(JOBS, Long.MAX_VALUE)).withConcurrency(1_000);

  private List<NewJob<byte[]>> list;
  private Sluice idle;
  private Sluice working;
  private volatile CountDownLatch done = new CountDownLatch(0);

  @Setup(Level.Trial)
  public void list() {
    list = new ArrayList<>();
    for (int i = 0; i < LIST; i++) {
      list.add(NewJob.of(WORK, PAYLOAD));
    }
    working =
        Sluice.on(MemoryEngine.open())
            .queue(JobType.DEFAULT_QUEUE, POLICY)
            .handle(
                WORK,
                (_, _) -> {
                  done.countDown();
                  return Outcome.done();
                })
            .start();
  }

  @TearDown(Level.Trial)
  public void close() {
    working.close();
  }

  /// A queue that is empty again, with nobody who takes from it.
  @Setup(Level.Invocation)
  public void open() {
    idle = Sluice.on(MemoryEngine.open()).queue(JobType.DEFAULT_QUEUE, POLICY).start();
  }

  @TearDown(Level.Invocation)
  public void empty() {
    idle.close();
  }

  @Benchmark
  @OperationsPerInvocation(JOBS)
  public int enqueue_one_by_one() {
    int accepted = 0;
    for (int i = 0; i < JOBS; i++) {
      accepted += idle.enqueue(WORK, PAYLOAD) instanceof Admission.Accepted ? 1 : 0;
    }
    return require(accepted);
  }

  @Benchmark
  @OperationsPerInvocation(JOBS)
  public int enqueue_lists_of_500() {
    int accepted = 0;
    for (int i = 0; i < JOBS / LIST; i++) {
      accepted += idle.enqueue(list).size();
    }
    return require(accepted);
  }

  @Benchmark
  @OperationsPerInvocation(JOBS)
  public long whole_life() throws InterruptedException {
    CountDownLatch all = new CountDownLatch(JOBS);
    done = all;
    for (int i = 0; i < JOBS / LIST; i++) {
      working.enqueue(list);
    }
    all.await();
    return all.getCount();
  }

  @Benchmark
  @OperationsPerInvocation(JOBS)
  public long limit_bare_virtual_threads() throws InterruptedException {
    CountDownLatch all = new CountDownLatch(JOBS);
    for (int i = 0; i < JOBS; i++) {
      Thread.ofVirtual().start(all::countDown);
    }
    all.await();
    return all.getCount();
  }

  private static int require(int accepted) {
    if (accepted != JOBS) {
      throw new IllegalStateException("only " + accepted + " jobs were accepted");
    }
    return accepted;
  }
}
