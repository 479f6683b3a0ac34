package dev.sluice.rabbitmq;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting.Handout;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What happens to messages that are copies, no jobs, wanted by nobody, or too many.
@ExtendWith(OwnBroker.class)
final class MessageFaultTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private final Broker broker;
  private final Crew crew;

  MessageFaultTest(Broker broker) {
    this.broker = broker;
    crew = new Crew(broker, LIMIT);
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  @Test
  void anOldCopyOfAJobThatHasEndedHereDoesNotRun() throws Exception {
    RabbitEngine engine = crew.engine();
    Job job = crew.job(0);
    crew.accept(engine, List.of(job));
    Claim claim = crew.claim(engine, 1).getFirst();
    assertThat(crew.settle(engine, claim, Settlement.Complete.INSTANCE)).isEqualTo(Settled.APPLIED);
    String line = crew.prefix() + "." + Crew.QUEUE + ".normal";

    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      channel.basicPublish("", line, Messages.encode(Envelope.of(job), 0), Messages.body(job));
    }
    Set<JobId> later = crew.accept(engine, 1);

    assertThat(Crew.ids(crew.claim(engine, 1))).isEqualTo(later);
    crew.await(
        () -> {
          assertThat(crew.glance(engine, 1)).isEmpty();
          return broker
              .control("list_queues", "name", "messages")
              .lines()
              .anyMatch(words -> words.matches(Pattern.quote(line) + "\\s+1"));
        },
        "the copy to be gone, and the claim to stay");
  }

  @Test
  void foreignMessagesGoToTheDeadWithAReason() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    String line = crew.prefix() + "." + Crew.QUEUE + ".normal";
    String dead = crew.prefix() + "." + Crew.QUEUE + ".dead";
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      channel.basicPublish(
          "", line, new BasicProperties.Builder().build(), "hello".getBytes(UTF_8));

      Claim job = crew.claim(engine, 1).getFirst();
      assertThat(crew.settle(engine, job, Settlement.Complete.INSTANCE)).isEqualTo(Settled.APPLIED);
      crew.await(() -> engine.counts(Crew.QUEUE).dead() == 1, "the foreign message among the dead");

      assertThat(engine.dead(Crew.QUEUE, 10)).isEmpty();
      var found = channel.basicGet(dead, true);
      assertThat(new String(found.getBody(), UTF_8)).isEqualTo("hello");
      assertThat(found.getProps().getHeaders().get("sluice-rejected"))
          .asString()
          .contains("no header 'sluice'");
    }
  }

  @Test
  void aForeignMessageWithLargeHeadersStopsNothing() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    crew.claim(engine, 1);
    String queue = crew.prefix() + "." + Crew.QUEUE;
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      // As much as fits in a frame by itself.
      Map<String, Object> headers = Map.of("big", "y".repeat((128 << 10) - 70), "small", "z");
      channel.basicPublish(
          "",
          queue + ".normal",
          new BasicProperties.Builder().messageId("m").headers(headers).build(),
          "hello".getBytes(UTF_8));
      crew.await(
          () -> crew.glance(engine, 1).isEmpty() && Crew.messages(channel, queue + ".dead") == 1,
          "the foreign message among the dead");

      var found = channel.basicGet(queue + ".dead", true);
      assertThat(found.getProps().getMessageId()).isEqualTo("m");
      assertThat((Map<?, ?>) found.getProps().getHeaders().get("headers"))
          .hasSize(2)
          .anySatisfy((name, value) -> {
            assertThat(name).isEqualTo("big");
            assertThat(value.toString()).startsWith("yyyy");
          })
          .anySatisfy((_, value) -> assertThat(value.toString()).isEqualTo("z"));
    }
    assertThat(engine.trouble()).isEmpty();
    crew.accept(engine, List.of(crew.job("other", 0)));
    assertThat(crew.claim(engine, "other", 1)).hasSize(1);
  }

  @Test
  void aForeignMessageThatIsForOthersTooBecomesOneDead() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    crew.claim(engine, 1);
    String queue = crew.prefix() + "." + Crew.QUEUE;
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      Map<String, Object> headers = Map.of("CC", List.of(queue + ".low"), "x-match", "all");
      channel.basicPublish(
          "",
          queue + ".normal",
          new BasicProperties.Builder().headers(headers).build(),
          "hello".getBytes(UTF_8));
      crew.await(
          () -> crew.glance(engine, 1).isEmpty() && Crew.messages(channel, queue + ".dead") >= 2,
          "the message and its copy among the dead");
      // One that comes later than what either of them could bring about.
      for (int i = 0; i < 5; i++) {
        Set<JobId> later = crew.accept(engine, 1);
        assertThat(Crew.ids(crew.claim(engine, 1))).isEqualTo(later);
      }

      assertThat(Crew.messages(channel, queue + ".dead")).isEqualTo(2);
      assertThat(channel.basicGet(queue + ".dead", true).getProps().getHeaders())
          .doesNotContainKey("CC")
          .extractingByKey("headers")
          .asString()
          .contains("x-match");
    }
  }

  @Test
  void aHandOverTellsStrangersApartAndTakesTwoMessagesOfAJobForOne() throws Exception {
    RabbitEngine engine = crew.engine();
    Job job = crew.job(0);
    crew.accept(engine, List.of(job));
    String queue = crew.prefix() + "." + Crew.QUEUE;
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      channel.basicPublish(
          "", queue + ".normal", Messages.encode(Envelope.of(job), 0), Messages.body(job));
      channel.basicPublish(
          "", queue + ".dead", new BasicProperties.Builder().build(), "hello".getBytes(UTF_8));
      crew.await(() -> Crew.messages(channel, queue + ".normal") == 2, "both messages");

      Handout handout = engine.export(Crew.QUEUE, 10);
      assertThat(handout.jobs()).extracting(JobView::id).containsExactly(job.id());
      engine.exported(Crew.QUEUE, List.of(job.id()));

      assertThat(engine.export(Crew.QUEUE, 10)).isEqualTo(new Handout(List.of(), 1));
      engine.close();
      assertThat(Crew.messages(channel, queue + ".normal")).isZero();
      crew.await(() -> Crew.messages(channel, queue + ".dead") == 1, "the stranger to stay");
    }
  }

  @Test
  void jobsThatNobodyClaimsAreGivenToOthers() {
    RabbitEngine hoarder = crew.engine();
    RabbitEngine worker = crew.another();
    crew.glance(hoarder, 50);
    crew.accept(hoarder, 20);
    crew.await(() -> hoarder.counts(Crew.QUEUE).ready() == 20, "the jobs");
    List<Claim> claims = new ArrayList<>();

    crew.await(
        () -> {
          // As a process does whose slots are all taken: it only asks to move what is due.
          crew.glance(hoarder, 0);
          claims.addAll(crew.glance(worker, 20 - claims.size()));
          return claims.size() == 20;
        },
        "the jobs to come to the worker");

    assertThat(claims).allMatch(claim -> claim.crashes() == 0);
  }

  @Test
  void whatCannotBeGivenBackDrawsNothingMoreOutOfTheQueue() throws Exception {
    RabbitEngine engine = crew.engine();
    String line = crew.prefix() + "." + Crew.QUEUE + ".normal";
    crew.glance(engine, 20);
    crew.accept(engine, 100);
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      crew.await(() -> Crew.messages(channel, line) == 80, "the prefetch");
      broker.control("set_vm_memory_high_watermark", "0.00001");
      try {
        AtomicInteger looks = new AtomicInteger();
        crew.await(
            () -> {
              // Nobody claims for five seconds; then it tries, in vain, every half second.
              assertThat(Crew.messages(channel, line)).isEqualTo(80);
              return looks.incrementAndGet() > 700;
            },
            "some tries");
      } finally {
        broker.control("set_vm_memory_high_watermark", "0.6");
      }
      // What was on its way when the broker stopped to read arrives now, and is sent once more.
      crew.await(() -> Crew.messages(channel, line) >= 100, "all to be given back");
    }
    List<Claim> claims = crew.claim(crew.another(), 100);
    assertThat(claims).allMatch(claim -> claim.crashes() == 0);
    assertThat(Crew.ids(claims)).hasSize(100);
  }

  @Test
  void twoProducersOvershootTheBoundByNoMoreThanIsPublished() throws Exception {
    RabbitEngine one = crew.engine();
    RabbitEngine two = crew.another();
    Bound bound = new Bound(2_000, 1L << 30);
    BlockingQueue<Integer> counts = new LinkedBlockingQueue<>();
    for (RabbitEngine engine : List.of(one, two)) {
      Environment.system()
          .threads()
          .handler(
              "producer",
              () -> {
                int accepted = 0;
                int refused = 0;
                while (refused < 500) {
                  boolean taken = crew.offer(engine, bound) instanceof Accepted;
                  accepted += taken ? 1 : 0;
                  refused += taken ? 0 : 1;
                }
                counts.add(accepted);
              });
    }
    int all = 0;
    for (int i = 0; i < 2; i++) {
      Integer count = counts.poll(60, TimeUnit.SECONDS);
      assertThat(count).isNotNull();
      all += count;
    }
    System.out.printf("bound 2000, two producers: %d jobs accepted%n", all);
    // Each process looks anew after it admitted a sixteenth of the bound; meanwhile the other may
    // have admitted as much, and what was in flight.
    assertThat(all).isBetween(2_000, 2_000 + 2 * 2_000 / 16 + 100);
  }
}
