package dev.sluice.sqlite;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The queues of the file, all of them in memory: as many as people name in their configuration.
/// What changed is written back once a transaction, however many jobs it moved.
///
/// Threading: confined to the writer's thread.
final class Queues {
  private final Database database;
  private final Map<String, QueueState> byName = new HashMap<>();
  private final Map<Integer, QueueState> byId = new HashMap<>();

  Queues(Database database) throws SQLException {
    this.database = database;
    reload();
  }

  /// Reads all anew, into the objects that others hold already.
  void reload() throws SQLException {
    Set<Integer> found = new HashSet<>();
    try (ResultSet rows = database.prepared(Sql.QUEUES).executeQuery()) {
      while (rows.next()) {
        int id = rows.getInt(1);
        QueueState queue = byId.get(id);
        if (queue == null) {
          queue = added(id, rows.getString(2));
        }
        queue.read(rows);
        found.add(id);
      }
    }
    byId.keySet().retainAll(found);
    byName.values().removeIf(queue -> !found.contains(queue.id));
  }

  @Nullable QueueState find(String name) {
    return byName.get(name);
  }

  QueueState of(String name) throws SQLException {
    QueueState queue = byName.get(name);
    if (queue != null) {
      return queue;
    }
    PreparedStatement insert = database.prepared(Sql.QUEUE_INSERT);
    insert.setString(1, name);
    try (ResultSet row = insert.executeQuery()) {
      row.next();
      return added(row.getInt(1), name);
    }
  }

  QueueState of(int id) throws SQLException {
    QueueState queue = byId.get(id);
    if (queue == null) {
      throw Failures.disagreement("queue " + id + " is missing");
    }
    return queue;
  }

  Collection<QueueState> all() {
    return byName.values();
  }

  /// Writes what changed; part of the transaction that changed it.
  void save() throws SQLException {
    for (QueueState queue : byName.values()) {
      if (queue.dirty) {
        queue.write(database.prepared(Sql.QUEUE_UPDATE));
      }
    }
  }

  private QueueState added(int id, String name) {
    QueueState queue = new QueueState(id, name);
    byName.put(name, queue);
    byId.put(id, queue);
    return queue;
  }
}
