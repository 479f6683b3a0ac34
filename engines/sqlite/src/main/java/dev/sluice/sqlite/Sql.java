package dev.sluice.sqlite;

import dev.sluice.job.JobState;
import java.util.List;

/// Every statement of the engine.
///
/// The literals are the codes of [Codes]: states SCHEDULED 0, READY 1, RUNNING 2, SUCCEEDED 3, DEAD
/// 4, CANCELLED 5. They stand in the text, not in parameters, because SQLite uses a partial index
/// only where it can see the index's condition in the statement.
///
/// Threading: immutable.
final class Sql {
  /// Rows of one bulk statement: past this, fewer steps into SQLite save no more time.
  static final int BULK = 25;

  /// Rows of the small bulk statement, for what is left over.
  static final int FEW = 5;

  /// The size of a job, as [dev.sluice.job.Job#bytes] counts it; headers are stored with 8 bytes of
  /// lengths each. All three are told by the row's own header, without reading what they measure.
  private static final String BYTES =
      "ifnull(length(payload), 0) + ifnull(octet_length(job_key), 0) + ifnull(length(headers), 0)";

  /// The schema, as steps: the step at index n leads from version n to version n + 1.
  static final List<List<String>> MIGRATIONS =
      List.of(
          List.of(
              """
              CREATE TABLE queue(
                id INTEGER PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                paused INTEGER NOT NULL DEFAULT 0,
                scheduled INTEGER NOT NULL DEFAULT 0,
                ready_high INTEGER NOT NULL DEFAULT 0,
                ready_normal INTEGER NOT NULL DEFAULT 0,
                ready_low INTEGER NOT NULL DEFAULT 0,
                running INTEGER NOT NULL DEFAULT 0,
                succeeded INTEGER NOT NULL DEFAULT 0,
                dead INTEGER NOT NULL DEFAULT 0,
                cancelled INTEGER NOT NULL DEFAULT 0,
                waiting_bytes INTEGER NOT NULL DEFAULT 0,
                kept_bytes INTEGER NOT NULL DEFAULT 0,
                dead_bytes INTEGER NOT NULL DEFAULT 0,
                tail_high INTEGER NOT NULL DEFAULT 0,
                tail_normal INTEGER NOT NULL DEFAULT 0,
                tail_low INTEGER NOT NULL DEFAULT 0,
                tail_ended INTEGER NOT NULL DEFAULT 0) STRICT\
              """,
              "CREATE TABLE type(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
              """
              CREATE TABLE job(
                seq INTEGER PRIMARY KEY,
                id_low INTEGER NOT NULL,
                id_high INTEGER,
                queue INTEGER NOT NULL,
                type INTEGER NOT NULL,
                state INTEGER NOT NULL,
                priority INTEGER NOT NULL,
                pos INTEGER NOT NULL,
                attempt INTEGER NOT NULL,
                crash INTEGER NOT NULL,
                epoch INTEGER NOT NULL,
                run_at INTEGER,
                created INTEGER NOT NULL,
                started INTEGER,
                finished INTEGER,
                reason INTEGER,
                payload BLOB,
                options INTEGER,
                asked_at INTEGER,
                job_key TEXT,
                headers BLOB,
                expires_at INTEGER,
                timeout INTEGER,
                max_attempts INTEGER,
                group_key TEXT,
                batch_key TEXT,
                cancel_asked INTEGER) STRICT\
              """,
              "CREATE INDEX ready ON job(queue, priority, pos) WHERE state = 1",
              "CREATE INDEX running ON job(queue) WHERE state = 2",
              "CREATE INDEX scheduled ON job(queue, run_at) WHERE state = 0",
              "CREATE INDEX ended ON job(queue, state, pos) WHERE state >= 3",
              "CREATE UNIQUE INDEX keyed ON job(queue, job_key) WHERE job_key IS NOT NULL",
              "CREATE UNIQUE INDEX stray ON job(id_high, id_low) WHERE id_high IS NOT NULL",
              """
              CREATE TABLE attempt(
                seq INTEGER NOT NULL,
                n INTEGER NOT NULL,
                attempt INTEGER NOT NULL,
                outcome INTEGER NOT NULL,
                error TEXT,
                started INTEGER NOT NULL,
                ended INTEGER NOT NULL,
                PRIMARY KEY(seq, n)) STRICT, WITHOUT ROWID\
              """),
          List.of("ALTER TABLE job ADD COLUMN parked INTEGER"),
          // Keys and headers count too.
          List.of(
              "UPDATE queue SET waiting_bytes = "
                  + bytesOf("state <= 1")
                  + ", kept_bytes = "
                  + bytesOf("state IN (3, 5)")
                  + ", dead_bytes = "
                  + bytesOf("state = 4")),
          // With row numbers: a long text does not belong between the names in one tree.
          List.of(
              """
              CREATE TABLE remembered(
                id INTEGER PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                value TEXT NOT NULL) STRICT\
              """));

  static final String BEGIN = "BEGIN IMMEDIATE";
  static final String COMMIT = "COMMIT";
  static final String ROLLBACK = "ROLLBACK";

  /// The columns of a job in the order of [Column].
  private static final String JOB =
      """
      seq, id_low, id_high, queue, type, state, priority, pos, attempt, crash, epoch, run_at,
      created, started, finished, reason, payload, options, asked_at, job_key, headers, expires_at,
      timeout, max_attempts, group_key, batch_key, cancel_asked, parked\
      """;

  static final String QUEUES =
      """
      SELECT id, name, paused, scheduled, ready_high, ready_normal, ready_low, running, succeeded,
        dead, cancelled, waiting_bytes, kept_bytes, dead_bytes, tail_high, tail_normal, tail_low,
        tail_ended
      FROM queue\
      """;

  static final String QUEUE_INSERT = "INSERT INTO queue(name) VALUES (?1) RETURNING id";

  static final String QUEUE_UPDATE =
      """
      UPDATE queue SET paused = ?2, scheduled = ?3, ready_high = ?4, ready_normal = ?5,
        ready_low = ?6, running = ?7, succeeded = ?8, dead = ?9, cancelled = ?10,
        waiting_bytes = ?11, kept_bytes = ?12, dead_bytes = ?13, tail_high = ?14,
        tail_normal = ?15, tail_low = ?16, tail_ended = ?17
      WHERE id = ?1\
      """;

  static final String TYPE_BY_NAME = "SELECT id FROM type WHERE name = ?1";
  static final String TYPE_BY_ID = "SELECT name FROM type WHERE id = ?1";
  static final String TYPE_INSERT = "INSERT INTO type(name) VALUES (?1) RETURNING id";

  static final String STRAY_LAST = "SELECT max(seq) FROM job WHERE seq < 0";
  static final String STRAY_FIND = "SELECT seq FROM job WHERE id_high = ?1 AND id_low = ?2";
  static final String ID_AT = "SELECT id_low FROM job WHERE seq = ?1";
  static final String JOB_AT = "SELECT " + JOB + " FROM job WHERE seq = ?1";
  static final String FACTS_AT =
      "SELECT seq, queue, state, priority, " + BYTES + " FROM job WHERE seq = ?1";
  static final String KEY_FIND =
      "SELECT seq, id_low, id_high FROM job WHERE queue = ?1 AND job_key = ?2";

  /// Plain jobs for one line: queue ?1, priority ?2, first place ?3, then five values a job.
  static final String INSERT_BULK = insertPlain(BULK);

  static final String INSERT_FEW = insertPlain(FEW);
  static final String INSERT_PLAIN = insertPlain(1);

  static final String INSERT_ANY =
      "INSERT INTO job("
          + JOB
          + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, ?9, ?10, NULL, NULL, NULL, ?11,"
          + " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, NULL, NULL)";

  static final String DUE =
      """
      SELECT seq, priority FROM job WHERE state = 0 AND queue = ?1 AND run_at <= ?2
      ORDER BY run_at, seq LIMIT ?3\
      """;

  static final String NEXT_DUE =
      "SELECT run_at FROM job WHERE state = 0 AND queue = ?1 ORDER BY run_at LIMIT 1";

  static final String PROMOTE = "UPDATE job SET state = 1, pos = ?2 WHERE seq = ?1 AND state = 0";

  /// Answers what a plain job has; a last column that is set tells that there is more in the row,
  /// because carrying all columns through RETURNING is not free.
  static final String CLAIM =
      """
      UPDATE job SET state = 2, attempt = attempt + 1, epoch = epoch + 1, started = ?4
      WHERE seq IN (
        SELECT seq FROM job WHERE state = 1 AND queue = ?1 AND priority = ?2
        ORDER BY pos LIMIT ?3)
      RETURNING seq, id_low, id_high, type, pos, attempt, crash, epoch, created, payload,
        coalesce(options, cancel_asked, parked)\
      """;

  static final String RUNNING =
      "SELECT seq, id_low, id_high, queue, priority, "
          + BYTES
          + ", epoch, started, cancel_asked FROM job WHERE state = 2";

  /// Completes jobs of one queue that are held under one epoch.
  static final String COMPLETE_BULK = complete(BULK);

  static final String COMPLETE_FEW = complete(FEW);
  static final String COMPLETE_ONE = complete(1);

  static final String SETTLE =
      """
      UPDATE job SET state = ?3, attempt = attempt - ?4, crash = crash + ?5,
        run_at = coalesce(?6, run_at), finished = ?7, reason = ?8, pos = coalesce(?9, pos),
        parked = CASE WHEN ?10 THEN coalesce(parked, 0) + 1 ELSE parked END,
        cancel_asked = CASE WHEN ?3 >= 3 THEN NULL ELSE cancel_asked END
      WHERE seq = ?1 AND epoch = ?2 AND state = 2\
      """;

  static final String GIVE_BACK =
      "UPDATE job SET state = 1, attempt = attempt - 1 WHERE seq = ?1 AND epoch = ?2 AND state = 2";

  static final String CANCEL =
      """
      UPDATE job SET state = 5, finished = ?3, pos = ?4, cancel_asked = NULL
      WHERE seq = ?1 AND state = ?2\
      """;

  static final String ASK_CANCEL =
      "UPDATE job SET cancel_asked = 1 WHERE seq = ?1 AND epoch = ?2 AND state = 2";

  static final String RETRY =
      """
      UPDATE job SET state = 1, pos = ?3, attempt = 0, crash = 0, finished = NULL, reason = NULL
      WHERE seq = ?1 AND state = ?2\
      """;

  static final String RESTORE =
      """
      UPDATE job SET attempt = ?2, crash = ?3, epoch = ?4, run_at = ?5, started = ?6,
        finished = ?7, reason = ?8
      WHERE seq = ?1\
      """;

  static final String DELETE = "DELETE FROM job WHERE seq = ?1 AND state = ?2";
  static final String ATTEMPT_DELETE = "DELETE FROM attempt WHERE seq = ?1";

  static final String TEXTS = "SELECT name, value FROM remembered";
  static final String TEXT_COUNT = "SELECT count(*) FROM remembered";
  static final String TEXT_UPDATE = "UPDATE remembered SET value = ?2 WHERE name = ?1";
  static final String TEXT_INSERT = "INSERT INTO remembered(name, value) VALUES (?1, ?2)";
  static final String TEXT_DELETE = "DELETE FROM remembered WHERE name = ?1";

  static final String HEAD =
      """
      SELECT pos, created FROM job WHERE state = 1 AND queue = ?1 AND priority = ?2
      ORDER BY pos LIMIT 1\
      """;

  static final String PURGE_READY =
      "SELECT seq, state, priority, "
          + BYTES
          + " FROM job WHERE state = 1 AND queue = ?1 ORDER BY priority, pos LIMIT ?2";

  static final String PURGE_SCHEDULED =
      "SELECT seq, state, priority, "
          + BYTES
          + " FROM job WHERE state = 0 AND queue = ?1 ORDER BY run_at, seq LIMIT ?2";

  /// The ended jobs of one state in the order in which they ended.
  static final String OLDEST_ENDED =
      "SELECT seq, pos, finished, "
          + BYTES
          + " FROM job WHERE state >= 3 AND queue = ?1 AND state = ?2 ORDER BY pos, seq LIMIT ?3";

  static final String DELETE_BULK = "DELETE FROM job WHERE seq IN (" + marks(1, BULK) + ")";
  static final String ATTEMPT_DELETE_BULK =
      "DELETE FROM attempt WHERE seq IN (" + marks(1, BULK) + ")";

  static final String ATTEMPT_LAST = "SELECT max(n) FROM attempt WHERE seq = ?1";
  static final String ATTEMPT_INSERT = "INSERT INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
  static final String ATTEMPT_CUT = "DELETE FROM attempt WHERE seq = ?1 AND n <= ?2";
  static final String ATTEMPTS =
      "SELECT attempt, outcome, error, started, ended FROM attempt WHERE seq = ?1 ORDER BY n";

  static final String LIST_READY =
      "SELECT "
          + JOB
          + " FROM job WHERE state = 1 AND queue = ?1 AND (priority, pos) > (?2, ?3)"
          + " ORDER BY priority, pos LIMIT ?4";

  static final String LIST_SCHEDULED =
      "SELECT "
          + JOB
          + " FROM job WHERE state = 0 AND queue = ?1 AND (run_at, seq) > (?2, ?3)"
          + " ORDER BY run_at, seq LIMIT ?4";

  /// ?2 is not used, so that every list has the same parameters.
  static final String LIST_RUNNING =
      "SELECT "
          + JOB
          + " FROM job WHERE state = 2 AND queue = ?1 AND ?2 IS NOT NULL AND seq > ?3"
          + " ORDER BY seq LIMIT ?4";

  static final String LIST_ENDED =
      "SELECT "
          + JOB
          + " FROM job WHERE state >= 3 AND queue = ?1 AND state = ?5 AND (pos, seq) > (?2, ?3)"
          + " ORDER BY pos, seq LIMIT ?4";

  private Sql() {}

  /// The jobs of one state: queue ?1, after the place (?2, ?3), at most ?4 of them.
  static String list(JobState state) {
    return switch (state) {
      case READY -> LIST_READY;
      case SCHEDULED -> LIST_SCHEDULED;
      case RUNNING -> LIST_RUNNING;
      case SUCCEEDED, DEAD, CANCELLED -> LIST_ENDED;
    };
  }

  private static String bytesOf(String states) {
    return "(SELECT ifnull(sum("
        + BYTES
        + "), 0) FROM job WHERE job.queue = queue.id AND "
        + states
        + ")";
  }

  private static String insertPlain(int rows) {
    StringBuilder sql = new StringBuilder(100 + rows * 90);
    sql.append("INSERT INTO job(seq, id_low, type, created, payload, queue, state, priority, pos,");
    sql.append(" attempt, crash, epoch) VALUES ");
    for (int row = 0; row < rows; row++) {
      sql.append(row == 0 ? "(" : ", (").append(marks(4 + row * 5, 5));
      sql.append(", ?1, 1, ?2, ?3 + ").append(row).append(", 0, 0, 0)");
    }
    return sql.toString();
  }

  private static String complete(int rows) {
    return "UPDATE job SET state = 3, finished = ?1, pos = ?2, cancel_asked = NULL"
        + " WHERE epoch = ?3 AND state = 2"
        + " AND seq IN ("
        + marks(4, rows)
        + ")";
  }

  private static String marks(int first, int count) {
    StringBuilder marks = new StringBuilder(count * 5);
    for (int i = 0; i < count; i++) {
      marks.append(i == 0 ? "?" : ", ?").append(first + i);
    }
    return marks.toString();
  }
}
