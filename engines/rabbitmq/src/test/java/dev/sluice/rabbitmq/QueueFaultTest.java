package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What happens when queues on the broker are deleted, full, different from what they must be, or
/// not for this user.
@ExtendWith(OwnBroker.class)
final class QueueFaultTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private final Broker broker;
  private final Crew crew;

  QueueFaultTest(Broker broker) {
    this.broker = broker;
    crew = new Crew(broker, LIMIT);
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  @RepeatedTest(3)
  void aDeletedQueueIsThereAgainForProducersAndConsumers() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    crew.claim(engine, 1);
    deleteLines();

    Set<JobId> accepted = crew.acceptSoon(engine, 20);

    assertThat(Crew.ids(crew.claim(engine, 20))).isEqualTo(accepted);
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

    assertThat(Crew.ids(crew.claim(worker, 3))).isEqualTo(accepted);
  }

  @Test
  void jobsWhoseTimeCameWhileTheirLinesWereGoneComeBack() throws Exception {
    RabbitEngine first = crew.engine();
    assertThat(first.check(Crew.QUEUE)).isEmpty();
    Set<JobId> accepted = crew.accept(first, List.of(crew.job(crew.now() + 4_000)));
    first.close();
    deleteLines();
    String lost = crew.prefix() + ".delay.lost";
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      crew.await(() -> Crew.messages(channel, lost) == 1, "the job to find no line");
      RabbitEngine second = crew.another();
      assertThat(second.check("other"))
          .containsExactly(
              "1 messages wait in '"
                  + lost
                  + "' for queues that were deleted; each comes back when a queue of its name is"
                  + " used again");

      assertThat(Crew.ids(crew.claim(second, 1))).isEqualTo(accepted);
      crew.await(() -> Crew.messages(channel, lost) == 0, "it to be let go of");
      assertThat(second.check("other")).isEmpty();
    }
  }

  @Test
  void aDeletedDeadLetterQueueEndsNothingThatRuns() throws Exception {
    RabbitEngine engine = crew.engine();
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);
    crew.accept(engine, 2);
    List<Claim> claims = crew.claim(engine, 2);
    crew.accept(engine, List.of(crew.job("other", 0)));
    crew.await(() -> engine.counts(Crew.QUEUE).ready() == 0, "nothing to wait");
    String dead = crew.prefix() + "." + Crew.QUEUE + ".dead";
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      channel.queueDelete(dead);
      crew.await(
          () -> {
            crew.accept(engine, 1);
            return broker.control("list_queues", "name").contains(dead);
          },
          "the dead-letter queue");

      assertThat(lost).isEmpty();
      assertThat(
              crew.settle(
                  engine,
                  claims.getFirst(),
                  new Settlement.Bury(DeathReason.BURIED, crew.failed(claims.getFirst()))))
          .isEqualTo(Settled.APPLIED);
      assertThat(crew.settle(engine, claims.getLast(), Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
      crew.await(() -> Crew.messages(channel, dead) == 1, "the dead job");
    }
  }

  private void deleteLines() throws Exception {
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      for (String level : List.of("high", "normal", "low", "dead")) {
        channel.queueDelete(crew.prefix() + "." + Crew.QUEUE + "." + level);
      }
    }
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
    assertThat(Crew.ids(came)).isEqualTo(well);
    assertThat(Crew.ids(crew.claim(engine, "full", 1))).isEqualTo(full);
    for (Claim claim : came) {
      crew.settle(engine, claim, Settlement.Complete.INSTANCE);
    }
    crew.await(() -> engine.counts("well").ready() == 0, "no copies");
    assertThat(crew.glance(engine, "well", 10)).isEmpty();
  }

  private Set<JobId> completed(RabbitEngine engine, String queue, int count) {
    List<Claim> claims = crew.claim(engine, queue, count);
    claims.forEach(claim -> crew.settle(engine, claim, Settlement.Complete.INSTANCE));
    return Crew.ids(claims);
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
  void aQueueOfAnotherKindIsToldInASentence() throws Exception {
    try (Connection connection = broker.connect();
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
    try (Connection connection = broker.connect();
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
  void whoMayNotWriteToTheLinesIsToldSo() {
    String own = "^" + crew.prefix() + "\\.";
    broker.control("add_user", "poor", "word");
    broker.control("set_permissions", "poor", own, own, own);
    try (RabbitEngine engine =
        RabbitEngine.open(broker.url(crew.prefix()).replace("amqp://", "amqp://poor:word@"))) {
      assertThatExceptionOfType(EngineUnavailableException.class)
          .isThrownBy(() -> crew.accept(engine, 1))
          .withMessageContaining("write on the exchange amq.default")
          .satisfies(refusal ->
              assertThat(refusal.kind()).isEqualTo(EngineUnavailableException.Kind.REFUSING));
    }
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
}
