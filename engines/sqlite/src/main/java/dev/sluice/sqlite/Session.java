package dev.sluice.sqlite;

import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that belongs to one connection: the tables, what is known of them in memory, and the verbs.
/// When a connection breaks, the session is thrown away, and the next one reads everything anew.
///
/// Threading: confined to the writer's thread.
final class Session {
  final Database database;
  final Queues queues;
  final Types types;
  final Jobs jobs;
  final Attempts attempts;
  final Leases leases = new Leases();
  final Offers offers;
  final Claims claims;
  final Settles settles;
  final Controls controls;
  final Pruning pruning;
  final Views views;
  final Texts texts;
  final Transfers transfers;

  private Session(Database database) throws SQLException {
    this.database = database;
    queues = new Queues(database);
    types = new Types(database);
    jobs = new Jobs(database);
    attempts = new Attempts(database);
    offers = new Offers(this);
    claims = new Claims(this);
    settles = new Settles(this);
    controls = new Controls(this);
    pruning = new Pruning(this);
    views = new Views(this);
    texts = new Texts(database);
    transfers = new Transfers(this);
  }

  /// Opens the file.
  ///
  /// @param before the leases of the session before this one; null in a new process, where every
  ///   running job belongs to a process that is gone
  /// @param nowNanos on the clock of the leases
  static Session open(Path file, Disk disk, @Nullable Leases before, long nowNanos)
      throws SQLException {
    Database database = Database.open(file, disk);
    boolean ready = false;
    try {
      if (before != null) {
        database.checkpoint();
      }
      Session session = new Session(database);
      session.adopt(before, nowNanos);
      ready = true;
      return session;
    } finally {
      if (!ready) {
        database.close();
      }
    }
  }

  /// Writes what is kept in memory; the last step before [#commit].
  void save() throws SQLException {
    queues.save();
  }

  void commit() throws SQLException {
    database.commit();
    leases.committed();
  }

  void rollback() throws SQLException {
    leases.rolledBack();
    database.rollback();
    queues.reload();
    types.forget();
    texts.recount();
    jobs.reload();
  }

  /// Gives every running job its lease. One that was claimed but never handed out, because nobody
  /// could tell whether the claim was recorded, goes back to its line with its attempt.
  private void adopt(@Nullable Leases before, long nowNanos) throws SQLException {
    List<Running> orphans = new ArrayList<>();
    try (ResultSet rows = database.prepared(Sql.RUNNING).executeQuery()) {
      while (rows.next()) {
        Running running = running(rows, nowNanos);
        Running known = before == null ? null : before.find(running.id);
        if (before == null) {
          leases.add(running);
        } else if (known != null && known.epoch == running.epoch) {
          running.deadlineNanos = known.deadlineNanos;
          leases.add(running);
        } else {
          orphans.add(running);
        }
      }
    }
    leases.committed();
    if (!orphans.isEmpty()) {
      giveBack(orphans);
    }
  }

  private Running running(ResultSet row, long deadlineNanos) throws SQLException {
    long seq = row.getLong(1);
    JobId id = Jobs.id(seq, row.getLong(2), row.getLong(3));
    Running running =
        new Running(
            id,
            seq,
            queues.of(row.getInt(4)),
            row.getInt(5),
            row.getInt(6),
            row.getLong(7),
            row.getLong(8),
            deadlineNanos);
    running.cancelRequested = row.getInt(9) != 0;
    return running;
  }

  private void giveBack(List<Running> orphans) throws SQLException {
    database.begin();
    PreparedStatement giveBack = database.prepared(Sql.GIVE_BACK);
    for (Running orphan : orphans) {
      giveBack.setLong(1, orphan.seq);
      giveBack.setLong(2, orphan.epoch);
      giveBack.executeUpdate();
      orphan.queue.move(JobState.RUNNING, JobState.READY, orphan.line, orphan.bytes);
    }
    save();
    commit();
  }
}
