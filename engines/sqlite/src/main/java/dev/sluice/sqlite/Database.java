package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// One connection to the file, set up and checked, with its transaction.
///
/// The connection locks the file for itself (`locking_mode=EXCLUSIVE`): that keeps every other
/// program out, and the index of the write-ahead log in plain memory instead of a mapped file.
///
/// Threading: confined to the writer's thread.
final class Database {
  /// "Slce": tells our files from other people's SQLite databases.
  static final int APPLICATION_ID = 0x536C6365;

  private static final int[] OLDEST_SQLITE = {3, 51, 3};
  private static final int SYNCHRONOUS_FULL = 2;

  private final Path file;
  private final Disk disk;
  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new HashMap<>();
  private boolean open;

  private Database(Path file, Disk disk, Connection connection) {
    this.file = file;
    this.disk = disk;
    this.connection = connection;
  }

  static Database open(Path file, Disk disk) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    config.setBusyTimeout(0);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + file.toUri());
    Database database = new Database(file, disk, source.getConnection());
    boolean ready = false;
    try {
      // Before anything is read: a log that was once opened in shared memory stays there.
      database.execute("PRAGMA locking_mode = EXCLUSIVE");
      database.requireSqlite();
      database.requireOurs();
      database.tune();
      database.migrate();
      ready = true;
      return database;
    } finally {
      if (!ready) {
        database.close();
      }
    }
  }

  Path file() {
    return file;
  }

  Disk disk() {
    return disk;
  }

  /// The statement, prepared once. Callers close the answers, never the statement.
  PreparedStatement prepared(String sql) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
    }
    return statement;
  }

  /// Begins a transaction unless one is open.
  void begin() throws SQLException {
    if (!open) {
      prepared(Sql.BEGIN).executeUpdate();
      open = true;
    }
  }

  /// Makes everything since `begin` durable.
  void commit() throws SQLException {
    if (open) {
      disk.committing();
      prepared(Sql.COMMIT).executeUpdate();
      open = false;
      disk.committed();
    }
  }

  /// Undoes everything since `begin`.
  void rollback() throws SQLException {
    // The driver kills a prepared statement that failed; which one it was is not worth knowing.
    forgetStatements();
    if (open) {
      open = false;
      try {
        execute(Sql.ROLLBACK);
      } catch (SQLException failure) {
        // SQLite rolls back by itself after some errors; then there is nothing left to undo.
        String message = failure.getMessage();
        if (message == null || !message.contains("no transaction is active")) {
          throw failure;
        }
      }
    }
  }

  /// Writes the whole log into the file and syncs it. After a failed sync the system's cache may
  /// show as written what never reached the disk; writing it again is what mends that.
  void checkpoint() throws SQLException {
    if (pragma("wal_checkpoint(TRUNCATE)") != 0) {
      throw Failures.busy();
    }
  }

  void close() throws SQLException {
    try {
      forgetStatements();
    } finally {
      connection.close();
    }
  }

  private void forgetStatements() throws SQLException {
    for (PreparedStatement statement : statements.values()) {
      statement.close();
    }
    statements.clear();
  }

  long pragma(String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery("PRAGMA " + name)) {
      return answer.next() ? answer.getLong(1) : 0;
    }
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /// The plan of a statement, one step a line.
  String plan(String sql) throws SQLException {
    StringBuilder plan = new StringBuilder();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("EXPLAIN QUERY PLAN " + sql)) {
      while (rows.next()) {
        plan.append(rows.getString("detail")).append('\n');
      }
    }
    return plan.toString();
  }

  // Older ones can lose the log's newest transactions when it is reset under load.
  private void requireSqlite() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery("SELECT sqlite_version()")) {
      answer.next();
      requireVersion(answer.getString(1));
    }
  }

  static void requireVersion(String version) {
    String[] parts = version.split("\\.", -1);
    for (int i = 0; i < OLDEST_SQLITE.length; i++) {
      int part = i < parts.length ? Integer.parseInt(parts[i]) : 0;
      if (part != OLDEST_SQLITE[i]) {
        if (part > OLDEST_SQLITE[i]) {
          return;
        }
        throw new EngineUnavailableException(
            "SQLite "
                + version
                + " is too old to be safe with a write-ahead log; use sqlite-jdbc 3.51.3 or newer");
      }
    }
  }

  private void requireOurs() throws SQLException {
    long application = pragma("application_id");
    boolean empty = pragma("schema_version") == 0;
    if (!empty && application != APPLICATION_ID) {
      throw Failures.foreign(file);
    }
    long version = pragma("user_version");
    if (version > Sql.MIGRATIONS.size()) {
      throw new EngineUnavailableException(
          file
              + " was written by a newer Sluice (layout "
              + version
              + ", this one knows "
              + Sql.MIGRATIONS.size()
              + "); use that version, or name another file");
    }
  }

  private void tune() throws SQLException {
    execute("PRAGMA page_size = 8192");
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    // On macOS a plain fsync does not reach the disk; elsewhere these change nothing.
    execute("PRAGMA fullfsync = ON");
    execute("PRAGMA checkpoint_fullfsync = ON");
    execute("PRAGMA cache_size = -32768");
    execute("PRAGMA temp_store = MEMORY");
    execute("PRAGMA cell_size_check = ON");
    execute("PRAGMA trusted_schema = OFF");
    // 16 MiB of log, then it is written back and used again from its start.
    execute("PRAGMA wal_autocheckpoint = 2048");
    execute("PRAGMA journal_size_limit = 33554432");
    if (disk.maxPages() > 0) {
      execute("PRAGMA max_page_count = " + disk.maxPages());
    }
    if (pragma("synchronous") != SYNCHRONOUS_FULL) {
      throw new EngineUnavailableException(
          file + ": SQLite does not take synchronous=FULL, without which nothing is durable");
    }
    try (Statement statement = connection.createStatement();
        ResultSet mode = statement.executeQuery("PRAGMA journal_mode")) {
      if (!mode.next() || !mode.getString(1).equals("wal")) {
        throw new EngineUnavailableException(
            file + ": SQLite cannot keep a write-ahead log here; name a file on a local disk");
      }
    }
  }

  private void migrate() throws SQLException {
    int version = (int) pragma("user_version");
    List<List<String>> missing = Sql.MIGRATIONS.subList(version, Sql.MIGRATIONS.size());
    if (missing.isEmpty()) {
      return;
    }
    begin();
    for (List<String> step : missing) {
      for (String statement : step) {
        execute(statement);
      }
    }
    execute("PRAGMA application_id = " + APPLICATION_ID);
    execute("PRAGMA user_version = " + Sql.MIGRATIONS.size());
    commit();
  }
}
