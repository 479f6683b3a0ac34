package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
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
    String process = "'%2F_" + queue + ".low'";
    broker.control("eval", "sys:" + (does ? "suspend" : "resume") + "(" + process + ").");
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
}
