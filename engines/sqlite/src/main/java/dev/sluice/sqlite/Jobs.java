package dev.sluice.sqlite;

import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// The table of jobs: rows, and how an id finds its row.
///
/// A UUIDv7 names its row by itself: the row number is [JobId#arrival], the 60 bits of time and
/// counter, so ids that ascend are appended and no second index is kept. An id that does not fit -
/// another version, or an arrival that another id has taken - is a stray: its row is below zero and
/// carries the upper half of the id, which is indexed.
///
/// Threading: confined to the writer's thread.
final class Jobs {
  /// No row.
  static final long NONE = Long.MIN_VALUE;

  private static final long VERSION_MASK = 0xF000;
  private static final long VERSION_7 = 0x7000;

  private final Database database;
  private long nextStray;

  Jobs(Database database) throws SQLException {
    this.database = database;
    reload();
  }

  void reload() throws SQLException {
    try (ResultSet row = database.prepared(Sql.STRAY_LAST).executeQuery()) {
      long last = row.next() ? row.getLong(1) : 0;
      nextStray = row.wasNull() || last == 0 ? NONE + 1 : last + 1;
    }
  }

  /// Whether the id's row can only be at its arrival, without a look at the file.
  boolean isSimple(JobId id) {
    return nextStray == NONE + 1 && isVersion7(id);
  }

  static boolean isVersion7(JobId id) {
    return (id.high() & VERSION_MASK) == VERSION_7;
  }

  /// The row of that id, or [#NONE].
  long find(JobId id) throws SQLException {
    if (isVersion7(id)) {
      PreparedStatement at = database.prepared(Sql.ID_AT);
      at.setLong(1, id.arrival());
      try (ResultSet row = at.executeQuery()) {
        if (row.next() && row.getLong(1) == id.low()) {
          return id.arrival();
        }
      }
    }
    if (nextStray == NONE + 1) {
      return NONE;
    }
    PreparedStatement stray = database.prepared(Sql.STRAY_FIND);
    stray.setLong(1, id.high());
    stray.setLong(2, id.low());
    try (ResultSet row = stray.executeQuery()) {
      return row.next() ? row.getLong(1) : NONE;
    }
  }

  /// The id of the job with that key in the queue.
  @Nullable JobId findKey(QueueState queue, String key) throws SQLException {
    PreparedStatement find = database.prepared(Sql.KEY_FIND);
    find.setInt(1, queue.id);
    find.setString(2, key);
    try (ResultSet row = find.executeQuery()) {
      return row.next() ? id(row.getLong(1), row.getLong(2), row.getLong(3)) : null;
    }
  }

  /// Stores one job that is not kept yet.
  ///
  /// @return its row
  long insert(Job job, QueueState queue, int type, JobState state, long pos) throws SQLException {
    JobId id = job.id();
    long seq = isVersion7(id) && isFree(id.arrival()) ? id.arrival() : nextStray++;
    JobOptions options = job.options();
    PreparedStatement insert = database.prepared(Sql.INSERT_ANY);
    insert.setLong(1, seq);
    insert.setLong(2, id.low());
    set(insert, 3, id.high(), seq < 0);
    insert.setInt(4, queue.id);
    insert.setInt(5, type);
    insert.setInt(6, Codes.of(state));
    insert.setInt(7, Codes.of(job.priority()));
    insert.setLong(8, pos);
    set(insert, 9, options.runAtMillis(), state == JobState.SCHEDULED);
    insert.setLong(10, job.createdAtMillis());
    insert.setBytes(11, job.payload());
    set(insert, 12, 1, !isPlain(options));
    set(insert, 13, options.runAtMillis(), options.runAtMillis() != 0);
    insert.setString(14, options.key());
    insert.setBytes(15, options.headers().isEmpty() ? null : Headers.encode(options.headers()));
    set(insert, 16, options.expiresAtMillis(), options.expiresAtMillis() != 0);
    set(insert, 17, options.timeoutMillis(), options.timeoutMillis() != 0);
    set(insert, 18, options.maxAttempts(), options.maxAttempts() != 0);
    insert.setString(19, options.group());
    insert.setString(20, options.batch());
    insert.executeUpdate();
    return seq;
  }

  static boolean isPlain(JobOptions options) {
    return options.equals(JobOptions.NONE);
  }

  static JobId id(long seq, long low, long strayHigh) {
    return new JobId(seq < 0 ? strayHigh : ((seq >>> 12) << 16) | VERSION_7 | (seq & 0xFFF), low);
  }

  static JobId id(ResultSet row) throws SQLException {
    long seq = row.getLong(Column.SEQ);
    long low = row.getLong(Column.ID_LOW);
    return id(seq, low, seq < 0 ? row.getLong(Column.ID_HIGH) : 0);
  }

  static Job job(ResultSet row, QueueState queue, String type) throws SQLException {
    byte[] payload = row.getBytes(Column.PAYLOAD);
    return new Job(
        id(row),
        queue.name,
        type,
        payload == null ? new byte[0] : payload,
        Codes.priority(row.getInt(Column.PRIORITY)),
        row.getLong(Column.CREATED),
        row.getInt(Column.OPTIONS) == 0 ? JobOptions.NONE : options(row));
  }

  static @Nullable DeathReason reason(ResultSet row) throws SQLException {
    int reason = row.getInt(Column.REASON);
    return row.wasNull() ? null : Codes.reason(reason);
  }

  private static JobOptions options(ResultSet row) throws SQLException {
    return new JobOptions(
        row.getLong(Column.ASKED_AT),
        row.getString(Column.KEY),
        Headers.decode(row.getBytes(Column.HEADERS)),
        row.getLong(Column.EXPIRES_AT),
        row.getLong(Column.TIMEOUT),
        row.getInt(Column.MAX_ATTEMPTS),
        row.getString(Column.GROUP),
        row.getString(Column.BATCH));
  }

  private boolean isFree(long seq) throws SQLException {
    PreparedStatement at = database.prepared(Sql.ID_AT);
    at.setLong(1, seq);
    try (ResultSet row = at.executeQuery()) {
      return !row.next();
    }
  }

  /// Binds a number, or NULL when it is not there.
  static void set(PreparedStatement statement, int index, long value, boolean present)
      throws SQLException {
    if (present) {
      statement.setLong(index, value);
    } else {
      statement.setNull(index, java.sql.Types.INTEGER);
    }
  }
}
