package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What happens when the broker is gone, does not answer or takes nothing, and when connections
/// end.
@ExtendWith(OwnBroker.class)
final class OutageTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private final Broker broker;
  private final Crew crew;

  OutageTest(Broker broker) {
    this.broker = broker;
    crew = new Crew(broker, LIMIT);
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  @Test
  void acceptedJobsOutliveTheDeathOfTheBroker() throws IOException {
    RabbitEngine engine = crew.engine();
    Set<JobId> accepted = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      accepted.addAll(crew.accept(engine, 50));
    }
    List<Claim> held = crew.claim(engine, 5);
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);

    broker.kill();
    Set<Lease> told = new HashSet<>();
    for (int i = 0; i < held.size(); i++) {
      told.add(crew.next(lost));
    }
    assertThat(told).isEqualTo(Set.copyOf(held.stream().map(Claim::lease).toList()));
    assertThat(engine.trouble().orElse(""))
        .contains("no connection to amqp://127.0.0.1")
        .contains("trying again");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> crew.accept(engine, 1))
        .withMessageContaining("no connection");
    assertThat(crew.settle(engine, held.getFirst(), Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(engine.extend(List.of(held.getFirst().lease()), LIMIT))
        .containsExactly(Extension.LEASE_LOST);

    broker.start();
    crew.await(() -> engine.trouble().isEmpty(), "the engine to recover");
    accepted.addAll(crew.acceptSoon(engine, 10));
    Set<JobId> came = new HashSet<>();
    crew.await(
        () -> {
          for (Claim claim : crew.glance(engine, 100)) {
            came.add(claim.job().id());
            assertThat(crew.settle(engine, claim, Settlement.Complete.INSTANCE))
                .isEqualTo(Settled.APPLIED);
          }
          return came.size() >= accepted.size();
        },
        () ->
            accepted.size()
                + " jobs, of which came "
                + came.size()
                + "; "
                + engine.counts(Crew.QUEUE)
                + engine.trouble());
    assertThat(came).isEqualTo(accepted);
  }

  @Test
  void aBrokerShortOfMemoryRefusesInWordsWithinTheTimeLimit() {
    refusesInWords("set_vm_memory_high_watermark", "0.00001", "0.6", "low on memory");
  }

  @Test
  void aBrokerShortOfDiskRefusesInWordsWithinTheTimeLimit() {
    refusesInWords("set_disk_free_limit", "1000000GB", "50MB", "low on disk");
  }

  private void refusesInWords(String setting, String none, String enough, String words) {
    RabbitEngine engine = crew.engine();
    Set<JobId> accepted = crew.accept(engine, 2);

    broker.control(setting, none);
    try {
      for (int i = 0; i < 3; i++) {
        refusedInTime(engine, "the broker takes nothing: " + words);
      }
      assertThat(engine.trouble().orElse("")).contains(words);
      // What runs can end, and what waits can run.
      for (Claim running : crew.claim(engine, 2)) {
        assertThat(accepted.remove(running.job().id())).isTrue();
        assertThat(crew.settle(engine, running, Settlement.Complete.INSTANCE))
            .isEqualTo(Settled.APPLIED);
      }
    } finally {
      broker.control(setting, enough);
    }
    crew.await(() -> engine.trouble().isEmpty(), "the broker to take messages again");
    crew.accept(engine, 1);
  }

  private void refusedInTime(RabbitEngine engine, String words) {
    long begun = System.nanoTime();
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> crew.accept(engine, 1))
        .withMessageContaining(words);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(LIMIT.plusSeconds(1));
  }

  @Test
  void aFrozenBrokerIsToldWithinTheTimeLimitAndTheWorkGoesOnWhenItThaws() {
    RabbitEngine engine = crew.engine();
    Set<JobId> accepted = crew.accept(engine, 5);
    List<Claim> held = crew.claim(engine, 2);
    Set<JobId> came = new HashSet<>(Crew.ids(held));
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);

    broker.freeze();
    try {
      refusedInTime(engine, "nobody knows whether the broker took what was sent");
      crew.await(
          () -> engine.trouble().orElse("").equals("the broker does not answer"), "the silence");
      refusedInTime(engine, "the broker does not answer");
      assertThat(engine.check(Crew.QUEUE)).singleElement().asString().contains("not answer");
      // The connection is there, and with it the right to what hangs on it.
      assertThat(engine.extend(List.of(held.getFirst().lease()), Duration.ofMinutes(1)))
          .containsExactly(Extension.EXTENDED);
      assertThat(crew.settle(engine, held.getFirst(), Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
    } finally {
      broker.thaw();
    }

    crew.await(() -> engine.trouble().isEmpty(), "the broker to be heard again");
    assertThat(crew.settle(engine, held.getLast(), Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.APPLIED);
    accepted.addAll(crew.acceptSoon(engine, 5));
    crew.await(
        () -> {
          // And perhaps those of which nobody knew.
          for (Claim claim : crew.glance(engine, 20)) {
            assertThat(came.add(claim.job().id())).isTrue();
          }
          return came.containsAll(accepted);
        },
        () -> accepted + " to come, of which came " + came);
    assertThat(lost).isEmpty();
  }

  @Test
  void lostConnectionsTellTheirLeasesAtOnceAndTheJobComesAgain() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    Claim first = crew.claim(engine, 1).getFirst();
    BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
    engine.onLost(lost::add);

    broker.control("close_all_connections", "test");

    assertThat(crew.next(lost)).isEqualTo(first.lease());
    Claim second = crew.claim(engine, 1).getFirst();
    assertThat(second.job().id()).isEqualTo(first.job().id());
    assertThat(second.attempt()).isEqualTo(2);
    assertThat(second.crashes()).isEqualTo(1);
    assertThat(second.lease().epoch()).isEqualTo(2);
    assertThat(crew.settle(engine, first, Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.LEASE_LOST);
    assertThat(crew.settle(engine, second, Settlement.Complete.INSTANCE))
        .isEqualTo(Settled.APPLIED);
  }

  @Test
  void aClosedChannelLosesTheLeasesOfItsQueueOnly() {
    broker.control(
        "eval",
        "application:set_env(rabbit, consumer_timeout, 1000),"
            + " application:set_env(rabbit, channel_tick_interval, 300).");
    try {
      RabbitEngine engine = crew.engine();
      crew.accept(engine, 1);
      BlockingQueue<Lease> lost = new LinkedBlockingQueue<>();
      engine.onLost(lost::add);

      Claim first = crew.claim(engine, 1).getFirst();

      assertThat(crew.next(lost)).isEqualTo(first.lease());
      Claim second = crew.claim(engine, 1).getFirst();
      assertThat(second.crashes()).isEqualTo(1);
      assertThat(crew.settle(engine, second, Settlement.Complete.INSTANCE))
          .isEqualTo(Settled.APPLIED);
    } finally {
      broker.control(
          "eval",
          "application:set_env(rabbit, consumer_timeout, 1800000),"
              + " application:set_env(rabbit, channel_tick_interval, 60000).");
    }
  }

  @Test
  void eachLostConnectionIsOneCrashMore() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);

    for (int crashes = 0; crashes < 4; crashes++) {
      Claim claim = crew.claim(engine, 1).getFirst();
      assertThat(claim.crashes()).isEqualTo(crashes);
      assertThat(claim.attempt()).isEqualTo(crashes + 1);
      broker.control("close_all_connections", "test");
    }
  }

  @RepeatedTest(5)
  void whatWasSentHereAndNotClaimedIsNoCrashAfterACleanEnd() {
    RabbitEngine first = crew.engine();
    crew.accept(first, 5);
    List<Claim> claims = crew.claim(first, 2);
    claims.forEach(claim ->
        assertThat(crew.settle(first, claim, Settlement.Release.INSTANCE))
            .isEqualTo(Settled.APPLIED));
    first.close();

    List<Claim> again = crew.claim(crew.another(), 5);

    assertThat(again).allMatch(claim -> claim.crashes() == 0 && claim.attempt() == 1);
  }

  @Test
  void aBrokerThatIsNotThereIsToldInASentence() {
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open("amqp://me:secret@127.0.0.1:1/shop"))
        .withMessageStartingWith("no connection to amqp://127.0.0.1:1/shop: nobody answers");
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> RabbitEngine.open(broker.url() + "/no-such-host?prefix=" + crew.prefix()))
        .withMessageContaining("vhost");
  }
}
