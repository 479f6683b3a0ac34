package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A move that ends after each of its calls in turn, and is run again.
final class MoveKilledTest {
  private static final long MILLIS = System.currentTimeMillis();
  private static final Instant NOW = Instant.ofEpochMilli(MILLIS);
  private static final Bound WIDE = Bound.NONE;
  private static final String QUEUE = "mail";

  /// More than the calls of a whole move.
  private static final int LONGEST = 18;

  private static final List<String> CREDENTIALS = List.of("aws.accessKeyId", "aws.secretAccessKey");

  private static SQSRestServer server;
  private static int port;

  @TempDir Path directory;

  /// Where jobs are.
  enum Place {
    FILE,
    STANDARD,
    FIFO
  }

  @BeforeAll
  static void start() {
    server = SQSRestServerBuilder.withInterface("127.0.0.1").withDynamicPort().start();
    port = server.waitUntilStarted().localAddress().getPort();
    CREDENTIALS.forEach(name -> System.setProperty(name, "nobody"));
  }

  @AfterAll
  static void stop() {
    CREDENTIALS.forEach(System::clearProperty);
    server.stopAndWait();
  }

  private Engine open(Place place, String name) {
    String url =
        switch (place) {
          case FILE -> "sqlite:" + directory.resolve(name + ".db");
          case STANDARD -> sqs(name) + "&keys=carry";
          case FIFO -> sqs(name) + "&fifo=true";
        };
    return EngineConfig.parse(url, directory).open();
  }

  private static String sqs(String name) {
    return "sqs:eu-central-1?endpoint=http://127.0.0.1:" + port + "&prefix=" + name + "-";
  }

  @ParameterizedTest
  @CsvSource({"FILE, FILE", "FILE, STANDARD", "FILE, FIFO", "STANDARD, FILE"})
  void whatWasKilledIsGoneOnWith(Place from, Place to) throws Exception {
    List<Future<Boolean>> runs = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int calls = 1; calls <= LONGEST; calls++) {
        int some = calls;
        runs.add(threads.submit(() -> isKilledAndGoesOn(from, to, some)));
      }
    }
    List<Boolean> killed = new ArrayList<>();
    for (Future<Boolean> run : runs) {
      killed.add(run.get());
    }
    assertThat(killed).startsWith(true, true, true, true, true, true, true, true).endsWith(false);
  }

  /// @return whether the move was killed; else it has fewer calls than that
  private boolean isKilledAndGoesOn(Place from, Place to, int calls) {
    String name = from + "-" + to + "-" + calls;
    Map<JobId, JobState> jobs = fill(from, to, name + "-a");
    boolean killed = false;
    try (Engine source = open(from, name + "-a");
        Engine target = open(to, name + "-b")) {
      Life life = new Life(calls);
      move(life.of(source), life.of(target));
    } catch (Life.Killed _) {
      killed = true;
    }
    long all = jobs.size();
    int doubles = to == Place.STANDARD ? Life.BATCH : 0;
    try (Engine source = open(from, name + "-a");
        Engine target = open(to, name + "-b")) {
      Move.Moved moved = move(source, target);
      assertThat(moved.isAll()).as(name).isTrue();
    }
    // Another one, which has no count of its own yet and asks.
    try (Engine target = open(to, name + "-b")) {
      assertThat(counted(target)).as(name).isBetween(all, all + doubles);
      assertThat(states(target)).as(name).isEqualTo(jobs);
    }
    return killed;
  }

  private static Move.Moved move(Engine source, Engine target) {
    Environment.Clock clock = Environment.system().clock();
    Move move = new Move(source, target, clock, ProgressBar.forTerminal());
    move.takeBack();
    move.check(List.of(QUEUE));
    return move.move(QUEUE);
  }

  /// Jobs in every state that moves, with what they have to be in the target.
  private Map<JobId, JobState> fill(Place from, Place to, String name) {
    Map<JobId, JobState> jobs = new TreeMap<>();
    for (int i = 0; i < 8; i++) {
      // A standard queue shows what is scheduled when it is due.
      boolean later = i == 5 && from == Place.FILE && to != Place.STANDARD;
      jobs.put(id(i), i >= 6 ? JobState.DEAD : later ? JobState.SCHEDULED : JobState.READY);
    }
    try (Engine engine = open(from, name)) {
      if (from == Place.FILE) {
        engine.offer(
            jobs.entrySet().stream()
                .map(one -> new Offer(job(one.getKey(), one.getValue()), WIDE))
                .toList());
        // The first runs when its process ends.
        engine.settle(
            claim(engine, 8).stream()
                .skip(1)
                .map(claim -> isDead(jobs, claim) ? buried(claim) : released(claim))
                .toList());
      } else {
        ((Restoring) engine).restore(jobs.entrySet().stream().map(MoveKilledTest::view).toList());
      }
    }
    return jobs;
  }

  private static boolean isDead(Map<JobId, JobState> jobs, Claim claim) {
    return jobs.get(claim.job().id()) == JobState.DEAD;
  }

  private static List<Claim> claim(Engine engine, int count) {
    return engine
        .claim(List.of(new ClaimRequest(QUEUE, count, 0, 0, Duration.ofHours(1))))
        .claims();
  }

  private static Settle released(Claim claim) {
    return new Settle(claim.lease(), Settlement.Release.INSTANCE);
  }

  private static Settle buried(Claim claim) {
    AttemptRecord failed =
        new AttemptRecord(claim.attempt(), AttemptOutcome.FAILED, "no route", NOW, NOW);
    return new Settle(claim.lease(), new Settlement.Bury(DeathReason.BURIED, failed));
  }

  private static JobId id(int number) {
    return new JobId((MILLIS << 16) | 0x7000 | number, number);
  }

  private static Job job(JobId id, JobState state) {
    long runAt = state == JobState.SCHEDULED ? MILLIS + 3_600_000 : 0;
    JobOptions options = new JobOptions(runAt, "key-" + id, Map.of("a", "b"), 0, 0, 0, null, null);
    return new Job(id, QUEUE, "t", new byte[] {7}, Priority.NORMAL, MILLIS, options);
  }

  private static JobView view(Map.Entry<JobId, JobState> one) {
    boolean dead = one.getValue() == JobState.DEAD;
    return new JobView(
        job(one.getKey(), one.getValue()),
        one.getValue(),
        1,
        0,
        1,
        -1,
        null,
        null,
        dead ? NOW : null,
        dead ? DeathReason.BURIED : null,
        false,
        List.of());
  }

  private static long counted(Engine engine) {
    Counts counts = ((Countable) engine).counts(QUEUE);
    return counts.waiting() + counts.dead();
  }

  /// All jobs; those of a broker are taken out.
  private static Map<JobId, JobState> states(Engine engine) {
    Map<JobId, JobState> states = new TreeMap<>();
    Exporting exporting = (Exporting) engine;
    List<JobView> next = exporting.export(QUEUE, 100).jobs();
    while (!next.isEmpty()) {
      next.forEach(view -> states.put(view.id(), view.state()));
      exporting.exported(QUEUE, next.stream().map(JobView::id).toList());
      next = exporting.export(QUEUE, 100).jobs();
    }
    return states;
  }
}
