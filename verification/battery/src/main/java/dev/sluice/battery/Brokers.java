package dev.sluice.battery;

import dev.sluice.nodes.RabbitNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/// The driver for engines on brokers: starts victims one after the other on one broker and kills
/// them, takes the broker away now and then, lets the last one finish all jobs, and tells what was
/// lost.
///
/// Threading: confined to the main thread.
final class Brokers implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration RESUME = Duration.ofSeconds(60);
  private static final Duration DRAIN = Duration.ofMinutes(5);
  private static final Duration QUIET = Duration.ofSeconds(30);
  private static final int LONGEST_LIFE_MILLIS = 1500;
  private static final int LONGEST_OUTAGE_MILLIS = 3000;
  private static final int JOBS_OF_EVERY_KIND = 500;
  private static final int CYCLES_TO_A_WORD = 10;
  private static final int MOST_PRINTED = 20;

  private final Path work;
  private final String url;
  private final Plan plan;
  private final Outage outage;
  private final BrokerOracle oracle;
  private final RandomGenerator random;
  private int outages;

  /// What is to be done.
  ///
  /// @param cycles how many victims are killed
  /// @param outage every how many of them the broker goes away too
  record Plan(int cycles, int outage, long seed) {}

  private Brokers(Path work, String url, Plan plan, Outage outage, RandomGenerator random)
      throws IOException {
    this.work = work;
    this.plan = plan;
    this.url = url;
    this.outage = outage;
    this.random = random;
    oracle = new BrokerOracle(work.resolve("oracle.log"));
  }

  /// Kills as many victims as asked for, and checks.
  ///
  /// @param engine `rabbitmq`, `sqs` or `sqs-fifo`
  /// @param elastic where the libraries of ElasticMQ are
  static boolean run(Path work, String engine, Plan plan, Path elastic)
      throws IOException, InterruptedException {
    Files.createDirectories(work);
    RandomGenerator random = new SplittableRandom(plan.seed);
    if (engine.startsWith("sqs")) {
      String kind = engine.equals("sqs-fifo") ? "&fifo=true" : "";
      try (ElasticServer server = ElasticServer.start(work, elastic);
          Brokers brokers = new Brokers(work, server.url() + kind, plan, server, random)) {
        return brokers.run();
      }
    }
    RabbitNode node = RabbitNode.in(work.resolve("rabbitmq"), random);
    // Also when somebody ends the driver: the node is no child that would notice.
    Runtime.getRuntime().addShutdownHook(new Thread(node::close, "end of the node"));
    try (node;
        Brokers brokers = new Brokers(work, node.url(), plan, killing(node), random)) {
      node.start();
      return brokers.run();
    }
  }

  private static Outage killing(RabbitNode node) {
    return new Outage() {
      @Override
      public void begin() throws InterruptedException {
        node.kill();
      }

      @Override
      public void end() throws IOException, InterruptedException {
        node.start();
      }
    };
  }

  private boolean run() throws IOException, InterruptedException {
    for (int cycle = 1; cycle <= plan.cycles; cycle++) {
      try (Life life = begin("produce")) {
        if (cycle == 1) {
          // RabbitMQ 3.10 can bring back a queue without a leader that was made just before its
          // node was killed, and each length of delays has one of its own.
          awaitEveryQueue();
        }
        awaitMoment(life);
        if (cycle > 1 && cycle % plan.outage == 0) {
          killInOutage(life);
        } else {
          life.kill();
        }
      }
      if (cycle % CYCLES_TO_A_WORD == 0) {
        tellProgress(cycle);
      }
    }
    drain();
    oracle.findLost();
    return report();
  }

  private Life begin(String what) throws IOException {
    return Life.begin(
        oracle,
        work,
        List.of(),
        List.of(
            "-Xmx192m",
            "-Daws.accessKeyId=nobody",
            "-Daws.secretAccessKey=nobody",
            BrokerVictim.class.getName(),
            url,
            what,
            Long.toString(random.nextLong())));
  }

  private void awaitEveryQueue() throws InterruptedException {
    boolean all =
        oracle.await(tally -> tally.lifeOver || tally.lifeFinished >= JOBS_OF_EVERY_KIND, START);
    if (!all) {
      oracle.violation("it ended few jobs within " + START.toSeconds() + " s: " + lastError());
    }
  }

  /// Lets the victim live for a random time from when it takes and ends jobs: now and then not even
  /// until then.
  private void awaitMoment(Life life) throws InterruptedException {
    boolean early = random.nextInt(10) == 0;
    if (!early
        && !oracle.await(
            tally -> tally.lifeOver || (tally.lifeAcknowledged > 0 && tally.lifeFinished > 0),
            START)) {
      oracle.violation("it did nothing within " + START.toSeconds() + " s: " + lastError());
    }
    awaitEnd(life, random.nextInt(LONGEST_LIFE_MILLIS));
  }

  private void awaitEnd(Life life, int millis) throws InterruptedException {
    if (life.isOverAfter(Duration.ofMillis(millis))) {
      oracle.violation("it ended by itself with code " + life.code() + ": " + lastError());
    }
  }

  private String lastError() {
    return oracle.ask(tally -> tally.lastError);
  }

  /// The broker first, and the victim has to go on when it is back; or both at once; or the broker
  /// while it takes back what the dead victim held.
  private void killInOutage(Life life) throws IOException, InterruptedException {
    outages++;
    switch (random.nextInt(3)) {
      case 0 -> {
        outage.begin();
        awaitEnd(life, random.nextInt(LONGEST_OUTAGE_MILLIS));
        outage.end();
        awaitThatItGoesOn();
        awaitEnd(life, random.nextInt(LONGEST_LIFE_MILLIS));
        life.kill();
      }
      case 1 -> {
        outage.begin();
        life.kill();
        outage.end();
      }
      default -> {
        life.kill();
        LockSupport.parkNanos(random.nextInt(LONGEST_OUTAGE_MILLIS / 10) * 1_000_000L);
        outage.begin();
        outage.end();
      }
    }
  }

  private void awaitThatItGoesOn() throws InterruptedException {
    long acknowledged = oracle.ask(tally -> tally.lifeAcknowledged);
    long finished = oracle.ask(tally -> tally.lifeFinished);
    boolean goesOn =
        oracle.await(
            tally ->
                tally.lifeOver
                    || (tally.lifeAcknowledged > acknowledged && tally.lifeFinished > finished),
            RESUME);
    if (!goesOn) {
      oracle.violation(
          "it did not go on within "
              + RESUME.toSeconds()
              + " s after the broker was back: "
              + lastError());
    }
  }

  /// Has a last victim finish all jobs, undisturbed.
  private void drain() throws IOException, InterruptedException {
    try (Life life = begin("drain")) {
      boolean all =
          oracle.await(
              tally -> tally.lifeOver || (tally.outstanding == 0 && tally.dead >= 0), DRAIN);
      // What came twice or was not acknowledged ends too, and the broker's counts are late.
      boolean empty =
          oracle.await(
              tally ->
                  tally.lifeOver || (tally.lifeOpen && tally.waiting == 0 && tally.running == 0),
              QUIET);
      awaitEnd(life, (int) QUIET.toMillis() / 10);
      if (!all) {
        oracle.violation("the jobs did not all end within " + DRAIN.toSeconds() + " s");
      }
      if (!empty) {
        oracle.violation("jobs are still waiting, and no one knows why: " + lastError());
      }
      long dead = oracle.ask(tally -> tally.dead);
      if (dead != 0) {
        oracle.violation("jobs among the dead: " + dead);
      }
      life.kill();
    }
  }

  private void tellProgress(int cycle) {
    BrokerOracle.Tally tally = oracle.tally();
    System.out.printf(
        Locale.ROOT,
        "%d of %d: %d acknowledged, %d of them to be finished, %d violations%n",
        cycle,
        plan.cycles,
        tally.acknowledged,
        tally.outstanding,
        oracle.violationCount());
  }

  /// Prints what was seen.
  ///
  /// @return whether everything held
  private boolean report() {
    BrokerOracle.Tally tally = oracle.tally();
    oracle.violations().stream()
        .limit(MOST_PRINTED)
        .forEach(violation -> System.out.println("VIOLATION " + violation));
    int violations = oracle.violationCount();
    System.out.printf(
        Locale.ROOT,
        "%d kills of the process, %d outages of the broker: %d acknowledged, %d lost, %d finished more than"
            + " once, %s%n",
        plan.cycles,
        outages,
        tally.acknowledged,
        tally.outstanding,
        tally.finishedAgain,
        violations == 0 ? "0 dead" : violations + " VIOLATIONS, see " + work);
    System.out.printf(
        Locale.ROOT,
        "(%d starts, %d leases lost, %d finished without an acknowledgement that"
            + " was heard, %d refused, %d calls failed, %d starts beside a run of the same job, %d"
            + " starts with an epoch that was not higher)%n",
        tally.started,
        tally.leasesLost,
        tally.unheard,
        tally.refused,
        tally.errors,
        tally.atOnce,
        tally.oldEpochs);
    return violations == 0;
  }

  @Override
  public void close() throws IOException {
    oracle.close();
  }
}
