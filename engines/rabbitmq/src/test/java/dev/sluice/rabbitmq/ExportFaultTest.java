package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import dev.sluice.rabbitmq.Wire.Direction;
import dev.sluice.rabbitmq.Wire.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What a hand-over leaves behind that fails in the middle.
@ExtendWith(OwnBroker.class)
final class ExportFaultTest {
  private final Wire wire;
  private final Crew crew;

  ExportFaultTest(Broker broker) throws IOException {
    wire = new Wire(broker.node().port());
    crew = new Crew(wire.url(), Duration.ofSeconds(2));
  }

  @AfterEach
  void close() throws IOException {
    crew.close();
    wire.close();
  }

  @Test
  void whatWasInHandIsTheBrokersAgainAfterABrokerThatWasSilent() {
    RabbitEngine engine = crew.engine();
    Set<JobId> accepted = crew.accept(engine, 1);
    crew.await(() -> engine.export(Crew.QUEUE, 10).jobs().size() == 1, "the job");

    wire.failAfter(Kind.SILENCE, Direction.FROM_BROKER, 1);
    assertThatExceptionOfType(EngineUnavailableException.class)
        .isThrownBy(() -> engine.export("other", 10));
    assertThat(wire.mend()).isTrue();

    crew.await(
        () -> {
          try {
            return engine.export(Crew.QUEUE, 10).jobs().stream()
                .map(JobView::id)
                .toList()
                .equals(List.copyOf(accepted));
          } catch (EngineUnavailableException notYet) {
            return false;
          }
        },
        "the job to be the broker's again");
  }

  @Test
  void whatWasInHandAtACleanEndCountsNothing() {
    Set<JobId> accepted = crew.accept(crew.engine(), 3);
    for (int i = 0; i < 3; i++) {
      try (RabbitEngine mover = crew.apart()) {
        crew.await(() -> mover.export(Crew.QUEUE, 10).jobs().size() == 3, "the jobs");
      }
    }

    List<Claim> claims = crew.claim(crew.engine(), 3);

    assertThat(Crew.ids(claims)).isEqualTo(accepted);
    assertThat(claims).allMatch(claim -> claim.crashes() == 0 && claim.attempt() == 1);
    assertThat(crew.glance(crew.engine(), 3)).isEmpty();
  }
}
