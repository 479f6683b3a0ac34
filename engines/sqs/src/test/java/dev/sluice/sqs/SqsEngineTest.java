package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Jobs on their way through standard queues of a server that works, and the verbs themselves.
@ExtendWith(OwnElastic.class)
final class SqsEngineTest {
  private final Elastic server;
  private Desk desk;

  SqsEngineTest(Elastic server) {
    this.server = server;
  }

  @BeforeEach
  void open() {
    desk = new Desk(server.uri(), "&keys=carry", Desk.TUNING);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void aJobGoesAllTheWay() {
    Job job =
        desk.job(
            "{\"to\":\"ü\"}".getBytes(StandardCharsets.UTF_8),
            new JobOptions(
                0, "order-1", Map.of("traceparent", "00-1-2-01", "a", "b"), 0, 9, 4, "g", "b"));
    desk.accepted(job);
    Claim claim = desk.claimOne();

    assertThat(claim.job()).usingRecursiveComparison().isEqualTo(job);
    assertThat(claim.attempt()).isEqualTo(1);
    assertThat(claim.crashes()).isZero();
    assertThat(claim.lease()).isEqualTo(new Lease(job.id(), 1));
    desk.completed(claim);
    desk.nothingFor(Duration.ofMillis(300));
  }

  @Test
  void anyBytesComeBack() {
    Random random = new Random(3);
    for (int size : new int[] {0, 1, 2, 3, 1_000, desk.engine.limits().payloadBytes()}) {
      byte[] payload = new byte[size];
      random.nextBytes(payload);
      desk.accepted(desk.job(payload, JobOptions.NONE));
      Claim claim = desk.claimOne();
      assertThat(claim.job().payload()).isEqualTo(payload);
      desk.completed(claim);
    }
  }

  @Test
  void aBatchIsSentInTensAndEachIsAnswered() {
    List<Job> jobs = desk.accepted(237);
    Set<JobId> seen = new HashSet<>();
    List<Claim> claims = desk.claim(237);
    claims.forEach(claim -> assertThat(seen.add(claim.job().id())).isTrue());

    assertThat(seen).containsExactlyInAnyOrderElementsOf(jobs.stream().map(Job::id).toList());
    List<Settled> settled =
        desk.engine.settle(
            claims.stream()
                .map(claim -> new Settle(claim.lease(), Settlement.Complete.INSTANCE))
                .toList());
    assertThat(settled).hasSize(237).containsOnly(Settled.APPLIED);
    desk.nothingFor(Duration.ofMillis(300));
  }

  @Test
  void largePayloadsShareNoCall() {
    byte[] payload = new byte[300_000];
    List<Offer> offers =
        List.of(
            new Offer(desk.job(payload, JobOptions.NONE), Desk.WIDE),
            new Offer(desk.job(payload, JobOptions.NONE), Desk.WIDE),
            new Offer(desk.job(payload, JobOptions.NONE), Desk.WIDE),
            new Offer(desk.job(payload, JobOptions.NONE), Desk.WIDE));
    assertThat(desk.engine.offer(offers)).allMatch(Admission.Accepted.class::isInstance);
    assertThat(desk.claim(4)).hasSize(4);
  }

  @Test
  void aDelayIsNeverEarly() {
    Job job = desk.delayed(Duration.ofMillis(1_200));
    desk.accepted(job);
    Claim claim = desk.claimOne();

    assertThat(claim.startedAtMillis()).isGreaterThanOrEqualTo(job.options().runAtMillis());
  }

  @Test
  void whatTheLimitsExcludeIsRefusedBeforeAnythingIsSent() {
    List<Job> wrong =
        List.of(
            desk.delayed(Duration.ofMinutes(16)),
            desk.job(new byte[desk.engine.limits().payloadBytes() + 1], JobOptions.NONE),
            new Job(Desk.newId(), "mail", "t", new byte[0], Priority.HIGH, 0, JobOptions.NONE),
            desk.job(new byte[0], Desk.options(0, null, Map.of("h", "x".repeat(1_100_000)))));
    for (Job job : wrong) {
      assertThatIllegalArgumentException()
          .isThrownBy(() ->
              desk.engine.offer(
                  List.of(new Offer(desk.job(), Desk.WIDE), new Offer(job, Desk.WIDE))))
          .withMessageContaining("for the engine 'sqs'");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            desk.engine.claim(List.of(new ClaimRequest("mail", 1, 0, 0, Duration.ofHours(13)))))
        .withMessageContaining("PT12H");
    desk.nothingFor(Duration.ofMillis(200));
  }

  @Test
  void keysAreRefusedUnlessTheyAreCarried() {
    try (Desk plain = new Desk(server.uri(), "", Desk.TUNING)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> plain.offer(plain.keyed("k"), Desk.WIDE))
          .withMessageContaining("key");
    }
    desk.accepted(desk.keyed("k"));
    desk.accepted(desk.keyed("k"));
    assertThat(desk.claim(2)).allMatch(claim -> "k".equals(claim.job().options().key()));
  }

  @Test
  void everyVerbOfAClosedEngineSaysSo() {
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    desk.close();
    desk.close();

    refused(() -> desk.offer(desk.job(), Desk.WIDE));
    refused(() -> desk.claimNow(1));
    refused(() -> desk.engine.extend(List.of(claim.lease()), Desk.LEASE));
    refused(() -> desk.settle(claim, Settlement.Complete.INSTANCE));
    refused(() -> desk.engine.queues());
    refused(() -> desk.engine.counts("mail"));
    refused(() -> desk.engine.dead("mail", 1));
    refused(() -> desk.engine.redrive("mail", Set.of(claim.job().id()), Desk.WIDE));
    refused(() -> desk.engine.forget("mail", Set.of()));
    refused(() -> desk.engine.restore(List.of()));
    assertThat(desk.engine.trouble()).contains("the SQS engine is closed");
  }

  private static void refused(ThrowingCallable verb) {
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(verb)
        .withMessageContaining("closed");
  }

  @Test
  void anInterruptedCallerHarmsNothing() {
    Thread.currentThread().interrupt();
    JobId id = desk.accepted(desk.job());
    assertThat(Thread.interrupted()).isTrue();
    Claim claim = desk.claimOne();
    assertThat(claim.job().id()).isEqualTo(id);
    Thread.currentThread().interrupt();
    desk.completed(claim);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void namesWithDotsAreQueuesOfTheirOwn() {
    desk.queue("a.b");
    JobId one = desk.accepted(desk.job());
    desk.queue("a_-b");
    JobId two = desk.accepted(desk.job());
    assertThat(desk.claimOne().job().id()).isEqualTo(two);
    assertThat(desk.queue("a.b").claimOne().job().id()).isEqualTo(one);
    assertThat(desk.engine.queues()).containsExactly("a.b", "a_-b");
  }
}
