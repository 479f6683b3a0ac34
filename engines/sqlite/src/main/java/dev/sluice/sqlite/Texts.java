package dev.sluice.sqlite;

import dev.sluice.engine.Remembering;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The small texts of the file. Only their number is kept in memory, from the first new one on:
/// they are read once by a program that starts, and there may be many.
///
/// Threading: confined to the writer's thread.
final class Texts {
  private static final long UNKNOWN = -1;

  private final Database database;
  private long count = UNKNOWN;

  Texts(Database database) {
    this.database = database;
  }

  Map<String, String> all() throws SQLException {
    Map<String, String> texts = new TreeMap<>();
    try (ResultSet rows = database.prepared(Sql.TEXTS).executeQuery()) {
      while (rows.next()) {
        texts.put(rows.getString(1), rows.getString(2));
      }
    }
    return texts;
  }

  void keep(String name, @Nullable String text) throws SQLException {
    if (text == null) {
      forget(name);
      return;
    }
    PreparedStatement update = database.prepared(Sql.TEXT_UPDATE);
    update.setString(1, name);
    update.setString(2, text);
    if (update.executeUpdate() == 1) {
      return;
    }
    Remembering.requireRoom(count());
    PreparedStatement insert = database.prepared(Sql.TEXT_INSERT);
    insert.setString(1, name);
    insert.setString(2, text);
    insert.executeUpdate();
    count++;
  }

  private void forget(String name) throws SQLException {
    PreparedStatement delete = database.prepared(Sql.TEXT_DELETE);
    delete.setString(1, name);
    int gone = delete.executeUpdate();
    if (count != UNKNOWN) {
      count -= gone;
    }
  }

  private long count() throws SQLException {
    if (count == UNKNOWN) {
      try (ResultSet row = database.prepared(Sql.TEXT_COUNT).executeQuery()) {
        row.next();
        count = row.getLong(1);
      }
    }
    return count;
  }

  /// Forgets the number: after a rollback it is counted anew.
  void recount() {
    count = UNKNOWN;
  }
}
