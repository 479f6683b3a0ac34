package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;

/// Dead jobs, and jobs that come from another engine, on standard queues of a server that works.
@ExtendWith(OwnElastic.class)
final class DeadLettersTest {
  private final Elastic server;
  private Desk desk;

  DeadLettersTest(Elastic server) {
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

  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void aDeadJobThatAnOperatorMovesBackLivesAgain(boolean fifo, boolean elsewhere) {
    try (Desk here = new Desk(server.uri(), fifo ? "&fifo=true" : "", Desk.TUNING);
        Desk there = new Desk(server.uri(), here.prefix, fifo ? "&fifo=true" : "", Desk.TUNING)) {
      JobId id = here.accepted(here.job());
      Claim first = here.claimOne();
      here.applied(first, here.retryIn(first, Duration.ZERO));
      Claim claim = here.claimOne();
      here.applied(
          claim,
          new Settlement.Bury(DeathReason.EXHAUSTED, here.attempt(claim, AttemptOutcome.FAILED)));

      moveBack(here.prefix, fifo);

      Claim again = (elsewhere ? there : here).claimOne();
      assertThat(again.job().id()).isEqualTo(id);
      assertThat(again.attempt()).isEqualTo(1);
      assertThat(again.crashes()).isZero();
      assertThat(again.lease().epoch()).isGreaterThan(claim.lease().epoch());
      (elsewhere ? there : here).completed(again);
      assertThat(here.engine.dead("mail", 10)).isEmpty();
    }
  }

  @Test
  void aDeadJobThatAnOperatorMovedBackIsHandedOverAlive() {
    JobId id = desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    desk.applied(
        claim,
        new Settlement.Bury(DeathReason.EXHAUSTED, desk.attempt(claim, AttemptOutcome.FAILED)));
    moveBack(desk.prefix, false);

    assertThat(desk.engine.export("mail", 10).jobs())
        .singleElement()
        .satisfies(view -> {
          assertThat(view.id()).isEqualTo(id);
          assertThat(view.state()).isEqualTo(JobState.READY);
          assertThat(view.attempt()).isZero();
          assertThat(view.deathReason()).isNull();
        });
  }

  /// What the console's redrive does: the same body and attributes, in a new message.
  private void moveBack(String prefix, boolean fifo) {
    String suffix = fifo ? ".fifo" : "";
    try (SqsClient client =
        SqsClient.builder()
            .endpointOverride(server.uri())
            .region(Region.EU_CENTRAL_1)
            .credentialsProvider(AnonymousCredentialsProvider.create())
            .build()) {
      String main =
          client.getQueueUrl(request -> request.queueName(prefix + "mail" + suffix)).queueUrl();
      String dead =
          client
              .getQueueUrl(request -> request.queueName(prefix + "mail-dead" + suffix))
              .queueUrl();
      Message message =
          client
              .receiveMessage(
                  request -> request.queueUrl(dead).messageAttributeNames("All").waitTimeSeconds(5))
              .messages()
              .getFirst();
      client.sendMessage(request -> {
        request
            .queueUrl(main)
            .messageBody(message.body())
            .messageAttributes(message.messageAttributes());
        if (fifo) {
          request.messageGroupId(message.messageId()).messageDeduplicationId(message.messageId());
        }
      });
      client.deleteMessage(
          request -> request.queueUrl(dead).receiptHandle(message.receiptHandle()));
    }
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
}
