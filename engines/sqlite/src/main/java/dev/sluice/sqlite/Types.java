package dev.sluice.sqlite;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/// The names of job types and their numbers in the file, the used ones remembered.
///
/// Threading: confined to the writer's thread.
final class Types {
  // Far more than a program has; a client that invents names must not fill the memory.
  private static final int REMEMBERED = 10_000;

  private final Database database;
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<Integer, String> names = new HashMap<>();

  Types(Database database) {
    this.database = database;
  }

  /// The type's number; a new one is made for a new name.
  int of(String name) throws SQLException {
    Integer known = ids.get(name);
    if (known != null) {
      return known;
    }
    PreparedStatement find = database.prepared(Sql.TYPE_BY_NAME);
    find.setString(1, name);
    try (ResultSet row = find.executeQuery()) {
      if (row.next()) {
        return remembered(row.getInt(1), name);
      }
    }
    PreparedStatement insert = database.prepared(Sql.TYPE_INSERT);
    insert.setString(1, name);
    try (ResultSet row = insert.executeQuery()) {
      row.next();
      return remembered(row.getInt(1), name);
    }
  }

  String name(int id) throws SQLException {
    String known = names.get(id);
    if (known != null) {
      return known;
    }
    PreparedStatement find = database.prepared(Sql.TYPE_BY_ID);
    find.setInt(1, id);
    try (ResultSet row = find.executeQuery()) {
      if (!row.next()) {
        throw Failures.disagreement("job type " + id + " is missing");
      }
      String name = row.getString(1);
      remembered(id, name);
      return name;
    }
  }

  /// Forgets all: after a rollback nobody knows which of them are in the file.
  void forget() {
    ids.clear();
    names.clear();
  }

  private int remembered(int id, String name) {
    if (ids.size() >= REMEMBERED) {
      forget();
    }
    ids.put(name, id);
    names.put(id, name);
    return id;
  }
}
