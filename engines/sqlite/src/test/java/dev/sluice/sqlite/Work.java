package dev.sluice.sqlite;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/// Plain jobs of one queue, in few words.
///
/// Threading: thread-safe.
final class Work {
  static final String QUEUE = "mail";
  private static final Duration LEASE = Duration.ofMinutes(5);

  private final AtomicLong ids = new AtomicLong(1_767_225_600_000L << 12);

  JobId newId() {
    long arrival = ids.getAndIncrement();
    return new JobId(
        ((arrival >>> 12) << 16) | 0x7000 | (arrival & 0xFFF), Long.MIN_VALUE | arrival);
  }

  Job job(JobId id, int bytes) {
    return new Job(id, QUEUE, "t", new byte[bytes], Priority.NORMAL, 1, JobOptions.NONE);
  }

  List<Offer> offers(int count, int bytes) {
    return IntStream.range(0, count)
        .mapToObj(_ -> new Offer(job(newId(), bytes), Bound.NONE))
        .toList();
  }

  List<Admission> offer(Engine engine, int count, int bytes) {
    return engine.offer(offers(count, bytes));
  }

  static Admission offer(Engine engine, Job job) {
    return engine.offer(List.of(new Offer(job, Bound.NONE))).getFirst();
  }

  static List<Claim> claim(Engine engine, int max) {
    return engine.claim(List.of(new ClaimRequest(QUEUE, max, 0, 0, LEASE))).claims();
  }

  static List<Settled> complete(Engine engine, List<Claim> claims) {
    return engine.settle(
        claims.stream()
            .map(claim -> new Settle(claim.lease(), Settlement.Complete.INSTANCE))
            .toList());
  }
}
