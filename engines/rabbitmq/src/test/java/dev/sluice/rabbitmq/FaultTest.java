package dev.sluice.rabbitmq;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting.Handout;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/// What happens when the broker, or what is on it, does not do as it should. The broker is a
/// private one in any case, for these tests kill it.
final class FaultTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private static Broker broker;

  private Crew crew;

  @BeforeAll
  static void startBroker() {
    broker = Broker.own();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void openCrew() {
    crew = new Crew(broker, LIMIT);
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  private static Connection plain() throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.url());
    return factory.newConnection();
  }

  @Test
  void acceptedJobsOutliveTheDeathOfTheBroker() throws IOException {
    RabbitEngine engine = crew.engine();
    Set<JobId> accepted = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      accepted.addAll(crew.accept(engine, 50));
    }
    List<Claim> held = crew.claim(engine, 5);
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);

    broker.kill();
    Set<Lease> told = new HashSet<>();
    for (int i = 0; i < held.size(); i++) {
      told.add(crew.next(lost));
    }
    assertThat(told).isEqualTo(Set.copyOf(held.stream().map(Claim::lease).toList()));
    assertThat(engine.trouble().orElse(""))
        .contains("no connection to amqp://127.0.0.1")
        .contains("trying again");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> crew.accept(engine, 1))
        .withMessageContaining("no connection");
    assertThat(crew.settle(engine, held.getFirst(), Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(engine.extend(List.of(held.getFirst().lease()), LIMIT))
        .containsExactly(Extension.LEASE_LOST);

    broker.start();
    crew.await(() -> engine.trouble().isEmpty(), "the engine to recover");
    accepted.addAll(crew.acceptSoon(engine, 10));
    Set<JobId> came = new HashSet<>();
    crew.await(
        () -> {
          for (Claim claim : crew.glance(engine, 100)) {
            came.add(claim.job().id());
            assertThat(crew.settle(engine, claim, Settlement.Complete.INSTANCE))
                .isEqualTo(Settled.APPLIED);
          }
          return came.size() >= accepted.size();
        },
        () ->
            accepted.size()
                + " jobs, of which came "
                + came.size()
                + "; "
                + engine.counts(Crew.QUEUE)
                + engine.trouble());
    assertThat(came).isEqualTo(accepted);
  }

  @Test
  void aBlockedBrokerRefusesInWordsWithinTheTimeLimit() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);

    broker.control("set_vm_memory_high_watermark", "0.00001");
    try {
      for (int i = 0; i < 3; i++) {
        long begun = System.nanoTime();
        assertThatExceptionOfType(EngineUnavailableException.class)
            .isThrownBy(() -> crew.accept(engine, 1))
            .withMessageContaining("the broker takes nothing: low on memory");
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(LIMIT.plusSeconds(1));
      }
      assertThat(engine.trouble().orElse("")).contains("low on memory");
      Claim running = crew.claim(engine, 1).getFirst();
      assertThat(crew.settle(engine, running, Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
    } finally {
      broker.control("set_vm_memory_high_watermark", "0.6");
    }
    crew.await(() -> engine.trouble().isEmpty(), "the broker to take messages again");
    crew.accept(engine, 1);
  }

  @RepeatedTest(3)
  void aDeletedQueueIsThereAgainForProducersAndConsumers() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    crew.claim(engine, 1);
    deleteLines();

    Set<JobId> accepted = crew.acceptSoon(engine, 20);

    assertThat(ids(crew.claim(engine, 20))).isEqualTo(accepted);
  }

  @Test
  void jobsThatWaitForTheirTimeOutliveTheDeletionOfTheirLines() throws Exception {
    RabbitEngine producer = crew.engine();
    RabbitEngine worker = crew.another();
    crew.accept(producer, 1);
    crew.claim(worker, 1);
    Set<JobId> accepted = crew.accept(producer, List.of(crew.job(crew.now() + 5_000)));
    deleteLines();

    // Another process makes the lines anew; this one takes it that nothing has changed.
    accepted.addAll(crew.acceptSoon(worker, 1));
    accepted.addAll(crew.accept(producer, List.of(crew.job(crew.now() + 300))));

    assertThat(ids(crew.claim(worker, 3))).isEqualTo(accepted);
  }

  @Test
  void jobsWhoseTimeCameWhileTheirLinesWereGoneComeBack() throws Exception {
    RabbitEngine first = crew.engine();
    assertThat(first.check(Crew.QUEUE)).isEmpty();
    Set<JobId> accepted = crew.accept(first, List.of(crew.job(crew.now() + 4_000)));
    first.close();
    deleteLines();
    String lost = crew.prefix() + ".delay.lost";
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      crew.await(() -> messages(channel, lost) == 1, "the job to find no line");
      RabbitEngine second = crew.another();
      assertThat(second.check("other"))
          .containsExactly(
              "1 messages wait in '"
                  + lost
                  + "' for queues that were deleted; each comes back when a queue of its name is"
                  + " used again");

      assertThat(ids(crew.claim(second, 1))).isEqualTo(accepted);
      crew.await(() -> messages(channel, lost) == 0, "it to be let go of");
      assertThat(second.check("other")).isEmpty();
    }
  }

  private void deleteLines() throws Exception {
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      for (String level : List.of("high", "normal", "low", "dead")) {
        channel.queueDelete(crew.prefix() + "." + Crew.QUEUE + "." + level);
      }
    }
  }

  private static Set<JobId> ids(List<Claim> claims) {
    return claims.stream().map(claim -> claim.job().id()).collect(Collectors.toSet());
  }

  @Test
  void aLineThatTakesNothingDoublesNoJobOfAnother() {
    RabbitEngine engine = crew.engine();
    Set<JobId> well = crew.accept(engine, List.of(crew.job("well", 0)));
    Set<JobId> full = crew.accept(engine, List.of(crew.job("full", 0)));
    List<Settle> releases =
        Stream.of(crew.claim(engine, "well", 1), crew.claim(engine, "full", 1))
            .map(claims -> new Settle(claims.getFirst().lease(), Settlement.Release.INSTANCE))
            .toList();
    String line = "^" + crew.prefix() + ".full.normal$";
    broker.control("set_policy", "full", line, "{\"max-length\":1}", "--apply-to", "queues");
    try {
      crew.await(() -> !takes(engine, full), "the policy");
      for (int i = 0; i < 3; i++) {
        assertThatExceptionOfType(EngineUnavailableException.class)
            .isThrownBy(() -> engine.settle(releases))
            .withMessageContaining("could not write what was sent to 'full'");
      }
      Job taken = crew.job("well", 0);
      assertThatExceptionOfType(PartlyTakenException.class)
          .isThrownBy(() ->
              engine.offer(
                  List.of(new Offer(taken, Crew.WIDE), new Offer(crew.job("full", 0), Crew.WIDE))))
          .satisfies(partly ->
              assertThat(partly.answers())
                  .containsExactly(Optional.of(new Accepted(taken.id())), Optional.empty()));
      well.add(taken.id());
      // Until there is room again.
      full.removeAll(completed(engine, "full", full.size() - 1));
      crew.await(() -> isSettled(engine, releases), "the claims to end");
    } finally {
      broker.control("clear_policy", "full");
    }

    List<Claim> came = crew.claim(engine, "well", 2);
    assertThat(ids(came)).isEqualTo(well);
    assertThat(ids(crew.claim(engine, "full", 1))).isEqualTo(full);
    for (Claim claim : came) {
      crew.settle(engine, claim, Settlement.Complete.INSTANCE);
    }
    crew.await(() -> engine.counts("well").ready() == 0, "no copies");
    assertThat(crew.glance(engine, "well", 10)).isEmpty();
  }

  private Set<JobId> completed(RabbitEngine engine, String queue, int count) {
    List<Claim> claims = crew.claim(engine, queue, count);
    claims.forEach(claim -> crew.settle(engine, claim, Settlement.Complete.INSTANCE));
    return ids(claims);
  }

  private static boolean isSettled(RabbitEngine engine, List<Settle> settles) {
    try {
      assertThat(engine.settle(settles)).containsOnly(Settled.APPLIED);
      return true;
    } catch (EngineUnavailableException notYet) {
      return false;
    }
  }

  private boolean takes(RabbitEngine engine, Set<JobId> taken) {
    try {
      return taken.addAll(crew.accept(engine, List.of(crew.job("full", 0))));
    } catch (EngineUnavailableException refused) {
      return false;
    }
  }

  @Test
  void anOldCopyOfAJobThatHasEndedHereDoesNotRun() throws Exception {
    RabbitEngine engine = crew.engine();
    Job job = crew.job(0);
    crew.accept(engine, List.of(job));
    Claim claim = crew.claim(engine, 1).getFirst();
    assertThat(crew.settle(engine, claim, Settlement.Complete.INSTANCE)).isEqualTo(Settled.APPLIED);
    String line = crew.prefix() + "." + Crew.QUEUE + ".normal";

    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      channel.basicPublish("", line, Messages.encode(Envelope.of(job), 0), Messages.body(job));
    }
    Set<JobId> later = crew.accept(engine, 1);

    assertThat(ids(crew.claim(engine, 1))).isEqualTo(later);
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
  void lostConnectionsTellTheirLeasesAtOnceAndTheJobComesAgain() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    Claim first = crew.claim(engine, 1).getFirst();
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);

    broker.control("close_all_connections", "test");

    assertThat(crew.next(lost)).isEqualTo(first.lease());
    Claim second = crew.claim(engine, 1).getFirst();
    assertThat(second.job().id()).isEqualTo(first.job().id());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isEqualTo(1);
    assertThat(second.lease().epoch()).isEqualTo(2);
    assertThat(crew.settle(engine, first, Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(crew.settle(engine, second, Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.APPLIED);
  }

  @Test
  void aClosedChannelLosesTheLeasesOfItsQueueOnly() {
    broker.control(
        "eval",
        "application:set_env(rabbit, consumer_timeout, 1000),"
            + " application:set_env(rabbit, channel_tick_interval, 300).");
    try {
      RabbitEngine engine = crew.engine();
      crew.accept(engine, 1);
      BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
      engine.onLost(lost::add);

      Claim first = crew.claim(engine, 1).getFirst();

      assertThat(crew.next(lost)).isEqualTo(first.lease());
      Claim second = crew.claim(engine, 1).getFirst();
      assertThat(second.crashes()).isEqualTo(1);
      assertThat(crew.settle(engine, second, Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
    } finally {
      broker.control(
          "eval",
          "application:set_env(rabbit, consumer_timeout, 1800000),"
              + " application:set_env(rabbit, channel_tick_interval, 60000).");
    }
  }

  @Test
  void eachLostConnectionIsOneCrashMore() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);

    for (int crashes = 0; crashes < 4; crashes++) {
      Claim claim = crew.claim(engine, 1).getFirst();
      assertThat(claim.crashes()).isEqualTo(crashes);
      assertThat(claim.attempt()).isEqualTo(crashes + 1);
      broker.control("close_all_connections", "test");
    }
  }

  @Test
  void whatWasSentHereAndNotClaimedIsNoCrashAfterACleanEnd() {
    RabbitEngine first = crew.engine();
    crew.accept(first, 5);
    List<Claim> claims = crew.claim(first, 2);
    claims.forEach(claim ->
        assertThat(crew.settle(first, claim, Settlement.Release.INSTANCE))
            .isEqualTo(Settled.APPLIED));
    first.close();

    List<Claim> again = crew.claim(crew.another(), 5);

    assertThat(again).allMatch(claim -> claim.crashes() == 0 && claim.attempt() == 1);
  }

  @Test
  void aQueueOfAnotherKindIsToldInASentence() throws Exception {
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      channel.queueDeclare(
          crew.prefix() + "." + Crew.QUEUE + ".high",
          true,
          false,
          false,
          Map.of("x-queue-type", "classic"));
    }
    RabbitEngine engine = crew.engine();

    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> crew.accept(engine, 1))
        .withMessageContaining("the queue " + crew.prefix() + ".mail.high has x-")
        .withMessageContaining(" on the broker, and Sluice needs ");
    assertThat(engine.trouble().orElse("")).contains(crew.prefix() + ".mail.high");
  }

  @Test
  void anArgumentThatDiffersIsToldWithBothValues() throws Exception {
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      channel.queueDeclare(
          crew.prefix() + "." + Crew.QUEUE + ".dead",
          true,
          false,
          false,
          Map.of("x-queue-type", "quorum", "x-delivery-limit", 5));
    }
    RabbitEngine engine = crew.engine();

    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> crew.accept(engine, 1))
        .withMessageContaining(
            "the queue "
                + crew.prefix()
                + ".mail.dead has x-delivery-limit '5' on the broker, and Sluice needs '1000000'");
  }

  @Test
  void aMissingRightIsToldInASentence() {
    broker.control("add_user", "reader", "secret-word");
    broker.control("set_permissions", "reader", "^$", ".*", ".*");
    String url = broker.url(crew.prefix()).replace("amqp://", "amqp://reader:secret-word@");
    try (RabbitEngine engine = RabbitEngine.open(url)) {
      assertThatExceptionOfType(EngineUnavailableException.class)
          .isThrownBy(() -> crew.accept(engine, 1))
          .withMessageContaining("the user 'reader' may not")
          .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContain("secret-word"));
    }
    String wrong = broker.url(crew.prefix()).replace("amqp://", "amqp://reader:wrong-word@");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open(wrong))
        .withMessageContaining("refused the user 'reader' or its password")
        .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContain("wrong-word"));
  }

  @Test
  void theRightsThatTheGuideNamesAreEnough() {
    String own = "^" + crew.prefix() + "\\.";
    broker.control("add_user", "guided", "word");
    broker.control(
        "set_permissions", "guided", own, "^(" + crew.prefix() + "\\.|amq\\.default$)", own);
    try (RabbitEngine engine =
        RabbitEngine.open(broker.url(crew.prefix()).replace("amqp://", "amqp://guided:word@"))) {
      crew.accept(engine, 1);
      crew.accept(engine, List.of(crew.job(crew.now() + 300)));
      Claim claim = crew.claim(engine, 2).getFirst();
      assertThat(
              crew.settle(
                  engine, claim, new Settlement.Bury(DeathReason.BURIED, crew.failed(claim))))
          .isEqualTo(Settled.APPLIED);
      crew.await(() -> engine.dead(Crew.QUEUE, 10).size() == 1, "the dead job");
      assertThat(engine.trouble()).isEmpty();
    }
  }

  @Test
  void aBrokerThatIsNotThereIsToldInASentence() {
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open("amqp://me:secret@127.0.0.1:1/shop"))
        .withMessageStartingWith("no connection to amqp://127.0.0.1:1/shop: nobody answers");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open(broker.url() + "/no-such-host?prefix=" + crew.prefix()))
        .withMessageContaining("vhost");
  }

  @Test
  void foreignMessagesGoToTheDeadWithAReason() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    String line = crew.prefix() + "." + Crew.QUEUE + ".normal";
    String dead = crew.prefix() + "." + Crew.QUEUE + ".dead";
    try (Connection connection = plain();
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
  void aHandOverTellsStrangersApartAndTakesTwoMessagesOfAJobForOne() throws Exception {
    RabbitEngine engine = crew.engine();
    Job job = crew.job(0);
    crew.accept(engine, List.of(job));
    String queue = crew.prefix() + "." + Crew.QUEUE;
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      channel.basicPublish(
          "", queue + ".normal", Messages.encode(Envelope.of(job), 0), Messages.body(job));
      channel.basicPublish(
          "", queue + ".dead", new BasicProperties.Builder().build(), "hello".getBytes(UTF_8));
      crew.await(() -> messages(channel, queue + ".normal") == 2, "both messages");

      Handout handout = engine.export(Crew.QUEUE, 10);
      assertThat(handout.jobs()).extracting(JobView::id).containsExactly(job.id());
      engine.exported(Crew.QUEUE, List.of(job.id()));

      assertThat(engine.export(Crew.QUEUE, 10)).isEqualTo(new Handout(List.of(), 1));
      engine.close();
      assertThat(messages(channel, queue + ".normal")).isZero();
      crew.await(() -> messages(channel, queue + ".dead") == 1, "the stranger to stay");
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
    try (Connection connection = plain();
        Channel channel = connection.createChannel()) {
      crew.await(() -> messages(channel, line) == 80, "the prefetch");
      broker.control("set_vm_memory_high_watermark", "0.00001");
      try {
        AtomicInteger looks = new AtomicInteger();
        crew.await(
            () -> {
              // Nobody claims for five seconds; then it tries, in vain, every half second.
              assertThat(messages(channel, line)).isEqualTo(80);
              return looks.incrementAndGet() > 700;
            },
            "some tries");
      } finally {
        broker.control("set_vm_memory_high_watermark", "0.6");
      }
      crew.await(() -> messages(channel, line) == 100, "all to be given back");
    }
    assertThat(crew.claim(crew.another(), 100)).allMatch(claim -> claim.crashes() == 0);
  }

  private static long messages(Channel channel, String queue) {
    try {
      return channel.messageCount(queue);
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
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
