package dev.sluice.sqlite;

import dev.sluice.job.AttemptRecord;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// The history of attempts that did not succeed, the newest 20 of each job. Nothing is written for
/// a job that ends well at once.
///
/// Threading: confined to the writer's thread.
final class Attempts {
  static final int KEPT = 20;

  private final Database database;

  Attempts(Database database) {
    this.database = database;
  }

  void add(long seq, AttemptRecord record) throws SQLException {
    long n = last(seq) + 1;
    PreparedStatement insert = database.prepared(Sql.ATTEMPT_INSERT);
    insert.setLong(1, seq);
    insert.setLong(2, n);
    insert.setInt(3, record.attempt());
    insert.setInt(4, Codes.of(record.outcome()));
    insert.setString(5, record.error());
    insert.setLong(6, record.startedAt().toEpochMilli());
    insert.setLong(7, record.endedAt().toEpochMilli());
    insert.executeUpdate();
    if (n > KEPT) {
      PreparedStatement cut = database.prepared(Sql.ATTEMPT_CUT);
      cut.setLong(1, seq);
      cut.setLong(2, n - KEPT);
      cut.executeUpdate();
    }
  }

  /// The kept attempts of a job, oldest first.
  List<AttemptRecord> of(long seq) throws SQLException {
    List<AttemptRecord> attempts = new ArrayList<>();
    PreparedStatement find = database.prepared(Sql.ATTEMPTS);
    find.setLong(1, seq);
    try (ResultSet rows = find.executeQuery()) {
      while (rows.next()) {
        attempts.add(
            new AttemptRecord(
                rows.getInt(1),
                Codes.outcome(rows.getInt(2)),
                rows.getString(3),
                Instant.ofEpochMilli(rows.getLong(4)),
                Instant.ofEpochMilli(rows.getLong(5))));
      }
    }
    return attempts;
  }

  private long last(long seq) throws SQLException {
    PreparedStatement find = database.prepared(Sql.ATTEMPT_LAST);
    find.setLong(1, seq);
    try (ResultSet row = find.executeQuery()) {
      return row.next() ? row.getLong(1) : 0;
    }
  }
}
