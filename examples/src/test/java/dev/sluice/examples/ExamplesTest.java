package dev.sluice.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.Sluice;
import dev.sluice.job.Admission;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.memory.MemoryEngine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class ExamplesTest {
  private static final JobType<String> NOTE = JobType.of("note", Codec.string());

  private static JobId accepted(Admission admission) {
    assertThat(admission).isInstanceOf(Admission.Accepted.class);
    return ((Admission.Accepted) admission).id();
  }

  /// Asks until the job has ended; the test's time limit ends a wait in vain.
  private static JobView awaitEnd(Sluice sluice, JobId id) {
    JobView view = sluice.find(id).orElseThrow().view();
    while (!view.state().isTerminal()) {
      Thread.onSpinWait();
      view = sluice.find(id).orElseThrow().view();
    }
    return view;
  }

  @Test
  void smallestUseRunsItsJob(@TempDir Path directory) throws InterruptedException {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      SmallestUse.main(new String[] {directory.resolve("jobs.db").toString()});
    } finally {
      System.setOut(before);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains("202 job ", "welcome, ada@example.org");
  }

  @Test
  void outcomesDecide() {
    try (Sluice sluice = Outcomes.start()) {
      JobView stolen = awaitEnd(sluice, accepted(sluice.enqueue(Outcomes.CHARGE, "stolen")));
      assertThat(stolen.deathReason()).isEqualTo(DeathReason.BURIED);
      JobView busy = awaitEnd(sluice, accepted(sluice.enqueue(Outcomes.CHARGE, "busy")));
      assertThat(busy.state()).isEqualTo(JobState.SUCCEEDED);
      assertThat(busy.attempt()).isEqualTo(3);
      JobView good = awaitEnd(sluice, accepted(sluice.enqueue(Outcomes.CHARGE, "good")));
      assertThat(good.attempt()).isEqualTo(1);
    }
  }

  @Test
  void keyAnswersWithTheFirstJob() {
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start()) {
      JobId first = accepted(DelayAndKey.remind(sluice, NOTE, "order-7"));

      assertThat(DelayAndKey.remind(sluice, NOTE, "order-7"))
          .isEqualTo(new Admission.Duplicate(first));
      assertThat(sluice.find(first).orElseThrow().view().state()).isEqualTo(JobState.SCHEDULED);
    }
  }

  @Test
  void recurringJobFires() throws InterruptedException {
    BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>(100);
    try (Sluice sluice =
        Sluice.on(MemoryEngine.open())
            .handle(NOTE, (_, _) -> Outcome.done())
            .listen(events::add)
            .start()) {
      Recurring.cleanEvery(sluice, NOTE, Duration.ofSeconds(1));

      assertThat(events.take()).isInstanceOf(JobEvent.Started.class);
      assertThat(events.take()).isInstanceOf(JobEvent.Succeeded.class);
      assertThat(sluice.schedules()).containsExactly("clean-up");
    }
  }

  @Test
  void fullQueueRefuses() throws InterruptedException {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    try (Sluice sluice =
        Sluice.on(MemoryEngine.open())
            .queue(JobType.DEFAULT_QUEUE, BoundedRefusal.SMALL)
            .handle(
                NOTE,
                (_, _) -> {
                  started.countDown();
                  finish.await();
                  return Outcome.done();
                })
            .start()) {
      assertThat(BoundedRefusal.answer(sluice, NOTE, "0").status()).isEqualTo(202);
      started.await();
      assertThat(BoundedRefusal.answer(sluice, NOTE, "1").status()).isEqualTo(202);
      assertThat(BoundedRefusal.answer(sluice, NOTE, "2").status()).isEqualTo(202);

      BoundedRefusal.Response refused = BoundedRefusal.answer(sluice, NOTE, "3");

      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.retryAfter()).isPositive();
      finish.countDown();
    }
  }
}
