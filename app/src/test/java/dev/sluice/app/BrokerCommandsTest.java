package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Offer;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import dev.sluice.nodes.RabbitNode;
import dev.sluice.rabbitmq.RabbitEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Commands on a real broker.
final class BrokerCommandsTest {
  private static final long MILLIS = System.currentTimeMillis();

  @TempDir static Path home;
  private static RabbitNode node;

  @TempDir Path directory;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    node = RabbitNode.in(home.resolve("node"), new SplittableRandom());
    node.start();
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static Offer offer(long number) {
    JobId id = new JobId((MILLIS << 16) | 0x7000 | number, number);
    return new Offer(
        new Job(id, "mail", "t", new byte[1], Priority.NORMAL, MILLIS, JobOptions.NONE),
        Bound.NONE);
  }

  @Test
  void aMoveBesideAWorkerIsRefusedAndGoesOnAfterIt() throws InterruptedException {
    String from = node.url();
    String to = "sqlite:" + directory.resolve("to.db");
    try (RabbitEngine worker = RabbitEngine.open(from)) {
      worker.offer(List.of(offer(1), offer(2)));
      claimOne(worker);

      Answer refused = Answer.to("move", "--from", from, "--to", to, "--queue", "mail");

      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.err())
          .isEqualTo("queue 'mail' cannot move: somebody takes jobs of it; stop that first\n");
    }
    awaitNobody();
    Answer moved = Answer.to("move", "--from", from, "--to", to, "--queue", "mail");
    assertThat(moved.err()).isEmpty();
    assertThat(moved.code()).isZero();
    assertThat(moved.out().lines())
        .startsWith(
            "from: " + from + " (jobs are on the broker)", "to: " + to + " (jobs survive a crash)")
        .last()
        .asString()
        .startsWith("queue 'mail': moved 2 (2 ready); left: ~0 ready, ~0 scheduled, ~0 dead;");
    assertThat(Answer.to("move", "--from", to, "--to", from).out().lines())
        .last()
        .asString()
        .matches(
            "queue 'mail': moved 2 \\(2 ready\\); left: 0 ready, 0 scheduled, 0 dead; now there: ~\\d+"
                + " ready, ~0 scheduled, ~0 dead");
  }

  private static void claimOne(Engine worker) throws InterruptedException {
    Semaphore work = new Semaphore(0);
    ClaimRequest one = new ClaimRequest("mail", 1, 0, 0, Duration.ofMinutes(1));
    worker.onWork(work::release);
    while (worker.claim(List.of(one)).claims().isEmpty()) {
      assertThat(work.tryAcquire(60, TimeUnit.SECONDS)).as("the broker sends a job").isTrue();
    }
  }

  /// The broker hears of a worker's end a moment after it.
  private static void awaitNobody() {
    try (RabbitEngine looking = RabbitEngine.open(node.url())) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (looking.isTaken("mail")) {
        assertThat(System.nanoTime() - deadline).as("the worker's end is seen").isNegative();
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  @Test
  void aNameThatABrokerCannotHaveIsBadUsage() {
    String to = "sqlite:" + directory.resolve("to.db");
    Answer nameless = Answer.to("move", "--from", node.url(), "--to", to);
    assertThat(nameless.code()).isEqualTo(2);
    assertThat(nameless.err())
        .startsWith("queue: must be given, the engine 'rabbitmq' cannot list its queues (see: ");
    Answer unknown = Answer.to("move", "--from", node.url(), "--to", to, "--queue", "typo");
    assertThat(unknown.code()).isEqualTo(1);
    assertThat(unknown.out()).endsWith("no queue of that name is on the broker\n");
    Answer unfit = Answer.to("move", "--from", node.url(), "--to", to, "--queue", "a b");
    assertThat(unfit.code()).isEqualTo(2);
    assertThat(unfit.err()).startsWith("queue: 'a b' must ");
  }

  @Test
  void doctorMakesTheQueuesAndNamesThem() throws IOException {
    Path config = directory.resolve("sluice.yaml");
    Files.writeString(config, "engine: " + node.url() + "\nqueues:\n  mail:\n    concurrency: 8\n");

    Answer answer =
        Answer.to(
            "doctor",
            "--config",
            config.toString(),
            "--data",
            directory.resolve("data").toString());

    assertThat(answer.out())
        .contains(
            "engine: "
                + node.url()
                + " (jobs are on the broker) opens, and its queues are there: default, mail");
    try (RabbitEngine engine = RabbitEngine.open(node.url())) {
      assertThat(engine.check("mail")).isEmpty();
    }
  }
}
