package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.rabbitmq.Wire.Direction;
import dev.sluice.rabbitmq.Wire.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What a look through dead jobs leaves behind that is cut in the middle.
@ExtendWith(OwnBroker.class)
final class RedriveFaultTest {
  private final Wire wire;
  private final Crew crew;

  RedriveFaultTest(Broker broker) throws IOException {
    wire = new Wire(broker.node().port());
    crew = new Crew(wire.url(), Duration.ofSeconds(4));
  }

  @AfterEach
  void close() throws IOException {
    crew.close();
    wire.close();
  }

  @Test
  void aRedriveThatIsCutTakesNoPlacesOfTheBound() {
    RabbitEngine engine = crew.engine();
    crew.accept(engine, Stream.generate(() -> crew.job(new byte[20_000])).limit(5).toList());
    Set<JobId> ids = new HashSet<>();
    for (Claim claim : crew.claim(engine, 5)) {
      crew.settle(engine, claim, new Settlement.Bury(DeathReason.BURIED, crew.failed(claim)));
      ids.add(claim.job().id());
    }
    crew.await(() -> engine.counts(Crew.QUEUE).dead() == 5, "the dead jobs");
    Bound bound = new Bound(5, 1L << 30);

    wire.failAfter(Kind.CUT, Direction.FROM_BROKER, 50_000);
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> engine.redrive(Crew.QUEUE, ids, bound));
    assertThat(wire.mend()).isTrue();

    Set<JobId> left = new HashSet<>();
    crew.await(
        () -> {
          try {
            left.addAll(
                engine.dead(Crew.QUEUE, 10).stream()
                    .map(view -> view.job().id())
                    .collect(Collectors.toSet()));
            return left.equals(ids);
          } catch (EngineUnavailableException away) {
            return false;
          }
        },
        "all of them to be dead still");
    for (int i = 0; i < 5; i++) {
      assertThat(crew.offer(engine, bound)).isInstanceOf(Accepted.class);
    }
  }
}
