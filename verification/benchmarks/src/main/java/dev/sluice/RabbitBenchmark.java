package dev.sluice;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.RabbitEngine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Jobs on RabbitMQ beside the bare client in the same run: batches of 500 published with confirms,
/// then all of them consumed and acknowledged one by one. Rounds take turns; the median of each
/// counts. Not JMH, because emptying what was filled is the measurement.
///
/// Arguments: the URL of a broker (with a virtual host for tests), rounds, jobs a round.
public final class RabbitBenchmark {
  private static final int LIST = 500;
  private static final int PAYLOAD = 200;
  private static final String BARE = "sluice-bench.bare";

  private final Environment environment = Environment.system();
  private final Ids ids = new Ids(environment.clock(), environment.random());
  private final int jobs;
  private final RabbitEngine engine;
  private final Connection connection;
  private final Semaphore work = new Semaphore(0);

  private RabbitBenchmark(String url, int jobs) throws Exception {
    this.jobs = jobs;
    engine = RabbitEngine.open(url + "?prefix=sluice-bench.");
    engine.onWork(work::release);
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(url);
    connection = factory.newConnection();
  }

  /// Runs it.
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 3) {
      System.err.println("Usage: RabbitBenchmark amqp://host/vhost ROUNDS JOBS");
      System.exit(2);
    }
    RabbitBenchmark benchmark =
        new RabbitBenchmark(arguments[0], Integer.parseInt(arguments[2]) / LIST * LIST);
    try {
      benchmark.run(Integer.parseInt(arguments[1]));
    } finally {
      benchmark.close();
    }
  }

  private void close() throws IOException {
    engine.close();
    try (Channel channel = connection.createChannel()) {
      for (String name :
          List.of(BARE, queue("high"), queue("normal"), queue("low"), queue("dead"))) {
        channel.queueDelete(name);
      }
    } catch (java.util.concurrent.TimeoutException late) {
      throw new IOException(late);
    }
    connection.close();
  }

  private static String queue(String level) {
    return "sluice-bench.bench." + level;
  }

  private void run(int rounds) throws Exception {
    try (Channel channel = connection.createChannel()) {
      channel.queueDeclare(BARE, true, false, false, Map.of("x-queue-type", "quorum"));
    }
    long[][] rates = new long[4][rounds];
    // One round more than asked for, to warm up.
    for (int round = -1; round < rounds; round++) {
      long[] now = {barePublish(), bareConsume(), offer(), claimAndComplete()};
      System.out.println(Arrays.toString(now));
      for (int i = 0; round >= 0 && i < now.length; i++) {
        rates[i][round] = now[i];
      }
    }
    report("publish", rates[0], rates[2]);
    report("consume", rates[1], rates[3]);
  }

  private static void report(String what, long[] bare, long[] sluice) {
    System.out.printf(
        "%s: bare %,d/s, Sluice %,d/s, ratio %.2f%n",
        what, median(bare), median(sluice), (double) median(sluice) / median(bare));
  }

  private static long median(long[] rates) {
    long[] sorted = rates.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private long rate(long begunNanos) {
    return jobs * 1_000_000_000L / (environment.clock().monotonicNanos() - begunNanos);
  }

  private long barePublish() throws Exception {
    try (Channel channel = connection.createChannel()) {
      channel.queuePurge(BARE);
      channel.confirmSelect();
      BasicProperties persistent = new BasicProperties.Builder().deliveryMode(2).build();
      long begun = environment.clock().monotonicNanos();
      for (int sent = 0; sent < jobs; sent += LIST) {
        for (int i = 0; i < LIST; i++) {
          channel.basicPublish("", BARE, true, persistent, new byte[PAYLOAD]);
        }
        channel.waitForConfirmsOrDie(10_000);
      }
      return rate(begun);
    }
  }

  private long bareConsume() throws Exception {
    CountDownLatch left = new CountDownLatch(jobs);
    try (Channel channel = connection.createChannel()) {
      channel.basicQos(LIST);
      long begun = environment.clock().monotonicNanos();
      CancelCallback never = _ -> {};
      channel.basicConsume(
          BARE,
          false,
          (_, delivery) -> {
            if (left.getCount() > 0) {
              channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
              left.countDown();
            }
          },
          never);
      if (!left.await(120, TimeUnit.SECONDS)) {
        throw new IllegalStateException(left.getCount() + " messages did not come");
      }
      return rate(begun);
    }
  }

  private long offer() {
    long begun = environment.clock().monotonicNanos();
    for (int sent = 0; sent < jobs; sent += LIST) {
      engine.offer(offers());
    }
    return rate(begun);
  }

  private List<Offer> offers() {
    long now = environment.clock().wallMillis();
    List<Offer> offers = new ArrayList<>(LIST);
    for (int i = 0; i < LIST; i++) {
      Job job =
          new Job(
              ids.next(),
              "bench",
              "bench",
              new byte[PAYLOAD],
              Priority.NORMAL,
              now,
              JobOptions.NONE);
      offers.add(new Offer(job, Bound.NONE));
    }
    return offers;
  }

  private long claimAndComplete() throws InterruptedException {
    ClaimRequest request = new ClaimRequest("bench", LIST, 0, 0, Duration.ofSeconds(30));
    long begun = environment.clock().monotonicNanos();
    int done = 0;
    while (done < jobs) {
      List<Settle> settles = new ArrayList<>(LIST);
      for (Claim claim : engine.claim(List.of(request)).claims()) {
        settles.add(new Settle(claim.lease(), Settlement.Complete.INSTANCE));
      }
      if (settles.isEmpty()) {
        if (work.tryAcquire(10, TimeUnit.SECONDS)) {
          work.drainPermits();
        }
        continue;
      }
      done += engine.settle(settles).size();
    }
    return rate(begun);
  }
}
