package dev.sluice.sqlite;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.job.Admission;
import dev.sluice.job.JobState;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// One queue's row, kept in memory: what it holds, counted, and where its lines end.
///
/// Threading: confined to the writer's thread.
final class QueueState {
  /// [#dueAt] when it must be looked up.
  static final long UNKNOWN = Long.MIN_VALUE;

  final int id;
  final String name;
  boolean dirty;

  private boolean paused;
  private long scheduled;
  private final long[] ready = new long[Codes.LINES];
  private long running;
  private long succeeded;
  private long dead;
  private long cancelled;
  private long waitingBytes;
  private long keptBytes;
  private long deadBytes;
  private final long[] tails = new long[Codes.LINES];
  private long endedTail;

  // When the first SCHEDULED job is due, so that an idle claim reads nothing.
  private long dueAt = UNKNOWN;

  QueueState(int id, String name) {
    this.id = id;
    this.name = name;
  }

  void read(ResultSet row) throws SQLException {
    paused = row.getInt(3) != 0;
    scheduled = row.getLong(4);
    for (int line = 0; line < Codes.LINES; line++) {
      ready[line] = row.getLong(5 + line);
      tails[line] = row.getLong(15 + line);
    }
    running = row.getLong(8);
    succeeded = row.getLong(9);
    dead = row.getLong(10);
    cancelled = row.getLong(11);
    waitingBytes = row.getLong(12);
    keptBytes = row.getLong(13);
    deadBytes = row.getLong(14);
    endedTail = row.getLong(18);
    dueAt = UNKNOWN;
    dirty = false;
  }

  void write(PreparedStatement update) throws SQLException {
    update.setInt(1, id);
    update.setInt(2, paused ? 1 : 0);
    update.setLong(3, scheduled);
    for (int line = 0; line < Codes.LINES; line++) {
      update.setLong(4 + line, ready[line]);
      update.setLong(14 + line, tails[line]);
    }
    update.setLong(7, running);
    update.setLong(8, succeeded);
    update.setLong(9, dead);
    update.setLong(10, cancelled);
    update.setLong(11, waitingBytes);
    update.setLong(12, keptBytes);
    update.setLong(13, deadBytes);
    update.setLong(17, endedTail);
    if (update.executeUpdate() != 1) {
      throw Failures.disagreement("queue " + name + " is gone");
    }
    dirty = false;
  }

  /// Why a job of that size finds no place; null when it does.
  Admission.@Nullable Reason refusal(Bound bound, int bytes) {
    if (scheduled + ready() >= bound.jobs()) {
      return Admission.Reason.CAPACITY_JOBS;
    }
    return waitingBytes > bound.bytes() - bytes ? Admission.Reason.CAPACITY_BYTES : null;
  }

  void enter(JobState state, int line, int bytes) {
    count(state, line, 1, bytes);
  }

  void leave(JobState state, int line, int bytes) {
    count(state, line, -1, -bytes);
  }

  void move(JobState from, JobState to, int line, int bytes) {
    leave(from, line, bytes);
    enter(to, line, bytes);
  }

  private void count(JobState state, int line, int jobs, int bytes) {
    dirty = true;
    switch (state) {
      case SCHEDULED -> {
        scheduled += jobs;
        waitingBytes += bytes;
      }
      case READY -> {
        ready[line] += jobs;
        waitingBytes += bytes;
      }
      case RUNNING -> running += jobs;
      case SUCCEEDED -> {
        succeeded += jobs;
        keptBytes += bytes;
      }
      case CANCELLED -> {
        cancelled += jobs;
        keptBytes += bytes;
      }
      case DEAD -> {
        dead += jobs;
        deadBytes += bytes;
      }
    }
  }

  /// The next place at the end of a line.
  long takeTail(int line) {
    dirty = true;
    return tails[line]++;
  }

  /// Undoes the newest [#takeTail].
  void returnTail(int line) {
    tails[line]--;
  }

  /// The next place in the order of ending.
  long takeEnd() {
    dirty = true;
    return endedTail++;
  }

  void pause(boolean value) {
    dirty |= paused != value;
    paused = value;
  }

  boolean isPaused() {
    return paused;
  }

  long ready(int line) {
    return ready[line];
  }

  long ready() {
    return ready[Codes.HIGH] + ready[Codes.NORMAL] + ready[Codes.LOW];
  }

  long scheduled() {
    return scheduled;
  }

  long kept() {
    return succeeded + cancelled;
  }

  long keptBytes() {
    return keptBytes;
  }

  long dead() {
    return dead;
  }

  long deadBytes() {
    return deadBytes;
  }

  long dueAt() {
    return dueAt;
  }

  void dueAt(long millis) {
    dueAt = millis;
  }

  /// A job became SCHEDULED.
  void dueToo(long millis) {
    if (dueAt != UNKNOWN) {
      dueAt = Math.min(dueAt, millis);
    }
  }

  /// Whether a job was ever kept here; a queue that was only paused has held none.
  boolean everHeld() {
    return endedTail + tails[Codes.HIGH] + tails[Codes.NORMAL] + tails[Codes.LOW] + scheduled > 0;
  }

  Counts counts(long oldestReadyMillis) {
    return new Counts(
        scheduled,
        ready(),
        running,
        succeeded,
        dead,
        cancelled,
        waitingBytes,
        oldestReadyMillis,
        paused);
  }
}
