package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The verbs and roles on standard queues of a server that works.
final class SqsEngineTest {
  private static Elastic server;
  private Desk desk;

  @BeforeAll
  static void start() {
    server = new Elastic();
  }

  @AfterAll
  static void stop() {
    server.close();
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
  void aRetryComesWhenItIsDueWithTheNextAttempt() {
    JobId id = desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofMillis(1_100));
    desk.applied(first, again);
    Claim second = desk.claimOne();

    assertThat(second.lease()).isEqualTo(new Lease(id, 2));
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(desk.settle(first, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  void aRefundedAndAParkedAttemptDoNotCount() {
    desk.accepted(desk.job());
    Claim first = desk.claimOne();
    desk.applied(
        first,
        new Settlement.RunAgain(desk.millis(), true, desk.attempt(first, AttemptOutcome.PARKED)));
    Claim second = desk.claimOne();

    assertThat(second.attempt()).isEqualTo(1);
    assertThat(second.parked()).isEqualTo(1);
    assertThat(second.lease().epoch()).isEqualTo(2);
  }

  @Test
  void aReleasedJobKeepsItsAttempt() {
    JobId id = desk.accepted(desk.job());
    desk.applied(desk.claimOne(), Settlement.Release.INSTANCE);
    Claim again = desk.claimOne();

    assertThat(again.job().id()).isEqualTo(id);
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.crashes()).isZero();
    assertThat(again.lease().epoch()).isEqualTo(2);
  }

  @Test
  void aLongBackOffGoesInHops() {
    desk.close();
    desk = new Desk(server.uri(), "", Desk.TUNING.withLongestDelay(Duration.ofSeconds(1)));
    desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Settlement.RunAgain again = (Settlement.RunAgain) desk.retryIn(first, Duration.ofSeconds(4));
    desk.applied(first, again);
    Claim second = desk.claimOne();

    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(again.atMillis());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isZero();
    desk.completed(second);
    desk.nothingFor(Duration.ofMillis(1_300));
  }

  @Test
  void aLeaseThatEndsIsACrash() throws Exception {
    desk.lease(Duration.ofSeconds(1));
    JobId id = desk.accepted(desk.job());
    Claim first = desk.claimOne();
    Claim second = desk.claimOne();

    assertThat(second.lease()).isEqualTo(new Lease(id, 2));
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isEqualTo(1);
    assertThat(desk.settle(first, Settlement.Complete.INSTANCE)).isEqualTo(Settled.LEASE_LOST);
    assertThat(desk.engine.extend(List.of(first.lease()), Desk.LEASE))
        .containsExactly(Extension.LEASE_LOST);
    assertThat(desk.lost.poll(5, TimeUnit.SECONDS)).isEqualTo(first.lease());
    Claim third = desk.claimOne();
    assertThat(third.crashes()).isEqualTo(2);
    // Crashes stay with the job over a retry.
    desk.applied(third, desk.retryIn(third, Duration.ZERO));
    assertThat(desk.claimOne().crashes()).isEqualTo(2);
  }

  @Test
  void anExtendedLeaseHolds() {
    desk.lease(Duration.ofSeconds(1));
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();

    assertThat(desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(20)))
        .containsExactly(Extension.EXTENDED);
    desk.nothingFor(Duration.ofMillis(2_500));
    desk.completed(claim);
  }

  @Test
  void aLeaseEndsAtTheLongestThatSqsKeepsAMessage() {
    desk.close();
    desk = new Desk(server.uri(), "", Desk.TUNING.withLongestLease(Duration.ofSeconds(3)));
    desk.accepted(desk.job());
    Claim claim = desk.lease(Duration.ofSeconds(2)).claimOne();

    assertThat(desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(2)))
        .containsExactly(Extension.EXTENDED);
    desk.until(
        "lose the lease",
        () ->
            desk.engine.extend(List.of(claim.lease()), Duration.ofSeconds(2)).getFirst()
                == Extension.LEASE_LOST);
  }

  @Test
  void whoRepeatsAnEndIsToldAgain() {
    desk.accepted(3);
    List<Claim> claims = desk.claim(3);
    Settlement bury =
        new Settlement.Bury(DeathReason.BURIED, desk.attempt(claims.get(1), AttemptOutcome.FAILED));
    Settlement stop = new Settlement.Stop(desk.attempt(claims.get(2), AttemptOutcome.CANCELLED));
    for (int i = 0; i < 2; i++) {
      desk.completed(claims.get(0));
      desk.applied(claims.get(1), bury);
      desk.applied(claims.get(2), stop);
    }
    assertThat(desk.settle(claims.get(0), bury)).isEqualTo(Settled.LEASE_LOST);
  }

  @Test
  void nobodyReapsHere() {
    desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    var lost = desk.attempt(claim, AttemptOutcome.LOST);

    assertThat(desk.settle(claim, new Settlement.Crash(lost))).isEqualTo(Settled.LEASE_LOST);
    assertThat(desk.settle(claim, new Settlement.Poison(lost))).isEqualTo(Settled.LEASE_LOST);
    desk.completed(claim);
  }

  @Test
  void theDeadAreShownSentBackAndForgotten() {
    List<Job> jobs = desk.accepted(3);
    for (Claim claim : desk.claim(3)) {
      desk.applied(
          claim,
          new Settlement.Bury(DeathReason.EXHAUSTED, desk.attempt(claim, AttemptOutcome.FAILED)));
    }
    for (int look = 0; look < 3; look++) {
      List<JobView> dead = desk.engine.dead("mail", 10);
      assertThat(dead)
          .hasSize(3)
          .isSortedAccordingTo(
              java.util.Comparator.comparing(JobView::finishedAt).thenComparing(JobView::id));
      assertThat(dead)
          .allSatisfy(view -> {
            assertThat(view.state()).isEqualTo(JobState.DEAD);
            assertThat(view.deathReason()).isEqualTo(DeathReason.EXHAUSTED);
            assertThat(view.lastFailure().orElseThrow().error()).contains("no route");
            assertThat(view.attempt()).isEqualTo(1);
          });
    }
    assertThat(desk.engine.dead("mail", 2)).hasSize(2);

    JobId back = jobs.get(0).id();
    desk.accepted(desk.job());
    assertThat(desk.redriven(back, new Bound(1, 1 << 20))).isEqualTo(Control.NO_ROOM);
    desk.completed(desk.claimOne());
    assertThat(desk.redriven(Desk.newId(), Desk.WIDE)).isEqualTo(Control.NOT_FOUND);
    assertThat(desk.redriven(back, Desk.WIDE)).isEqualTo(Control.APPLIED);
    Claim again = desk.claimOne();
    assertThat(again.job().id()).isEqualTo(back);
    assertThat(again.attempt()).isEqualTo(1);
    assertThat(again.crashes()).isZero();
    desk.completed(again);

    assertThat(desk.engine.forget("mail", Set.of(jobs.get(1).id(), Desk.newId())))
        .containsExactly(jobs.get(1).id());
    assertThat(desk.engine.dead("mail", 10))
        .singleElement()
        .extracting(JobView::id)
        .isEqualTo(jobs.get(2).id());
  }

  @Test
  void jobsOfAnotherEngineAreTakenOver() {
    Job ready = desk.job();
    Job later = desk.delayed(Duration.ofMillis(1_500));
    Job dead = desk.job();
    long due = later.options().runAtMillis();
    List<JobView> views =
        List.of(
            view(ready, JobState.READY, 2, null),
            view(later, JobState.SCHEDULED, 0, due),
            view(dead, JobState.DEAD, 5, null));
    assertThat(desk.engine.restore(views)).allMatch(Admission.Accepted.class::isInstance);

    assertThat(desk.engine.dead("mail", 10))
        .singleElement()
        .satisfies(view -> assertThat(view.attempt()).isEqualTo(5));
    Claim first = desk.claimOne();
    assertThat(first.job().id()).isEqualTo(ready.id());
    assertThat(first.attempt()).isEqualTo(3);
    assertThat(first.crashes()).isEqualTo(1);
    Claim second = desk.claimOne();
    assertThat(second.job().id()).isEqualTo(later.id());
    assertThat(second.startedAtMillis()).isGreaterThanOrEqualTo(due);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> desk.engine.restore(List.of(view(ready, JobState.RUNNING, 1, null))))
        .withMessageContaining("RUNNING");
  }

  private static JobView view(Job job, JobState state, int attempt, Long due) {
    return new JobView(
        job,
        state,
        attempt,
        1,
        4,
        -1,
        due == null ? null : java.time.Instant.ofEpochMilli(due),
        null,
        state == JobState.DEAD ? java.time.Instant.EPOCH : null,
        state == JobState.DEAD ? DeathReason.EXHAUSTED : null,
        false,
        List.of());
  }

  @Test
  void theBoundIsKeptByOurOwnCount() {
    Bound three = new Bound(3, 1 << 20);
    for (int i = 0; i < 3; i++) {
      assertThat(desk.offer(desk.job(), three)).isInstanceOf(Admission.Accepted.class);
    }
    assertThat(desk.offer(desk.job(), three))
        .isEqualTo(
            new Admission.Refused(Admission.Reason.CAPACITY_JOBS, java.util.Optional.empty()));
    assertThat(desk.offer(desk.job(new byte[500], JobOptions.NONE), new Bound(9, 100)))
        .isEqualTo(
            new Admission.Refused(Admission.Reason.CAPACITY_BYTES, java.util.Optional.empty()));
    Claim claim = desk.claimOne();
    assertThat(desk.offer(desk.job(), three)).isInstanceOf(Admission.Accepted.class);
    desk.completed(claim);
  }

  @Test
  void theBoundCountsWhatOthersSent() {
    desk.accepted(5);
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.offer(other.job(), new Bound(5, 1 << 20)))
          .isInstanceOf(Admission.Refused.class);
      desk.claim(5).forEach(desk::completed);
      other.until(
          "learn that there is room",
          () -> other.offer(other.job(), new Bound(5, 1 << 20)) instanceof Admission.Accepted);
    }
  }

  @Test
  void countsFollowWithinAboutASecond() {
    assertThat(desk.engine.counts("mail")).isEqualTo(new Counts(0, 0, 0, 0, 0, 0, 0, 0, false));
    assertThat(desk.engine.queues()).isEmpty();
    desk.accepted(4);
    desk.accepted(desk.delayed(Duration.ofMinutes(10)));
    Claim claim = desk.claimOne();
    desk.until(
        "count",
        () -> {
          Counts counts = desk.engine.counts("mail");
          return counts.ready() == 3 && counts.scheduled() == 1 && counts.running() == 1;
        });
    desk.applied(
        claim, new Settlement.Bury(DeathReason.BURIED, desk.attempt(claim, AttemptOutcome.FAILED)));
    desk.until("count the dead", () -> desk.engine.counts("mail").dead() == 1);
    assertThat(desk.engine.counts("mail").waitingBytes()).isPositive();
    assertThat(desk.engine.queues()).containsExactly("mail");
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.engine.queues()).containsExactly("mail");
      assertThat(other.engine.counts("mail").ready()).isEqualTo(3);
    }
  }

  @Test
  void whatNobodyClaimsIsGivenBackUncounted() {
    desk.accepted(desk.job());
    // Asks, so that it is fetched, and never comes for it.
    assertThat(desk.claimNow(1)).isEmpty();
    desk.pause(Duration.ofSeconds(5));
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      Claim claim = other.claimOne();
      assertThat(claim.attempt()).isEqualTo(1);
      assertThat(claim.crashes()).isZero();
      other.completed(claim);
    }
  }

  @Test
  void closingGivesBackWhatIsBuffered() {
    desk.accepted(desk.job());
    assertThat(desk.claimNow(1)).isEmpty();
    desk.pause(Duration.ofSeconds(5));
    desk.close();
    try (Desk other = new Desk(server.uri(), desk.prefix, "", Desk.TUNING)) {
      assertThat(other.claimOne().crashes()).isZero();
    }
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
