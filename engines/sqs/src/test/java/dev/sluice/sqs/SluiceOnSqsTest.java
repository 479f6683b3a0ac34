package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A whole Sluice on the engine.
@ExtendWith(OwnElastic.class)
final class SluiceOnSqsTest {
  private static final JobType<byte[]> MAIL = JobType.of("welcome-email", Codec.bytes());

  private final Elastic server;

  SluiceOnSqsTest(Elastic server) {
    this.server = server;
  }

  @Test
  void whatSqsCannotNameOrHoldIsRefusedByItself() {
    try (Desk desk = new Desk(server.uri(), "&max-bytes=262144", Desk.TUNING);
        Sluice sluice = Sluice.on(desk.engine).queue("mail", QueuePolicy.defaults()).start()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sluice.define("mail-dead", QueuePolicy.defaults(), Delivery.pull()))
          .withMessageContaining("must not end with -dead");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sluice.define("m".repeat(80), QueuePolicy.defaults(), Delivery.pull()))
          .withMessageContaining("must be at most 80");

      EnqueueOptions heavy =
          EnqueueOptions.defaults().withQueue("mail").withHeaders(Map.of("a", "ü".repeat(8_000)));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sluice.enqueue(MAIL, new byte[184_000], heavy))
          .withMessageContaining("with headers and all else, which must be at most");
    }
  }

  @Test
  void everyJobRunsAndFailedOnesRunAgain() throws Exception {
    Map<Integer, AtomicInteger> runs = new ConcurrentHashMap<>();
    CountDownLatch done = new CountDownLatch(200);
    try (Desk desk = new Desk(server.uri(), "", Desk.TUNING);
        Sluice sluice =
            Sluice.on(desk.engine)
                .queue("mail", QueuePolicy.defaults().withConcurrency(20))
                .handle(
                    MAIL,
                    (payload, context) -> {
                      int number = payload[0] & 0xff;
                      int run =
                          runs.computeIfAbsent(number, _ -> new AtomicInteger()).incrementAndGet();
                      if (number % 10 == 0 && run == 1) {
                        return Outcome.retry(Duration.ofMillis(200), "not yet");
                      }
                      done.countDown();
                      return Outcome.done();
                    })
                .start()) {
      List<NewJob<byte[]>> jobs = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        jobs.add(new NewJob<>(MAIL, new byte[] {(byte) i}, inMail()));
      }
      assertThat(sluice.enqueue(jobs)).allMatch(Admission.Accepted.class::isInstance);

      assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    }
    runs.forEach((number, count) -> assertThat(count).hasValue(number % 10 == 0 ? 2 : 1));
  }

  private static EnqueueOptions inMail() {
    return EnqueueOptions.defaults().withQueue("mail");
  }

  @Test
  void aJobWhoseWorkersDiedTooOftenIsPoison() {
    try (Desk dying = new Desk(server.uri(), "", Desk.TUNING)) {
      dying.accepted(dying.job());
      dying.lease(Duration.ofSeconds(1)).claimOne();
      AtomicInteger starts = new AtomicInteger();
      try (Desk desk = new Desk(server.uri(), dying.prefix, "", Desk.TUNING);
          Sluice sluice =
              Sluice.on(desk.engine)
                  .queue("mail", QueuePolicy.defaults().withMaxCrashes(1))
                  .handle(
                      MAIL,
                      (payload, context) -> {
                        starts.incrementAndGet();
                        return Outcome.done();
                      })
                  .start()) {
        dying.until("bury it", () -> !sluice.list("mail", JobState.DEAD, 5, null).jobs().isEmpty());
        assertThat(sluice.list("mail", JobState.DEAD, 5, null).jobs().getFirst().deathReason())
            .isEqualTo(DeathReason.POISON);
        assertThat(starts).hasValue(0);
      }
    }
  }
}
