package dev.sluice;

import dev.sluice.engine.Environment;
import dev.sluice.job.JobId;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// Job ids, beside the UUIDs of the JDK.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class IdsBenchmark {
  private final Environment environment = Environment.system();
  private final Ids ids = new Ids(environment.clock(), environment.random());

  @Benchmark
  public JobId one() {
    return ids.next();
  }

  @Benchmark
  @Threads(2)
  public JobId one_of_two_threads() {
    return ids.next();
  }

  @Benchmark
  public UUID limit_random_uuid() {
    return UUID.randomUUID();
  }
}
