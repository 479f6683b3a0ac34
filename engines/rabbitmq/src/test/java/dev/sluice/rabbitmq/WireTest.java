package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.rabbitmq.Wire.Direction;
import dev.sluice.rabbitmq.Wire.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The way to the broker fails after the first byte of a dialogue, after the second, and so on: a
/// job is offered, claimed, its lease extended, and completed, each time. For the test of everybody
/// not at each byte: `sluice.wire.step` says at every how many.
@ExtendWith(OwnBroker.class)
final class WireTest {
  private static final Duration LIMIT = Duration.ofSeconds(4);

  private final Wire wire;
  private final Crew crew;
  private final Set<JobId> accepted = new HashSet<>();
  private final Set<JobId> unsure = new HashSet<>();
  private final Set<JobId> completed = new HashSet<>();

  WireTest(Broker broker) throws IOException {
    wire = new Wire(broker.node().port());
    crew = new Crew(wire.url(), LIMIT);
  }

  @AfterEach
  void close() throws IOException {
    crew.close();
    wire.close();
  }

  private static int step(int otherwise) {
    return Integer.getInteger("sluice.wire.step", otherwise);
  }

  @ParameterizedTest
  @EnumSource
  void aCutAnywhereInTheLifeOfAJobLosesNothing(Direction direction) {
    RabbitEngine engine = crew.engine();
    boolean happened = true;
    int cuts = 0;
    for (long bytes = 1; happened; bytes += step(11)) {
      settle(engine);
      wire.failAfter(Kind.CUT, direction, bytes);
      dialogue(engine);
      happened = wire.mend();
      cuts++;
    }
    finish(engine, cuts, direction);
  }

  @ParameterizedTest
  @EnumSource
  void aCutAnywhereFromTheFirstByteOfAConnectionOnLosesNothing(Direction direction) {
    settle(crew.engine());
    boolean happened = true;
    int cuts = 0;
    for (long bytes = 1; happened; bytes += step(307)) {
      wire.failAfter(Kind.CUT, direction, bytes);
      try (RabbitEngine engine = crew.apart()) {
        dialogue(engine);
      } catch (EngineUnavailableException notOpened) {
        assertThat(notOpened).hasMessageContaining("no connection to " + wire.url());
      }
      happened = wire.mend();
      cuts++;
    }
    finish(crew.engine(), cuts, direction);
  }

  /// Where it is silent while a queue is made, or while its first job is sent.
  @ParameterizedTest
  @EnumSource
  void aSilenceAnywhereIsToldInTimeAndPasses(Direction direction) {
    Duration limit = Duration.ofSeconds(1);
    try (Crew impatient = new Crew(wire.url(), limit)) {
      RabbitEngine engine = impatient.engine();
      boolean happened = true;
      int silences = 0;
      for (long bytes = 1; happened; bytes += step(1_301)) {
        String queue = "q" + bytes;
        Set<JobId> jobs = new HashSet<>();
        wire.failAfter(Kind.SILENCE, direction, bytes);
        long begun = System.nanoTime();
        try {
          jobs.addAll(impatient.accept(engine, List.of(impatient.job(queue, 0))));
        } catch (EngineUnavailableException told) {
          assertThat(told.getMessage()).isNotBlank();
        }
        // The limit, and up to three seconds and the making of four queues for the first job of
        // one.
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(limit.multipliedBy(8));
        happened = wire.mend();
        silences++;
        impatient.await(() -> engine.trouble().isEmpty(), "the broker to be heard again");
        jobs.addAll(impatient.acceptSoon(engine, () -> List.of(impatient.job(queue, 0))));
        Set<JobId> came = new HashSet<>();
        impatient.await(
            () -> {
              came.addAll(Crew.ids(impatient.glance(engine, queue, 10)));
              return came.containsAll(jobs);
            },
            () -> jobs + ", of which came " + came);
      }
      System.out.printf("%d silences %s%n", silences - 1, direction);
    }
  }

  /// Brings the engine where all its connections and consumers are there and idle.
  private void settle(RabbitEngine engine) {
    Set<JobId> jobs = crew.acceptSoon(engine, 1);
    accepted.addAll(jobs);
    crew.await(() -> take(engine, jobs.iterator().next()), "a job without a fault");
  }

  /// One job from its offer to its end, or to where the offer fails.
  private void dialogue(RabbitEngine engine) {
    Job job = crew.job(0);
    try {
      crew.accept(engine, List.of(job));
      accepted.add(job.id());
    } catch (EngineUnavailableException unavailable) {
      assertThat(unavailable.getMessage()).isNotBlank();
      unsure.add(job.id());
      return;
    }
    crew.await(() -> take(engine, job.id()), "the job to come and to end");
  }

  /// Claims what is there, and completes it.
  ///
  /// @return whether that job was among it, and is completed
  private boolean take(RabbitEngine engine, JobId wanted) {
    boolean found = false;
    for (Claim claim : crew.glance(engine, 10)) {
      Extension extension = engine.extend(List.of(claim.lease()), Duration.ofMinutes(1)).getFirst();
      Settled settled = crew.settle(engine, claim, Settlement.Complete.INSTANCE);
      if (settled == Settled.APPLIED) {
        assertThat(extension).isEqualTo(Extension.EXTENDED);
        completed.add(claim.job().id());
        found |= claim.job().id().equals(wanted);
      }
    }
    return found;
  }

  /// Nothing is left, all that was accepted is done, and nothing that was never offered.
  private void finish(RabbitEngine engine, int cuts, Direction direction) {
    settle(engine);
    crew.await(
        () -> {
          take(engine, accepted.iterator().next());
          return engine.counts(Crew.QUEUE).ready() == 0;
        },
        () -> "nothing to wait any more, and not " + engine.counts(Crew.QUEUE));
    System.out.printf(
        "%d cuts %s: %d jobs accepted, %d unsure%n",
        cuts - 1, direction, accepted.size(), unsure.size());
    assertThat(completed).containsAll(accepted);
    accepted.addAll(unsure);
    assertThat(accepted).containsAll(completed);
  }
}
