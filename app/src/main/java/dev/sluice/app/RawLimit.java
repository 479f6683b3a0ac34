package dev.sluice.app;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// What the machine can do at most, without Sluice, measured in the same run.
///
/// Threading: immutable.
sealed interface RawLimit {

  /// A bare virtual thread for each job.
  record Threads(int jobs) implements RawLimit {}

  /// Rows written to SQLite in batches, each batch forced to the disk.
  record Rows(Path file, int jobs, int payload) implements RawLimit {}

  int ROWS_A_COMMIT = 500;
  int ROWS_A_STATEMENT = 25;

  /// The limit of that place; empty for engines elsewhere, which have benchmarks of their own.
  static Optional<RawLimit> of(BenchPlace place, BenchConfig config) {
    return switch (place.engine()) {
      case EngineConfig.Memory _ -> Optional.of(new Threads(config.jobs()));
      case EngineConfig.Sqlite(var file) ->
          Optional.of(new Rows(file.resolveSibling("raw.db"), config.jobs(), config.payload()));
      case EngineConfig.Rabbit _, EngineConfig.Sqs _ -> Optional.empty();
    };
  }

  default String words() {
    return switch (this) {
      case Threads _ -> "a bare virtual thread for each job; compare with both at once";
      case Rows _ -> "500 rows a commit, 25 a statement, no index; compare with enqueue";
    };
  }

  default double ratio(long raw, long enqueue, long both) {
    double compared =
        switch (this) {
          case Threads _ -> both;
          case Rows _ -> enqueue;
        };
    return Math.round(100 * compared / Math.max(1, raw)) / 100.0;
  }

  default long perSecond(Environment.Clock clock) throws InterruptedException {
    return switch (this) {
      case Threads threads -> threads(threads, clock);
      case Rows rows -> rows(rows, clock);
    };
  }

  private static long threads(Threads what, Environment.Clock clock) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(what.jobs());
    long begun = clock.monotonicNanos();
    for (int i = 0; i < what.jobs(); i++) {
      Thread.startVirtualThread(done::countDown);
    }
    done.await();
    return Math.round(what.jobs() * 1e9 / (clock.monotonicNanos() - begun));
  }

  private static long rows(Rows what, Environment.Clock clock) {
    String sql = "INSERT INTO job (payload) VALUES " + "(?), ".repeat(ROWS_A_STATEMENT - 1) + "(?)";
    byte[] payload = new byte[what.payload()];
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + what.file());
        Statement statement = connection.createStatement()) {
      // As the engine does it, so that only the jobs' own cost is left to differ.
      statement.execute("PRAGMA page_size = 8192");
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = FULL");
      statement.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
      connection.setAutoCommit(false);
      int written = 0;
      long begun = clock.monotonicNanos();
      try (PreparedStatement insert = connection.prepareStatement(sql)) {
        for (int i = 1; i <= ROWS_A_STATEMENT; i++) {
          insert.setBytes(i, payload);
        }
        while (written < what.jobs()) {
          written += insert.executeUpdate();
          if (written % ROWS_A_COMMIT == 0) {
            connection.commit();
          }
        }
      }
      connection.commit();
      return Math.round(written * 1e9 / (clock.monotonicNanos() - begun));
    } catch (SQLException failure) {
      throw new EngineUnavailableException("the raw limit could not be measured", failure);
    }
  }
}
