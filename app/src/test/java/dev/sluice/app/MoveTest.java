package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.engine.Bound;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import dev.sluice.job.SluiceException;
import dev.sluice.sqlite.SqliteEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MoveTest {
  private static final long NOW = System.currentTimeMillis();

  @TempDir Path directory;

  private Answer move(String... more) {
    return moveBetween("sqlite:" + file("from"), to(), more);
  }

  private static Answer moveBetween(String from, String to, String... more) {
    List<String> words = new ArrayList<>(List.of("move", "--from", from, "--to", to));
    words.addAll(List.of(more));
    return Answer.to(words.toArray(String[]::new));
  }

  private Path file(String name) {
    return directory.resolve(name + ".db");
  }

  private String to() {
    return "sqlite:" + file("to");
  }

  private static Offer offer(int number, String queue, @Nullable String key) {
    JobOptions options =
        new JobOptions(number % 3 == 0 ? NOW + 3_600_000 : 0, key, Map.of(), 0, 0, 0, null, null);
    JobId id = new JobId((NOW << 16) | 0x7000 | number, number);
    return new Offer(
        new Job(id, queue, "t", new byte[] {(byte) number}, Priority.NORMAL, NOW, options),
        Bound.NONE);
  }

  private void fill(String name, String queue, int from, int to, @Nullable String key) {
    try (SqliteEngine engine = SqliteEngine.open(file(name))) {
      List<Offer> offers = new ArrayList<>();
      for (int i = from; i < to; i++) {
        offers.add(offer(i, queue, key));
      }
      engine.offer(offers);
    }
  }

  @Test
  void everyJobIsMovedAndCounted() {
    fill("from", "mail", 0, 1200, null);
    fill("from", "other", 2000, 2002, "key");
    try (SqliteEngine engine = SqliteEngine.open(file("from"))) {
      assertThat(
              engine
                  .claim(List.of(new ClaimRequest("mail", 1, 0, 0, Duration.ofHours(1))))
                  .claims())
          .hasSize(1);
    }

    Answer answer = move();

    assertThat(answer.err()).isEmpty();
    assertThat(answer.code()).isZero();
    assertThat(answer.out().lines())
        .containsExactly(
            "from: sqlite:" + file("from") + " (jobs survive a crash)",
            "to: " + to() + " (jobs survive a crash)",
            "1 job was running when its process ended; it waits again",
            "queue 'mail': moved 1200 (800 ready, 400 scheduled); left: 0 ready, 0 scheduled, 0 dead; now there: 800 ready,"
                + " 400 scheduled, 0 dead",
            "queue 'other': moved 1 (1 ready); left: 0 ready, 0 scheduled, 0 dead; now there: 1 ready, 0"
                + " scheduled, 0 dead");
    try (SqliteEngine engine = SqliteEngine.open(file("to"))) {
      JobView first = engine.list("mail", JobState.READY, 1, null).jobs().getFirst();
      assertThat(first.crashes()).isEqualTo(1);
    }
  }

  @Test
  void aRunThatWasKilledIsGoneOnWith() {
    fill("from", "mail", 0, 10, null);
    try (SqliteEngine from = SqliteEngine.open(file("from"));
        SqliteEngine to = SqliteEngine.open(file("to"))) {
      // Killed between the one and the other.
      to.restore(from.export("mail", 4).jobs());
    }

    Answer answer = move("--queue", "mail");

    assertThat(answer.out())
        .contains(
            "queue 'mail': moved 6 (2 ready, 4 scheduled), 4 were there from an earlier run; left: 0 ready");
    assertThat(answer.code()).isZero();
    assertThat(move().out()).contains("queue 'mail': moved 0; left: 0 ready");
  }

  @Test
  void whatTheTargetCannotHoldIsRefusedBeforeTheFirstJobMoves() {
    fill("from", "mail", 1, 3, null);
    fill("from", "mail", 10, 11, "key");
    fill("to", "mail", 20, 21, "key");

    Answer answer = move();

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err())
        .contains("its key belongs to job " + offer(20, "mail", null).job().id());
    try (SqliteEngine from = SqliteEngine.open(file("from"))) {
      assertThat(from.counts("mail").waiting()).isEqualTo(3);
    }
  }

  @Test
  void aNameThatTheSourceDoesNotKnowIsRefusedBeforeTheFirstJobMoves() {
    fill("from", "mail", 0, 3, null);
    fill("from", "other", 10, 11, null);

    Answer answer = move("--queue", "mail", "--queue", "mial");

    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.err()).startsWith("queue: 'mial' must be one of the source: mail, other (");
    try (SqliteEngine from = SqliteEngine.open(file("from"))) {
      assertThat(from.counts("mail").waiting()).isEqualTo(3);
    }
  }

  private static Move between(Engine from, Engine to) {
    return new Move(from, to, Environment.system().clock(), ProgressBar.forTerminal());
  }

  private static JobView view(int number) {
    return view(offer(number, "mail", null).job(), JobState.READY);
  }

  private static JobView view(Job job, JobState state) {
    return new JobView(job, state, 0, 0, 0, -1, null, null, null, null, false, List.of());
  }

  @Test
  void whatIsOnItsWayInsideABrokerIsWaitedFor() {
    Depot broker = new Depot();
    broker.jobs.add(view(1));
    broker.onTheirWay.add(view(2));
    broker.strangers = 1;
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      Move.Moved moved = between(broker, to).move("mail");

      assertThat(moved.moved()).containsExactly(Map.entry(JobState.READY, 2L));
      assertThat(moved.strangers()).isEqualTo(1);
      assertThat(moved.isAll()).isTrue();
      assertThat(to.counts("mail").ready()).isEqualTo(2);
    }
  }

  @Test
  void jobsThatABrokerDidNotLetGoOfAreNotMoved() {
    Depot broker = new Depot();
    broker.jobs.add(view(1));
    broker.forgetful = true;
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> between(broker, to).move("mail"))
          .withMessageContaining("still here")
          .withMessageEndingWith("taken by the target before that: 1");

      broker.forgetful = false;
      Move.Moved moved = between(broker, to).move("mail");
      assertThat(moved.sum()).isZero();
      assertThat(moved.already()).isEqualTo(1);
      assertThat(moved.isAll()).isTrue();
    }
  }

  @Test
  void deadJobsOfABrokerAreLookedThroughBeforeTheFirstJobMoves() {
    Depot broker = new Depot();
    broker.jobs.add(view(1));
    broker.jobs.add(view(offer(2, "mail", "key").job(), JobState.DEAD));
    fill("to", "mail", 20, 21, "key");
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      Move move = between(broker, to);

      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> move.check(List.of("mail")))
          .withMessageContaining("its key belongs to job " + offer(20, "mail", null).job().id());
      assertThat(broker.jobs).hasSize(2);
    }
  }

  @Test
  void keysThatABrokerMayHaveAreRefusedBeforeTheFirstJobMoves() {
    Depot broker = new Depot();
    Depot other = new Depot();
    other.keys = Limits.Keys.REFUSED;

    assertThatExceptionOfType(SluiceException.class)
        .isThrownBy(() -> between(broker, other).check(List.of("mail")))
        .withMessage(
            "nothing can move: jobs of the source may have keys, which would make nothing unique"
                + " there; with keys=carry in its URL the target takes keys along as labels");
    broker.keys = Limits.Keys.REFUSED;
    between(broker, other).check(List.of("mail"));
  }

  @Test
  void whatABrokerKeepsFromOthersIsNotMoved() {
    Counts none = new Counts(0, 0, 0, 0, 0, 0, 0, 0, false);
    Counts held = new Counts(0, 0, 3, 0, 0, 0, 0, 0, false);

    assertThat(new Move.Moved("mail", Map.of(), 0, 0, none, false, none).isAll()).isTrue();
    assertThat(new Move.Moved("mail", Map.of(), 0, 0, held, false, none).isAll()).isFalse();
  }

  @Test
  void aMoveBesideAProcessThatTakesJobsDoesNotBegin() {
    Depot broker = new Depot();
    broker.jobs.add(view(1));
    broker.taken = true;
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      Move move = between(broker, to);

      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> move.requireIdle(List.of("mail")))
          .withMessage("queue 'mail' cannot move: somebody takes jobs of it; stop that first");
      broker.taken = false;
      move.requireIdle(List.of("mail"));
      // It came in the meantime.
      broker.taken = true;
      Move.Moved moved = move.move("mail");

      assertThat(moved.sum()).isEqualTo(1);
      assertThat(moved.isAll()).as("the process may hold some").isFalse();
    }
  }

  /// Two jobs of one key in one step: neither is in the target when they are looked at.
  @Test
  void whatTheTargetTookOfAStepThatStopsIsLetGoOf() {
    Depot broker = new Depot();
    for (int i = 1; i <= 5; i++) {
      broker.jobs.add(
          view(offer(i, "mail", i == 2 || i == 4 ? "key" : null).job(), JobState.READY));
    }
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> between(broker, to).move("mail"))
          .withMessageContaining("its key belongs to job " + view(2).id())
          .withMessageEndingWith("; taken by the target before that: 4");
      assertThat(broker.jobs).extracting(JobView::id).containsExactly(view(4).id());
      assertThat(to.counts("mail").waiting()).isEqualTo(4);
    }
  }

  @Test
  void whatABrokerHasTakenBeforeItWasLostIsLetGoOf() {
    Depot broker = new Depot();
    broker.most = 2;
    fill("from", "mail", 1, 6, null);
    try (SqliteEngine from = SqliteEngine.open(file("from"))) {
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> between(from, broker).move("mail"))
          .withMessage("the connection was lost; taken by the target before that: 2");
      assertThat(from.counts("mail").waiting()).isEqualTo(3);
      assertThat(broker.jobs).hasSize(2);
    }
  }

  @Test
  void aMoveThatStopsTellsWhatTheTargetHasTaken() {
    Depot broker = new Depot();
    for (int i = 1; i <= 501; i++) {
      broker.jobs.add(view(offer(i, "mail", i == 501 ? "key" : null).job(), JobState.READY));
    }
    fill("to", "mail", 1000, 1001, "key");
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> between(broker, to).move("mail"))
          .withMessageContaining("its key belongs to job ")
          .withMessageEndingWith("; taken by the target before that: 500");
      assertThat(broker.jobs).hasSize(1);
    }
  }

  @Test
  void whatABrokerCannotNameOrHoldIsRefusedBeforeTheFirstJobMoves() {
    Depot broker = new Depot();
    fill("from", "mail", 1, 5, null);
    try (SqliteEngine from = SqliteEngine.open(file("from"))) {
      Job large =
          new Job(
              new JobId((NOW << 16) | 0x7000 | 9, 9),
              "mail",
              "t",
              new byte[Depot.LARGEST + 1],
              Priority.NORMAL,
              NOW,
              JobOptions.NONE);
      from.offer(List.of(new Offer(large, Bound.NONE)));
      Move move = between(from, broker);

      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> move.check(List.of("mail")))
          .withMessage(
              "job " + large.id() + " of queue 'mail' cannot move: payload: must be at most 100");
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> move.check(List.of("mail", "mail-dead")))
          .withMessageStartingWith("queue 'mail-dead' cannot move: ");
      assertThatExceptionOfType(SluiceException.class)
          .isThrownBy(() -> move.move("mail"))
          .withMessageStartingWith("queue 'mail' cannot move: ");
      assertThat(broker.jobs).isEmpty();
      assertThat(from.counts("mail").waiting()).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "amqp://a:b@localhost/jobs, amqp://c:d@LOCALHOST:5672/jobs?keys=carry",
    "amqp://localhost, amqp://localhost/%2F?prefix=sluice.",
    "sqs:eu-central-1, sqs:eu-central-1?keys=carry&prefix=sluice-",
    "sqs:eu-central-1?endpoint=http://localhost:9324, "
        + "sqs:eu-central-1?endpoint=http://LOCALHOST:9324/&max-bytes=70000"
  })
  void aMoveOntoItselfIsRefusedWhateverElseTheUrlsSay(String from, String to) {
    Answer answer = moveBetween(from, to);

    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.err()).contains("to: must be another place than from");
  }

  @Test
  void whatDiffersInItsPlaceIsNotTheSame() {
    Path any = directory.resolve("any.db");
    assertThat(
            Stream.of(
                    "memory:",
                    "sqlite:" + file("from"),
                    "amqp://localhost/jobs",
                    "amqp://localhost/jobs?prefix=other.",
                    "amqp://localhost:5673/jobs",
                    "amqp://localhost/other",
                    "sqs:eu-central-1",
                    "sqs:eu-west-1",
                    "sqs:eu-central-1?fifo=true",
                    "sqs:eu-central-1?prefix=other-",
                    "sqs:eu-central-1?endpoint=http://localhost:9324")
                .map(url -> EngineConfig.parse(url, any).place()))
        .doesNotHaveDuplicates()
        .noneMatch(place -> place.contains("@"));
  }

  @Test
  void aFileBehindALinkIsTheSamePlace() throws IOException {
    fill("from", "mail", 0, 3, null);
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory);

    Answer answer = moveBetween("sqlite:" + file("from"), "sqlite:" + link.resolve("from.db"));

    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.err()).contains("to: must be another place than from");
  }

  @Test
  void aJobThatABrokerHasTwiceIsInAFileOnce() {
    Depot broker = new Depot();
    for (int i = 1; i <= 500; i++) {
      broker.jobs.add(view(i));
    }
    broker.jobs.add(view(1));
    try (SqliteEngine to = SqliteEngine.open(file("to"))) {
      Move.Moved moved = between(broker, to).move("mail");

      assertThat(moved.sum()).isEqualTo(500);
      assertThat(moved.already()).isEqualTo(1);
      assertThat(moved.isAll()).isTrue();
      assertThat(broker.jobs).isEmpty();
    }
  }

  @Test
  void aMoveThatGoesInACircleStops() {
    Depot broker = new Depot();
    broker.jobs.add(view(1));
    broker.jobs.add(view(2));

    assertThatExceptionOfType(SluiceException.class)
        .isThrownBy(() -> between(broker, broker).move("mail"))
        .withMessageContaining("came a second time");
    assertThat(broker.jobs).hasSize(2);
  }

  @Test
  void aSideThatIsNotGivenIsAskedFor() {
    // Empty, because the machine of these tests may have set the variables.
    Answer source = moveBetween("", to());
    Answer target = moveBetween("sqlite:" + file("from"), "");
    assertThat(source.code()).isEqualTo(2);
    assertThat(source.err()).startsWith("from: must be given, as --from URL or in SLUICE_FROM");
    assertThat(target.code()).isEqualTo(2);
    assertThat(target.err()).startsWith("to: must be given, as --to URL or in SLUICE_TO");
  }

  @Test
  void whatCannotBeMovedFromOrToIsSaid() {
    Answer answer = moveBetween("memory:", to());
    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.err())
        .startsWith(
            "from: 'memory' must be an engine that hands its jobs over; jobs in memory end with"
                + " their process");
    fill("from", "mail", 0, 1, null);
    String from = "sqlite:" + file("from");
    assertThat(moveBetween(from, from).err()).contains("to: must be another place than from");
  }
}
