package dev.sluice.sqlite;

import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the file holds, for people to look at.
///
/// Threading: confined to the writer's thread.
final class Views {
  private static final Counts NOTHING = new Counts(0, 0, 0, 0, 0, 0, 0, 0, false);

  private final Database database;
  private final Queues queues;
  private final Types types;
  private final Jobs jobs;
  private final Attempts attempts;
  private final Leases leases;

  Views(Session session) {
    database = session.database;
    queues = session.queues;
    types = session.types;
    jobs = session.jobs;
    attempts = session.attempts;
    leases = session.leases;
  }

  /// The first job of a line.
  private record Head(long pos, long createdMillis) {}

  @Nullable JobView find(JobId id) throws SQLException {
    PreparedStatement find = database.prepared(Sql.JOB_AT);
    find.setLong(1, jobs.find(id));
    try (ResultSet row = find.executeQuery()) {
      return row.next() ? view(row, queues.of(row.getInt(Column.QUEUE)), null) : null;
    }
  }

  @Nullable JobView findByKey(String name, String key) throws SQLException {
    QueueState queue = queues.find(name);
    JobId id = queue == null ? null : jobs.findKey(queue, key);
    return id == null ? null : find(id);
  }

  List<String> names() {
    return queues.all().stream()
        .filter(QueueState::everHeld)
        .map(queue -> queue.name)
        .sorted()
        .toList();
  }

  Counts counts(String name) throws SQLException {
    QueueState queue = queues.find(name);
    if (queue == null) {
      return NOTHING;
    }
    long oldest = Long.MAX_VALUE;
    for (int line = 0; line < Codes.LINES; line++) {
      if (queue.ready(line) > 0) {
        oldest = Math.min(oldest, head(queue, line).createdMillis());
      }
    }
    return queue.counts(oldest == Long.MAX_VALUE ? 0 : oldest);
  }

  Page list(String name, JobState state, int limit, @Nullable Cursor cursor) throws SQLException {
    QueueState queue = queues.find(name);
    if (queue == null) {
      return new Page(List.of(), null);
    }
    PreparedStatement list = database.prepared(Sql.list(state));
    list.setInt(1, queue.id);
    list.setLong(2, cursor == null ? Long.MIN_VALUE : cursor.first());
    list.setLong(3, cursor == null ? Long.MIN_VALUE : cursor.second());
    list.setInt(4, limit + 1);
    if (state.isTerminal()) {
      list.setInt(5, Codes.of(state));
    }
    List<JobView> views = new ArrayList<>();
    @Nullable Head[] heads = new Head[Codes.LINES];
    Cursor last = null;
    long bytes = 0;
    try (ResultSet rows = list.executeQuery()) {
      while (rows.next()) {
        if (views.size() == limit || bytes > Inspectable.MAX_PAGE_BYTES) {
          return new Page(views, last == null ? null : last.text());
        }
        JobView view = view(rows, queue, heads);
        views.add(view);
        bytes += view.job().bytes();
        last = Cursor.of(state, rows);
      }
    }
    return new Page(views, null);
  }

  private JobView view(ResultSet row, QueueState queue, @Nullable Head @Nullable [] heads)
      throws SQLException {
    JobState state = Codes.state(row.getInt(Column.STATE));
    long ahead = state == JobState.READY ? ahead(row, queue, heads) : -1;
    long runAt = row.getLong(Column.RUN_AT);
    Running running = state == JobState.RUNNING ? leases.find(Jobs.id(row)) : null;
    return new JobView(
        Jobs.job(row, queue, types.name(row.getInt(Column.TYPE))),
        state,
        row.getInt(Column.ATTEMPT),
        row.getInt(Column.CRASH),
        row.getLong(Column.EPOCH),
        ahead,
        state == JobState.SCHEDULED ? Instant.ofEpochMilli(runAt) : null,
        instant(row, Column.STARTED),
        instant(row, Column.FINISHED),
        Jobs.reason(row),
        running != null && running.cancelRequested,
        attempts.of(row.getLong(Column.SEQ)));
  }

  private long ahead(ResultSet row, QueueState queue, @Nullable Head @Nullable [] heads)
      throws SQLException {
    int line = row.getInt(Column.PRIORITY);
    Head head = heads == null ? null : heads[line];
    if (head == null) {
      head = head(queue, line);
      if (heads != null) {
        heads[line] = head;
      }
    }
    long ahead = row.getLong(Column.POS) - head.pos();
    for (int higher = 0; higher < line; higher++) {
      ahead += queue.ready(higher);
    }
    return ahead;
  }

  private Head head(QueueState queue, int line) throws SQLException {
    PreparedStatement find = database.prepared(Sql.HEAD);
    find.setInt(1, queue.id);
    find.setInt(2, line);
    try (ResultSet row = find.executeQuery()) {
      if (!row.next()) {
        throw Failures.disagreement("jobs of " + queue.name + " are missing");
      }
      return new Head(row.getLong(1), row.getLong(2));
    }
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    long millis = row.getLong(column);
    return row.wasNull() ? null : Instant.ofEpochMilli(millis);
  }
}
