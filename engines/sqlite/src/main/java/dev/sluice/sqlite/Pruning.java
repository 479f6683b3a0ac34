package dev.sluice.sqlite;

import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.job.JobState;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Lets ended jobs go. SQLite uses their pages again, so the file stops growing.
///
/// Threading: confined to the writer's thread.
final class Pruning {
  private final Database database;
  private final Queues queues;

  Pruning(Session session) {
    database = session.database;
    queues = session.queues;
  }

  private record Ended(long seq, JobState state, long pos, long finished, int bytes) {}

  int prune(String name, Retention retention, int max, long wallMillis) throws SQLException {
    QueueState queue = queues.find(name);
    if (queue == null || max <= 0) {
      return 0;
    }
    int gone = 0;
    if (queue.kept() > 0) {
      List<Ended> oldest = oldest(queue, JobState.SUCCEEDED, max);
      List<Ended> cancelled = oldest(queue, JobState.CANCELLED, max);
      if (!cancelled.isEmpty()) {
        oldest.addAll(cancelled);
        oldest.sort(Comparator.comparingLong(Ended::pos).thenComparingLong(Ended::seq));
      }
      Tally tally = new Tally(queue.kept(), queue.keptBytes());
      gone = delete(queue, tally.notKept(oldest, retention.succeeded(), max, wallMillis));
    }
    if (queue.dead() > 0 && gone < max) {
      List<Ended> oldest = oldest(queue, JobState.DEAD, max - gone);
      Tally tally = new Tally(queue.dead(), queue.deadBytes());
      gone += delete(queue, tally.notKept(oldest, retention.dead(), max - gone, wallMillis));
    }
    return gone;
  }

  /// How much is kept, counted down as jobs are given up.
  private record Tally(long jobs, long bytes) {
    List<Ended> notKept(List<Ended> oldest, Keep keep, int max, long wallMillis) {
      long jobsLeft = jobs;
      long bytesLeft = bytes;
      int count = 0;
      for (Ended job : oldest) {
        // Zero of anything keeps nothing, not even jobs without a payload.
        boolean kept =
            jobsLeft <= keep.jobs()
                && bytesLeft <= keep.bytes()
                && keep.bytes() > 0
                && wallMillis - job.finished() < keep.age().toMillis();
        if (kept || count == max) {
          break;
        }
        jobsLeft--;
        bytesLeft -= job.bytes();
        count++;
      }
      return oldest.subList(0, count);
    }
  }

  private List<Ended> oldest(QueueState queue, JobState state, int max) throws SQLException {
    List<Ended> oldest = new ArrayList<>();
    PreparedStatement find = database.prepared(Sql.OLDEST_ENDED);
    find.setInt(1, queue.id);
    find.setInt(2, Codes.of(state));
    find.setInt(3, max);
    try (ResultSet rows = find.executeQuery()) {
      while (rows.next()) {
        oldest.add(
            new Ended(rows.getLong(1), state, rows.getLong(2), rows.getLong(3), rows.getInt(4)));
      }
    }
    return oldest;
  }

  private int delete(QueueState queue, List<Ended> jobs) throws SQLException {
    PreparedStatement deleteJobs = database.prepared(Sql.DELETE_BULK);
    PreparedStatement deleteAttempts = database.prepared(Sql.ATTEMPT_DELETE_BULK);
    int gone = 0;
    for (int from = 0; from < jobs.size(); from += Sql.BULK) {
      int count = Math.min(Sql.BULK, jobs.size() - from);
      for (int i = 0; i < Sql.BULK; i++) {
        // The last one again in the places left over: a set does not mind.
        long seq = jobs.get(from + Math.min(i, count - 1)).seq();
        deleteJobs.setLong(1 + i, seq);
        deleteAttempts.setLong(1 + i, seq);
      }
      int changed = deleteJobs.executeUpdate();
      if (changed != count) {
        throw Failures.disagreement(changed + " of " + count + " ended jobs were found");
      }
      deleteAttempts.executeUpdate();
      gone += count;
    }
    for (Ended job : jobs) {
      // Ended jobs stand in no line, so any will do.
      queue.leave(job.state(), Codes.NORMAL, job.bytes());
    }
    return gone;
  }
}
