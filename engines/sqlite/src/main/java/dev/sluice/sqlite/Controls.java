package dev.sluice.sqlite;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What people do to jobs and queues.
///
/// Threading: confined to the writer's thread.
final class Controls {
  private final Database database;
  private final Queues queues;
  private final Jobs jobs;
  private final Leases leases;

  Controls(Session session) {
    database = session.database;
    queues = session.queues;
    jobs = session.jobs;
    leases = session.leases;
  }

  /// One row as far as it matters here.
  private record Row(long seq, QueueState queue, JobState state, int line, int bytes) {}

  /// @param evenRunning whether a running job is asked to stop, or left alone
  Control cancel(JobId id, boolean evenRunning, long wallMillis) throws SQLException {
    Row row = find(id);
    if (row == null) {
      return Control.NOT_FOUND;
    }
    if (row.state().isWaiting()) {
      cancel(row, wallMillis);
      return Control.APPLIED;
    }
    if (row.state().isTerminal() || !evenRunning) {
      return Control.WRONG_STATE;
    }
    Running running = leases.find(id);
    if (running == null) {
      throw Failures.disagreement("running job " + id + " has no lease");
    }
    // Kept in the file too: should its worker die, the next one is to be asked as well.
    PreparedStatement ask = database.prepared(Sql.ASK_CANCEL);
    ask.setLong(1, running.seq);
    ask.setLong(2, running.epoch);
    requireOne(ask.executeUpdate());
    running.cancelRequested = true;
    return Control.REQUESTED;
  }

  Control retry(JobId id, Bound bound) throws SQLException {
    Row row = find(id);
    if (row == null) {
      return Control.NOT_FOUND;
    }
    if (!row.state().isTerminal()) {
      return Control.WRONG_STATE;
    }
    if (row.queue().refusal(bound, row.bytes()) != null) {
      return Control.NO_ROOM;
    }
    JobState to = Lifecycle.RETRY.apply(row.state());
    PreparedStatement retry = database.prepared(Sql.RETRY);
    retry.setLong(1, row.seq());
    retry.setInt(2, Codes.of(row.state()));
    retry.setLong(3, row.queue().takeTail(row.line()));
    requireOne(retry.executeUpdate());
    row.queue().move(row.state(), to, row.line(), row.bytes());
    return Control.APPLIED;
  }

  Control runNow(JobId id) throws SQLException {
    Row row = find(id);
    if (row == null) {
      return Control.NOT_FOUND;
    }
    if (!row.state().isWaiting()) {
      return Control.WRONG_STATE;
    }
    if (row.state() == JobState.SCHEDULED) {
      JobState to = Lifecycle.DUE.apply(row.state());
      PreparedStatement promote = database.prepared(Sql.PROMOTE);
      promote.setLong(1, row.seq());
      promote.setLong(2, row.queue().takeTail(row.line()));
      requireOne(promote.executeUpdate());
      row.queue().move(row.state(), to, row.line(), row.bytes());
      // It may have been the one that was due first.
      row.queue().dueAt(QueueState.UNKNOWN);
    }
    return Control.APPLIED;
  }

  Control delete(JobId id) throws SQLException {
    Row row = find(id);
    if (row == null) {
      return Control.NOT_FOUND;
    }
    if (!row.state().isTerminal()) {
      return Control.WRONG_STATE;
    }
    delete(row);
    return Control.APPLIED;
  }

  /// Lets go of a job that lives elsewhere now, unless it runs.
  void remove(JobId id) throws SQLException {
    Row row = find(id);
    if (row != null && row.state() != JobState.RUNNING) {
      delete(row);
      if (row.state() == JobState.SCHEDULED) {
        row.queue().dueAt(QueueState.UNKNOWN);
      }
    }
  }

  private void delete(Row row) throws SQLException {
    PreparedStatement delete = database.prepared(Sql.DELETE);
    delete.setLong(1, row.seq());
    delete.setInt(2, Codes.of(row.state()));
    requireOne(delete.executeUpdate());
    PreparedStatement attempts = database.prepared(Sql.ATTEMPT_DELETE);
    attempts.setLong(1, row.seq());
    attempts.executeUpdate();
    row.queue().leave(row.state(), row.line(), row.bytes());
  }

  int purge(String name, int max, long wallMillis) throws SQLException {
    QueueState queue = queues.find(name);
    if (queue == null) {
      return 0;
    }
    List<Row> waiting = new ArrayList<>();
    collect(Sql.PURGE_READY, queue, max, waiting);
    collect(Sql.PURGE_SCHEDULED, queue, max - waiting.size(), waiting);
    for (Row row : waiting) {
      cancel(row, wallMillis);
    }
    return waiting.size();
  }

  void pause(String name, boolean paused) throws SQLException {
    QueueState queue = paused ? queues.of(name) : queues.find(name);
    if (queue != null) {
      queue.pause(paused);
    }
  }

  private void collect(String sql, QueueState queue, int max, List<Row> into) throws SQLException {
    if (max <= 0) {
      return;
    }
    PreparedStatement find = database.prepared(sql);
    find.setInt(1, queue.id);
    find.setInt(2, max);
    try (ResultSet rows = find.executeQuery()) {
      while (rows.next()) {
        into.add(
            new Row(
                rows.getLong(1),
                queue,
                Codes.state(rows.getInt(2)),
                rows.getInt(3),
                rows.getInt(4)));
      }
    }
  }

  private void cancel(Row row, long wallMillis) throws SQLException {
    JobState to = Lifecycle.CANCEL.apply(row.state());
    PreparedStatement cancel = database.prepared(Sql.CANCEL);
    cancel.setLong(1, row.seq());
    cancel.setInt(2, Codes.of(row.state()));
    cancel.setLong(3, wallMillis);
    cancel.setLong(4, row.queue().takeEnd());
    requireOne(cancel.executeUpdate());
    row.queue().move(row.state(), to, row.line(), row.bytes());
    if (row.state() == JobState.SCHEDULED) {
      row.queue().dueAt(QueueState.UNKNOWN);
    }
  }

  private @Nullable Row find(JobId id) throws SQLException {
    PreparedStatement find = database.prepared(Sql.FACTS_AT);
    find.setLong(1, jobs.find(id));
    try (ResultSet row = find.executeQuery()) {
      if (!row.next()) {
        return null;
      }
      return new Row(
          row.getLong(1),
          queues.of(row.getInt(2)),
          Codes.state(row.getInt(3)),
          row.getInt(4),
          row.getInt(5));
    }
  }

  private static void requireOne(int changed) throws SQLException {
    if (changed != 1) {
      throw Failures.disagreement(changed + " rows changed instead of one");
    }
  }
}
