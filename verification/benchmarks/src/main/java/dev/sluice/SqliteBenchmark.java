package dev.sluice;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import dev.sluice.sqlite.SqliteEngine;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Jobs in an SQLite file: offers of 500 jobs beside raw JDBC inserts of 500 rows in the same run,
/// and the way from offer over claim to settlement. Each figure is jobs a second, each list durable
/// before the next.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class SqliteBenchmark {
  private static final int LIST = 500;
  private static final int PAYLOAD = 200;
  private static final String QUEUE = "default";
  private static final ClaimRequest ALL =
      new ClaimRequest(QUEUE, LIST, 0, 0, Duration.ofSeconds(30));

  private final Environment environment = Environment.system();
  private final Ids ids = new Ids(environment.clock(), environment.random());
  private Scratch scratch;
  private SqliteEngine engine;
  private Connection raw;
  private PreparedStatement insert;

  @Setup(Level.Iteration)
  public void open() throws IOException, SQLException {
    scratch = Scratch.make();
    engine = SqliteEngine.open(scratch.file("jobs.db"));
    raw = DriverManager.getConnection("jdbc:sqlite:" + scratch.file("raw.db"));
    try (Statement statement = raw.createStatement()) {
      statement.execute("PRAGMA page_size = 8192");
      statement.execute("PRAGMA locking_mode = EXCLUSIVE");
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = FULL");
      statement.execute("PRAGMA wal_autocheckpoint = 2048");
      statement.execute(
          "CREATE TABLE job(seq INTEGER PRIMARY KEY, id INTEGER, queue INTEGER, state INTEGER,"
              + " created INTEGER, payload BLOB)");
      statement.execute("CREATE INDEX ready ON job(queue, seq) WHERE state = 1");
    }
    raw.setAutoCommit(false);
    insert =
        raw.prepareStatement(
            "INSERT INTO job(id, queue, state, created, payload) VALUES (?, 1, 1, ?, ?)");
  }

  @TearDown(Level.Iteration)
  public void close() throws IOException, SQLException {
    engine.close();
    insert.close();
    raw.close();
    scratch.delete();
  }

  @Benchmark
  @OperationsPerInvocation(LIST)
  public int offer_lists_of_500() {
    return engine.offer(offers()).size();
  }

  /// The limit: as many rows of the same size, one insert each, in one transaction.
  @Benchmark
  @OperationsPerInvocation(LIST)
  public int limit_raw_inserts_of_500() throws SQLException {
    for (Offer offer : offers()) {
      insert.setLong(1, offer.job().id().low());
      insert.setLong(2, offer.job().createdAtMillis());
      insert.setBytes(3, offer.job().payload());
      insert.addBatch();
    }
    int[] counts = insert.executeBatch();
    raw.commit();
    return counts.length;
  }

  @Benchmark
  @OperationsPerInvocation(LIST)
  public int offer_claim_and_settle_500() {
    engine.offer(offers());
    List<Settle> settles = new ArrayList<>(LIST);
    for (Claim claim : engine.claim(List.of(ALL)).claims()) {
      settles.add(new Settle(claim.lease(), Settlement.Complete.INSTANCE));
    }
    if (settles.size() != LIST) {
      throw new IllegalStateException("only " + settles.size() + " jobs were claimed");
    }
    return engine.settle(settles).size();
  }

  private List<Offer> offers() {
    long now = environment.clock().wallMillis();
    List<Offer> offers = new ArrayList<>(LIST);
    for (int i = 0; i < LIST; i++) {
      Job job =
          new Job(
              ids.next(), QUEUE, "bench", new byte[PAYLOAD], Priority.NORMAL, now, JobOptions.NONE);
      offers.add(new Offer(job, Bound.NONE));
    }
    return offers;
  }
}
