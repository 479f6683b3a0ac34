package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What happens when one line of a queue takes nothing and the others do.
@ExtendWith(OwnBroker.class)
final class PartFaultTest {
  private final Broker broker;
  private final Crew crew;
  private final String queue;

  PartFaultTest(Broker broker) {
    this.broker = broker;
    crew = new Crew(broker, Duration.ofSeconds(3));
    queue = crew.prefix() + "." + Crew.QUEUE;
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  @Test
  void whatIsGivenBackInPartIsNotDoubled() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.glance(engine, 20);
    crew.accept(engine, Stream.generate(() -> crew.job(Priority.LOW)).limit(25).toList());
    crew.accept(engine, 5);
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      crew.await(
          () ->
              Crew.messages(channel, queue + ".normal") == 0
                  && Crew.messages(channel, queue + ".low") == 5,
          "the prefetch");
      String line = "^" + queue + ".low$";
      broker.control("set_policy", "part", line, "{\"max-length\":1}", "--apply-to", "queues");
      try {
        crew.await(() -> engine.trouble().orElse("").contains("could not write"), "the refusal");
        AtomicInteger looks = new AtomicInteger();
        crew.await(() -> looks.incrementAndGet() > 200, "some tries more");

        assertThat(Crew.messages(channel, queue + ".normal")).isEqualTo(5);
        // The line takes some whenever there is room.
        RabbitEngine worker = crew.another();
        Set<JobId> came = new HashSet<>();
        crew.await(
            () -> {
              for (Claim claim : crew.glance(worker, 30)) {
                assertThat(came.add(claim.job().id())).isTrue();
                crew.settle(worker, claim, Settlement.Complete.INSTANCE);
              }
              return came.size() == 30;
            },
            "all of them");
      } finally {
        broker.control("clear_policy", "part");
      }
    }
  }

  private void suspend(boolean does) {
    suspend(queue + ".low", does);
  }

  private void suspend(String line, boolean does) {
    broker.control("eval", "sys:" + (does ? "suspend" : "resume") + "('%2F_" + line + "').");
  }

  @Test
  void whoseLeaseHasEndedIsToldThoughAnotherLineIsStuck() {
    RabbitEngine engine = crew.engine();
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);
    crew.accept(engine, List.of(crew.job(Priority.LOW), crew.job(Priority.NORMAL)));
    List<Claim> claims = new ArrayList<>();
    Duration lease = Duration.ofSeconds(2);
    crew.await(
        () -> {
          ClaimRequest request = new ClaimRequest(Crew.QUEUE, 2, 0, 0, lease);
          claims.addAll(engine.claim(List.of(request)).claims());
          return claims.size() == 2;
        },
        "both");
    suspend(true);
    try {
      Claim normal =
          claims.stream()
              .filter(claim -> claim.job().priority() == Priority.NORMAL)
              .findFirst()
              .orElseThrow();
      assertThat(crew.next(lost)).isEqualTo(normal.lease());
    } finally {
      suspend(false);
    }
  }

  @Test
  void whoseBrokerIsStuckInOneQueueIsServedInTheOthers() throws Exception {
    try (Crew patient = new Crew(broker, Duration.ofSeconds(25))) {
      RabbitEngine engine = patient.engine();
      patient.accept(engine, List.of(patient.job("stuck", 0)));
      patient.accept(engine, List.of(patient.job("well", 0)));
      String line = patient.prefix() + ".stuck.normal";
      List<FutureTask<Set<JobId>>> offers = new ArrayList<>();
      suspend(line, true);
      try {
        // Asked for jobs it gives no answer, and to more calls than may wait for one.
        assertThat(patient.glance(engine, "stuck", 1)).isEmpty();
        List<Thread> producers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          List<Job> one = List.of(patient.job("stuck", 0));
          FutureTask<Set<JobId>> offer = new FutureTask<>(() -> patient.accept(engine, one));
          offers.add(offer);
          producers.add(Thread.ofPlatform().daemon().start(offer));
        }
        patient.await(
            () -> producers.stream().allMatch(PartFaultTest::isWaiting), "all of them to wait");

        patient.accept(engine, List.of(patient.job("well", 0)));
        patient.accept(engine, List.of(patient.job("fresh", 0)));
        List<Claim> claims = patient.claim(engine, "well", 2);
        assertThat(patient.settle(engine, claims.getFirst(), Settlement.Release.INSTANCE))
            .isEqualTo(Settled.APPLIED);
        assertThat(patient.claim(engine, "fresh", 1)).hasSize(1);
        assertThat(offers).noneMatch(Future::isDone);
      } finally {
        suspend(line, false);
      }
      for (Future<Set<JobId>> offer : offers) {
        assertThat(offer.get(30, TimeUnit.SECONDS)).hasSize(1);
      }
      assertThat(patient.claim(engine, "stuck", 7)).hasSize(7);
    }
  }

  private static boolean isWaiting(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  @Test
  void aLineThatIsStuckHoldsUpNoOtherLineAndCountsNothing() {
    crew.accept(crew.engine(), List.of(crew.job(Priority.LOW)));
    RabbitEngine engine = crew.another();
    suspend(true);
    try {
      crew.glance(engine, 1);
      crew.await(
          () -> {
            crew.glance(engine, 0);
            return engine
                .trouble()
                .orElse("")
                .equals("queue 'mail': its line '" + queue + ".low' does not answer");
          },
          "the trouble");
      Set<JobId> normal = crew.accept(engine, 1);
      Claim claim = crew.claim(engine, 1).getFirst();
      assertThat(normal).containsExactly(claim.job().id());
      assertThat(claim.crashes()).isZero();
    } finally {
      suspend(false);
    }
    Claim low = crew.claim(engine, 1).getFirst();
    assertThat(low.job().priority()).isEqualTo(Priority.LOW);
    assertThat(low.crashes()).isZero();
    crew.await(() -> engine.trouble().isEmpty(), "the end of the trouble");
  }

  @Test
  void whatRunsDoesNotSufferFromALineThatIsStuckWhenMoreIsWanted() {
    RabbitEngine engine = crew.engine();
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);
    crew.accept(engine, 2);
    List<Claim> claims = crew.claim(engine, 2);
    suspend(true);
    try {
      // More than it was given before: its consumers have to begin anew.
      crew.glance(engine, 50);
      crew.await(() -> engine.trouble().orElse("").contains("does not answer"), "the trouble");
      assertThat(crew.settle(engine, claims.getFirst(), Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
      // What it consumed before, it goes on to consume.
      Set<JobId> more = crew.accept(engine, 1);
      Claim next = crew.claim(engine, 1).getFirst();
      assertThat(more).containsExactly(next.job().id());
      assertThat(next.crashes()).isZero();
    } finally {
      suspend(false);
    }
    // It can only come by a new channel.
    Set<JobId> low = crew.accept(engine, List.of(crew.job(Priority.LOW)));
    assertThat(Crew.ids(crew.claim(engine, 1))).isEqualTo(low);
    assertThat(lost).isEmpty();
    assertThat(crew.settle(engine, claims.getLast(), Settlement.Release.INSTANCE))
        .isEqualTo(Settled.APPLIED);
    Claim again = crew.claim(engine, 1).getFirst();
    assertThat(again.job().id()).isEqualTo(claims.getLast().job().id());
    assertThat(again.crashes()).isZero();
  }
}
