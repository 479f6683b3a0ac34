package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.JobId;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What happens when parts of the ways of delayed jobs are deleted on the broker.
@ExtendWith(OwnBroker.class)
final class DelayFaultTest {
  private final Broker broker;
  private final Crew crew;

  DelayFaultTest(Broker broker) {
    this.broker = broker;
    crew = new Crew(broker, Duration.ofSeconds(4));
  }

  @AfterEach
  void closeCrew() {
    crew.close();
  }

  private interface Deletion {
    void on(Channel channel) throws IOException;
  }

  private void delete(Deletion deletion) throws Exception {
    try (Connection connection = broker.connect();
        Channel channel = connection.createChannel()) {
      deletion.on(channel);
    }
  }

  private String delay(String part) {
    return crew.prefix() + ".delay." + part;
  }

  private void comes(RabbitEngine engine, long millis) {
    Set<JobId> accepted = crew.acceptSoon(engine, () -> List.of(crew.job(crew.now() + millis)));
    assertThat(Crew.ids(crew.claim(engine, 1))).isEqualTo(accepted);
  }

  @Test
  void theHighestLevelIsMadeAnew() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, 1);
    Claim claim = crew.claim(engine, 1).getFirst();
    comes(engine, 1_200);
    delete(channel -> channel.queueDelete(delay("03")));

    assertThat(
            crew.settle(
                engine,
                claim,
                new Settlement.RunAgain(crew.now() + 1_200, false, crew.failed(claim))))
        .isEqualTo(Settled.APPLIED);
    assertThat(Crew.ids(crew.claim(engine, 1))).containsExactly(claim.job().id());
    delete(channel -> channel.exchangeDelete(delay("03")));
    comes(engine, 1_200);
    assertThat(engine.trouble()).isEmpty();
  }

  @Test
  void aLowerLevelIsMadeAnewByACheck() throws Exception {
    RabbitEngine engine = crew.engine();
    comes(engine, 1_200);
    delete(channel -> {
      channel.queueDelete(delay("02"));
      channel.exchangeDelete(delay("01"));
    });

    assertThat(engine.check(Crew.QUEUE)).isEmpty();

    comes(engine, 1_200);
  }

  @Test
  void aJobThatFoundNoNextLevelGoesOn() throws Exception {
    // After how long the broker itself tries again: three minutes, when nobody says otherwise.
    String again = "dead_letter_worker_publisher_confirm_timeout";
    broker.control("eval", "application:set_env(rabbit, " + again + ", 1000).");
    try {
      RabbitEngine engine = crew.engine();
      comes(engine, 4_000);
      Set<JobId> accepted = crew.accept(engine, List.of(crew.job(crew.now() + 4_000)));

      delete(channel -> channel.exchangeDelete(delay("04")));

      assertThat(Crew.ids(crew.claim(engine, 1))).isEqualTo(accepted);
    } finally {
      broker.control("eval", "application:set_env(rabbit, " + again + ", 180000).");
    }
  }

  @Test
  void theWayBackIsMadeAnewForAllQueuesByItself() throws Exception {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, List.of(crew.job("other", 0)));
    crew.claim(engine, "other", 1);
    // A new queue is left alone for a second, in which the time of a job may come.
    assertThat(engine.check(Crew.QUEUE)).isEmpty();
    comes(engine, 1_200);
    delete(channel -> {
      channel.exchangeDelete(delay("due"));
      channel.exchangeDelete(delay("lost"));
      channel.queueDelete(delay("lost"));
    });

    try (Connection asking = broker.connect()) {
      crew.await(
          () -> {
            // Whoever only asks uses the queue as well.
            engine.counts("nobody");
            return isThere(asking, "due") && isThere(asking, "lost") && isThere(asking, "00");
          },
          "the way back");
    }

    assertThat(broker.control("list_queues", "name")).doesNotContain(".nobody.");
    Set<JobId> accepted = crew.accept(engine, List.of(crew.job("other", crew.now() + 1_200)));
    assertThat(Crew.ids(crew.claim(engine, "other", 1))).isEqualTo(accepted);
  }

  private boolean isThere(Connection asking, String exchange) {
    try (Channel channel = asking.createChannel()) {
      channel.exchangeDeclarePassive(delay(exchange));
      return true;
    } catch (IOException missing) {
      return false;
    } catch (TimeoutException late) {
      throw new IllegalStateException(late);
    }
  }
}
