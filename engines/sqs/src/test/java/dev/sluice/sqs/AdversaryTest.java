package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.contract.BrokerTrial;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.sqs.Adversary.Fault;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

/// What the engine makes of the bad days of SQS.
@ExtendWith(OwnElastic.class)
final class AdversaryTest {
  private static final Tuning SHORT = Desk.TUNING.withTimeLimit(Duration.ofSeconds(2));

  private final Elastic server;
  private Adversary adversary;
  private Desk desk;

  AdversaryTest(Elastic server) {
    this.server = server;
  }

  /// The first calls load classes, for which the short limits are too short on a busy machine.
  @BeforeAll
  static void warmUp(Elastic server) {
    try (Desk warm = new Desk(server.uri(), "", Desk.TUNING)) {
      warm.accepted(warm.job());
      warm.completed(warm.claimOne());
    }
  }

  @BeforeEach
  void open() {
    adversary = new Adversary(server.uri(), 42);
  }

  @AfterEach
  void close() {
    if (desk != null) {
      desk.close();
    }
    adversary.close();
  }

  private Desk desk(String options, Tuning tuning) {
    desk = new Desk(adversary.uri(), options, tuning);
    return desk;
  }

  @Test
  void entriesThatAreRefusedForTheMomentAreSentAgain() {
    desk("", Desk.TUNING);
    adversary.with(Fault.PARTIAL, 0.5, 50);
    desk.accepted(100);
    assertThat(adversary.made(Fault.PARTIAL)).isPositive();
    adversary.calm();
    List<Claim> claims = desk.claim(100);
    assertThat(claims.stream().map(claim -> claim.job().id()).distinct()).hasSize(100);
    adversary.with(Fault.PARTIAL, 0.5, 50);
    assertThat(
            desk.engine.settle(
                claims.stream()
                    .map(claim -> new Settle(claim.lease(), Settlement.Complete.INSTANCE))
                    .toList()))
        .containsOnly(Settled.APPLIED);
    adversary.calm();
    desk.nothingFor(Duration.ofMillis(500));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWasTakenBesideAFailureIsSaid(boolean takenOver) {
    desk("", SHORT);
    desk.accepted(desk.job());
    desk.completed(desk.claimOne());
    List<Job> jobs = IntStream.range(0, 200).mapToObj(_ -> desk.job()).toList();
    adversary.with(Fault.DENIED, 0.5);

    PartlyTakenException partly =
        catchThrowableOfType(
            PartlyTakenException.class,
            () -> {
              if (takenOver) {
                desk.engine.restore(
                    jobs.stream().map(job -> BrokerTrial.view(job, JobState.READY, null)).toList());
              } else {
                desk.engine.offer(jobs.stream().map(job -> new Offer(job, Desk.WIDE)).toList());
              }
            });

    adversary.calm();
    List<JobId> taken =
        partly.answers().stream()
            .flatMap(Optional::stream)
            .map(answer -> ((Admission.Accepted) answer).id())
            .toList();
    assertThat(taken).hasSizeBetween(10, 190);
    assertThat(desk.claim(taken.size()).stream().map(claim -> claim.job().id()))
        .containsExactlyInAnyOrderElementsOf(taken);
    desk.nothingFor(Duration.ofMillis(300));
  }

  @Test
  void whatWasRecordedBesideAFailureIsNotDoneTwice() {
    desk("", SHORT);
    desk.accepted(100);
    List<Claim> claims = desk.claim(100);
    adversary.with(Fault.DENIED, 0.5);
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.engine.settle(runAgain(claims)));
    adversary.calm();

    assertThat(desk.engine.settle(runAgain(claims))).containsOnly(Settled.APPLIED);

    assertThat(desk.claim(100).stream().map(claim -> claim.job().id()))
        .containsExactlyInAnyOrderElementsOf(
            claims.stream().map(claim -> claim.job().id()).toList());
    desk.nothingFor(Duration.ofMillis(300));
  }

  @ParameterizedTest
  @CsvSource({
    "SendMessageBatch, false",
    "ReceiveMessage, false",
    "ChangeMessageVisibilityBatch, false",
    "DeleteMessageBatch, false",
    "SendMessageBatch, true",
    "ReceiveMessage, true",
    "ChangeMessageVisibilityBatch, true",
    "DeleteMessageBatch, true"
  })
  void anAnswerThatIsLostCostsNoJobAndDoesNoneTwice(String action, boolean fifo) {
    desk(fifo ? "&fifo=true" : "", Desk.TUNING).lease(Duration.ofSeconds(2));
    desk.accepted(desk.job());
    desk.completed(desk.claimOne());
    adversary.losesAnswers(action, 1);

    JobId id = desk.accepted(desk.job());
    Claim first = desk.claimOne();
    assertThat(desk.engine.extend(List.of(first.lease()), Desk.LEASE))
        .containsExactly(Extension.EXTENDED);
    int crashes = action.equals("ReceiveMessage") ? 1 : 0;
    assertThat(first.crashes()).isEqualTo(crashes);
    adversary.losesAnswers(action, action.equals("ReceiveMessage") ? 0 : 1);
    desk.applied(first, desk.retryIn(first, Duration.ZERO));
    Claim second = desk.claimOne();

    assertThat(second.job().id()).isEqualTo(id);
    assertThat(second.attempt()).isEqualTo(crashes + 2);
    assertThat(second.crashes()).isEqualTo(crashes);
    desk.completed(second);
    desk.until(
        "be empty",
        () -> {
          assertThat(desk.claimNow(1)).isEmpty();
          Counts counts = desk.engine.counts("mail");
          return counts.waiting() + counts.running() == 0;
        });
  }

  private static List<Settle> runAgain(List<Claim> claims) {
    Instant now = Instant.now();
    return claims.stream()
        .map(claim ->
            new Settle(
                claim.lease(),
                new Settlement.RunAgain(
                    now.toEpochMilli(),
                    false,
                    new AttemptRecord(1, AttemptOutcome.FAILED, "x", now, now))))
        .toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"THROTTLED", "UNAVAILABLE", "ANSWER_LOST", "SILENT", "EXPIRED", "DENIED"})
  void troubleIsSaidInWordsAndPasses(Fault fault) {
    desk("", SHORT);
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    assertThat(desk.engine.trouble()).isEmpty();
    String words =
        switch (fault) {
          case THROTTLED -> "the service asks to slow down";
          case UNAVAILABLE -> "the service failed (ServiceUnavailable)";
          // Cut connections, and at the end perhaps the time limit.
          case ANSWER_LOST -> "no ";
          case SILENT -> "no answer within the time limit";
          case EXPIRED -> "the AWS credentials have expired";
          case DENIED -> "the AWS credentials do not allow it (AccessDenied)";
          case PARTIAL, RECEIPT_EXPIRED, DUPLICATE, REORDERED, LATE, SHOWN_AGAIN, SLOW ->
              throw new AssertionError(fault);
        };

    adversary.with(fault, 1);
    long before = System.nanoTime();
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.offer(desk.job(), Desk.WIDE))
        .withMessageContaining("cannot send: " + words)
        .satisfies(thrown -> assertThat(thrown.getMessage()).doesNotContain("secret", "Signature"));
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.completed(claim))
        .withMessageContaining(words);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
    assertThat(desk.engine.trouble()).hasValueSatisfying(text -> assertThat(text).contains(words));
    assertThat(desk.claimNow(1)).isEmpty();

    adversary.calm();
    desk.completed(claim);
    desk.accepted(desk.job());
    desk.completed(desk.claimOne());
    desk.until("be well again", () -> desk.engine.trouble().isEmpty());
  }

  @Test
  void aReceiptThatHasExpiredIsALostLeaseAndNoTrouble() {
    desk("", SHORT);
    desk.accepted(2);
    List<Claim> claims = desk.claim(2);
    adversary.with(Fault.RECEIPT_EXPIRED, 1);

    assertThat(desk.engine.extend(List.of(claims.getFirst().lease()), Desk.LEASE))
        .containsExactly(Extension.LEASE_LOST);
    assertThat(desk.settle(claims.getLast(), Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(desk.engine.trouble()).isEmpty();
  }

  @Test
  void aDeletedQueueIsMadeAgain() {
    desk("", Desk.TUNING);
    desk.accepted(desk.job());
    desk.completed(desk.claimOne());
    delete(server.uri(), desk.prefix + "mail");
    delete(server.uri(), desk.prefix + "mail-dead");

    JobId id = desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    assertThat(claim.job().id()).isEqualTo(id);
    desk.completed(claim);
  }

  @Test
  void jobsGoOnWhileTheDeadLetterQueueCannotBeMade() {
    desk("", SHORT);
    desk.accepted(2);
    Claim failing = desk.claimOne();
    delete(adversary.uri(), desk.prefix + "mail-dead");
    desk.until("find out", () -> adversary.calls("GetQueueUrl") > 4);

    assertThat(desk.engine.extend(List.of(failing.lease()), Desk.LEASE))
        .containsExactly(Extension.EXTENDED);
    desk.completed(desk.claimOne());
    JobId later = desk.accepted(desk.job());
    assertThat(desk.claimOne().job().id()).isEqualTo(later);
    desk.until("count it", () -> desk.engine.counts("mail").running() == 2);
    assertThat(desk.engine.dead("mail", 5)).isEmpty();
    Settlement.Bury bury =
        new Settlement.Bury(DeathReason.EXHAUSTED, desk.attempt(failing, AttemptOutcome.FAILED));
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.settle(failing, bury))
        .withMessageContaining("60 s");

    adversary.calm();
    desk.applied(failing, bury);
    assertThat(desk.engine.dead("mail", 5)).hasSize(1);
  }

  @Test
  void aSendingBackThatFailsKeepsNoPlaces() {
    desk("", SHORT);
    Set<JobId> ids =
        desk.accepted(12).stream().map(Job::id).collect(Collectors.toUnmodifiableSet());
    desk.engine.settle(
        desk.claim(12).stream()
            .map(claim ->
                new Settle(
                    claim.lease(),
                    new Settlement.Bury(
                        DeathReason.EXHAUSTED, desk.attempt(claim, AttemptOutcome.FAILED))))
            .toList());
    adversary.deniesAfter(1, "ReceiveMessage", desk.prefix + "mail-dead");
    Bound room = new Bound(12, 1L << 30);

    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.engine.redrive("mail", ids, room));

    for (int i = 0; i < 12; i++) {
      assertThat(desk.offer(desk.job(), room)).isInstanceOf(Admission.Accepted.class);
    }
  }

  @Test
  void whatIsLateIsNotTriedAnyMore() {
    desk("", Desk.TUNING.withTimeLimit(Duration.ofSeconds(4)));
    desk.accepted(2);
    List<Claim> claims = desk.claim(2);
    Settle again =
        new Settle(claims.getFirst().lease(), desk.retryIn(claims.getFirst(), Duration.ZERO));
    Settle over = new Settle(claims.getLast().lease(), Settlement.Complete.INSTANCE);
    long deletions = adversary.calls("DeleteMessageBatch");
    adversary.with(Fault.SILENT, 1);

    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.engine.settle(List.of(again, over)))
        .withMessageContaining("no answer within the time limit");

    assertThat(adversary.calls("DeleteMessageBatch")).isEqualTo(deletions);
    // So nobody takes the deletion for done when it turns out that somebody else has the message.
    adversary.calm();
    adversary.with(Fault.RECEIPT_EXPIRED, 1);
    assertThat(desk.engine.settle(List.of(over))).containsExactly(Settled.LEASE_LOST);
    adversary.calm();
    assertThat(desk.engine.settle(List.of(again))).containsExactly(Settled.APPLIED);
  }

  @Test
  void whatComesWhileTheEngineIsClosedIsGivenBack() throws InterruptedException {
    desk("", Desk.TUNING);
    desk.accepted(desk.job());
    desk.claimOne();
    Adversary.Kept received = adversary.keepsAnswer("ReceiveMessage");
    Adversary.Kept shown = adversary.keepsAnswer("ChangeMessageVisibilityBatch");
    JobId id = desk.accepted(desk.job());
    long sends = adversary.calls("SendMessageBatch");
    assertThat(desk.claimNow(1)).isEmpty();
    assertThat(received.reached().await(20, TimeUnit.SECONDS)).isTrue();

    Thread closing = Thread.ofVirtual().start(desk::close);
    assertThat(shown.reached().await(20, TimeUnit.SECONDS)).isTrue();
    received.released().countDown();
    desk.until("give back", () -> adversary.calls("SendMessageBatch") > sends);
    shown.released().countDown();
    closing.join();

    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.claim(2))
          .filteredOn(claim -> claim.job().id().equals(id))
          .singleElement()
          .satisfies(claim -> assertThat(claim.crashes()).isZero());
    }
  }

  private static void delete(URI through, String name) {
    try (var client = client(through)) {
      String url = client.getQueueUrl(request -> request.queueName(name)).queueUrl();
      client.deleteQueue(request -> request.queueUrl(url));
    }
  }

  private static SqsClient client(URI through) {
    return SqsClient.builder()
        .endpointOverride(through)
        .region(Region.EU_CENTRAL_1)
        .credentialsProvider(AnonymousCredentialsProvider.create())
        .build();
  }

  @Test
  void anUnreachableServerIsSaidToBe() {
    desk = new Desk(URI.create("http://127.0.0.1:1"), "", SHORT);
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> desk.offer(desk.job(), Desk.WIDE))
        .withMessageContaining("no connection: nobody answers")
        .satisfies(refusal ->
            assertThat(refusal.kind()).isEqualTo(EngineUnavailableException.Kind.UNREACHABLE));
    assertThat(desk.engine.trouble()).isPresent();
  }

  @Test
  void aForeignMessageIsKeptAmongTheDead() {
    desk("", Desk.TUNING);
    desk.accepted(desk.job());
    desk.completed(desk.claimOne());
    try (var client = client(server.uri())) {
      String url =
          client.getQueueUrl(request -> request.queueName(desk.prefix + "mail")).queueUrl();
      client.sendMessage(request -> request.queueUrl(url).messageBody("hello"));
    }
    desk.until(
        "bury it", () -> desk.claimNow(1).isEmpty() && !desk.engine.dead("mail", 5).isEmpty());
    var dead = desk.engine.dead("mail", 5).getFirst();
    assertThat(dead.job().type()).isEqualTo("foreign");
    assertThat(dead.lastFailure().orElseThrow().error())
        .isEqualTo("not a Sluice message: no attribute 'sluice'");
    assertThat(desk.engine.forget("mail", Set.of(dead.id()))).containsExactly(dead.id());
    assertThat(desk.engine.dead("mail", 5)).isEmpty();
  }

  @Test
  void whatDiffersIsSaid() {
    desk("", Desk.TUNING);
    assertThat(desk.engine.check("mail")).isEmpty();
    try (var client = client(server.uri())) {
      client.createQueue(request -> request.queueName(desk.prefix + "bare"));
    }
    assertThat(desk.engine.check("bare"))
        .anySatisfy(sentence -> assertThat(sentence).contains("has no redrive policy"));
    desk.queue("bare").accepted(desk.job());
    desk.completed(desk.claimOne());
  }
}
