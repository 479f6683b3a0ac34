package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// The engine beside the bare SDK in batches of ten, on ElasticMQ in the same process, in turns.
/// Arguments: jobs of one round, rounds, and threads of the bare SDK; by default as many as the
/// engine makes calls at once.
public final class SqsBenchmark {
  private static final String BODY = "x".repeat(200);
  private static final byte[] PAYLOAD = BODY.getBytes(StandardCharsets.UTF_8);

  /// A JVM that has compiled less than this many rounds' code measures its compiler.
  private static final int WARM_UP = 4;

  private SqsBenchmark() {}

  private record Rates(double send, double receive) {}

  public static void main(String[] args) throws Exception {
    int jobs = args.length > 0 ? Integer.parseInt(args[0]) : 40_000;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 15;
    int threads = args.length > 2 ? Integer.parseInt(args[2]) : Workers.AT_ONCE;
    List<Rates> bare = new ArrayList<>();
    List<Rates> same = new ArrayList<>();
    List<Rates> engine = new ArrayList<>();
    try (Elastic server = new Elastic()) {
      String meta = meta(server);
      for (int round = -WARM_UP; round < rounds; round++) {
        Rates one = bare(server, jobs, null, threads);
        Rates with = bare(server, jobs, meta, threads);
        Rates two = engine(server, jobs);
        System.out.printf(
            "%s bare SDK: send %,.0f/s, receive + delete %,.0f/s; with one attribute: %,.0f/s,"
                + " %,.0f/s; engine: %,.0f/s, %,.0f/s%n",
            round < 0 ? "warm-up" : "round " + (round + 1),
            one.send,
            one.receive,
            with.send,
            with.receive,
            two.send,
            two.receive);
        if (round >= 0) {
          bare.add(one);
          same.add(with);
          engine.add(two);
        }
      }
    }
    double bareSend = median(bare.stream().mapToDouble(Rates::send).toArray());
    double bareReceive = median(bare.stream().mapToDouble(Rates::receive).toArray());
    double send = median(engine.stream().mapToDouble(Rates::send).toArray());
    double receive = median(engine.stream().mapToDouble(Rates::receive).toArray());
    System.out.printf(
        "median of %d: send %,.0f/s of %,.0f/s = %.2f; receive + delete %,.0f/s of %,.0f/s = %.2f%n",
        rounds, send, bareSend, send / bareSend, receive, bareReceive, receive / bareReceive);
    double sameSend = median(same.stream().mapToDouble(Rates::send).toArray());
    double sameReceive = median(same.stream().mapToDouble(Rates::receive).toArray());
    System.out.printf(
        "of the bare SDK with one attribute: send %.2f, receive + delete %.2f%n",
        send / sameSend, receive / sameReceive);
    System.exit(0);
  }

  /// What the engine puts into its attribute.
  private static String meta(Elastic server) {
    try (Desk desk = new Desk(server.uri(), "", Tuning.defaults())) {
      return MessageText.write(Envelope.fresh(desk.job(PAYLOAD, JobOptions.NONE))).meta();
    }
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }

  /// @param meta an attribute of each message; null for none
  private static Rates bare(Elastic server, int jobs, @Nullable String meta, int threads)
      throws Exception {
    try (SqsClient client =
        SqsClient.builder()
            .httpClientBuilder(Apache5HttpClient.builder().maxConnections(512))
            .endpointOverride(server.uri())
            .region(Region.EU_CENTRAL_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")))
            .build()) {
      String url =
          client.createQueue(request -> request.queueName("bare-" + Desk.newId())).queueUrl();
      AtomicInteger left = new AtomicInteger(jobs / 10);
      double send =
          rate(
              jobs,
              threads,
              () -> {
                while (left.getAndDecrement() > 0) {
                  List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
                  for (int i = 0; i < 10; i++) {
                    SendMessageBatchRequestEntry.Builder entry =
                        SendMessageBatchRequestEntry.builder()
                            .id(Integer.toString(i))
                            .messageBody(BODY);
                    if (meta != null) {
                      entry.messageAttributes(Map.of("sluice", Outgoing.string(meta)));
                    }
                    entries.add(entry.build());
                  }
                  client.sendMessageBatch(request -> request.queueUrl(url).entries(entries));
                }
              });
      AtomicInteger gone = new AtomicInteger();
      double receive =
          rate(
              jobs,
              threads,
              () -> {
                while (gone.get() < jobs) {
                  List<Message> messages =
                      client
                          .receiveMessage(request ->
                              request
                                  .queueUrl(url)
                                  .maxNumberOfMessages(10)
                                  .messageAttributeNames("All"))
                          .messages();
                  List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
                  for (Message message : messages) {
                    entries.add(
                        DeleteMessageBatchRequestEntry.builder()
                            .id(Integer.toString(entries.size()))
                            .receiptHandle(message.receiptHandle())
                            .build());
                  }
                  if (!entries.isEmpty()) {
                    client.deleteMessageBatch(request -> request.queueUrl(url).entries(entries));
                    gone.addAndGet(entries.size());
                  }
                }
              });
      client.deleteQueue(request -> request.queueUrl(url));
      return new Rates(send, receive);
    }
  }

  private static double rate(int jobs, int threads, Runnable body) throws Exception {
    long start = System.nanoTime();
    try (ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(workers.submit(body));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
    return jobs * 1e9 / (System.nanoTime() - start);
  }

  private static Rates engine(Elastic server, int jobs) throws Exception {
    try (Desk desk = new Desk(server.uri(), "", Tuning.defaults())) {
      desk.completed(first(desk));
      int batch = desk.engine.limits().batch();
      // Made by those who have work to be done, before they turn to the engine.
      List<Offer> offers = new ArrayList<>(jobs);
      for (int i = 0; i < jobs; i++) {
        offers.add(new Offer(desk.job(PAYLOAD, JobOptions.NONE), Desk.WIDE));
      }
      long start = System.nanoTime();
      for (int sent = 0; sent < jobs; sent += batch) {
        desk.engine.offer(offers.subList(sent, Math.min(sent + batch, jobs)));
      }
      double send = jobs * 1e9 / (System.nanoTime() - start);

      LinkedBlockingQueue<List<Claim>> ended = new LinkedBlockingQueue<>();
      start = System.nanoTime();
      Thread settler = Thread.ofVirtual().start(() -> settle(desk, ended, jobs));
      int claimed = 0;
      while (claimed < jobs) {
        List<Claim> claims = desk.claimNow(Math.min(batch, jobs - claimed));
        claimed += claims.size();
        if (claims.isEmpty()) {
          desk.pause(Duration.ofMillis(100));
        } else {
          ended.add(claims);
        }
      }
      settler.join();
      return new Rates(send, jobs * 1e9 / (System.nanoTime() - start));
    }
  }

  private static Claim first(Desk desk) {
    desk.accepted(desk.job());
    return desk.claimOne();
  }

  /// As the settler of the core does: whatever ended meanwhile is one batch.
  private static void settle(Desk desk, LinkedBlockingQueue<List<Claim>> ended, int jobs) {
    try {
      int done = 0;
      List<Claim> waiting = new ArrayList<>();
      while (done < jobs) {
        if (waiting.isEmpty()) {
          waiting.addAll(ended.take());
        }
        for (List<Claim> more = ended.poll(); more != null; more = ended.poll()) {
          waiting.addAll(more);
        }
        List<Claim> part = waiting.subList(0, Math.min(500, waiting.size()));
        desk.engine.settle(
            part.stream()
                .map(claim -> new Settle(claim.lease(), Settlement.Complete.INSTANCE))
                .toList());
        done += part.size();
        part.clear();
      }
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }
}
