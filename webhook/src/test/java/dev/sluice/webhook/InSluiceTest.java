package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.Sluice;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.memory.MemoryEngine;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Deliveries by a running Sluice.
@Timeout(60)
final class InSluiceTest {
  private static final JobType<byte[]> HOOK = JobType.of("hook", Codec.bytes()).on("hooks");

  private static JobView run(Webhook webhook, QueuePolicy policy) throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    try (WebhookHandler handler = new WebhookHandler(webhook);
        Sluice sluice =
            Sluice.on(MemoryEngine.open())
                .queue("hooks", policy)
                .handle(HOOK, handler)
                .listen(event -> {
                  if (event instanceof JobEvent.Succeeded || event instanceof JobEvent.Died) {
                    ended.countDown();
                  }
                })
                .start()) {
      var accepted = (Admission.Accepted) sluice.enqueue(HOOK, Deliveries.PAYLOAD);
      assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
      return sluice.find(accepted.id()).orElseThrow().view();
    }
  }

  @Test
  void aDeliveredJobHasSucceeded() throws Exception {
    try (LocalTarget target = LocalTarget.answering("HTTP/1.1 204 OK\n\n")) {
      JobView job = run(target.webhook(), QueuePolicy.defaults());
      assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
      LocalTarget.Request request = target.take();
      assertThat(request.header("webhook-id")).contains(job.id().toString());
      assertThat(request.header("sluice-attempt")).contains("1");
      assertThat(request.header("sluice-queue")).contains("hooks");
      assertThat(request.header("sluice-type")).contains("hook");
    }
  }

  @Test
  void aJobThatIsNotWantedIsDead() throws Exception {
    try (LocalTarget target =
        LocalTarget.answering("HTTP/1.1 410 Gone\nContent-Length: 3\n\nbye")) {
      JobView job = run(target.webhook(), QueuePolicy.defaults());
      assertThat(job.deathReason()).isEqualTo(DeathReason.BURIED);
      assertThat(job.lastFailure().orElseThrow().error())
          .isEqualTo("HTTP 410 from 127.0.0.1:" + target.port() + ": bye");
    }
  }

  @Test
  void aTargetThatTricklesIsEndedByTheJobsTimeout() throws Exception {
    LocalTarget.Script trickle =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 200 OK\nX-A: ");
          CountDownLatch never = new CountDownLatch(1);
          while (!never.await(5, TimeUnit.MILLISECONDS)) {
            LocalTarget.write(out, "a");
          }
        };
    try (LocalTarget target = new LocalTarget(trickle)) {
      JobView job =
          run(
              target.webhook(),
              QueuePolicy.defaults()
                  .withTimeout(Duration.ofMillis(300))
                  .withRetry(RetryPolicy.never()));
      assertThat(job.state()).isEqualTo(JobState.DEAD);
      assertThat(job.lastFailure().orElseThrow().outcome()).isEqualTo(AttemptOutcome.TIMED_OUT);
      assertThat(job.lastFailure().orElseThrow().error())
          .contains("interrupted while delivering to 127.0.0.1:" + target.port());
    }
  }
}
