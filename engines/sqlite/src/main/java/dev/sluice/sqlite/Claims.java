package dev.sluice.sqlite;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Lease;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Gives out jobs. How many come from which line is known from the counters, so that each line
/// costs one statement and an idle claim none.
///
/// Threading: confined to the writer's thread.
final class Claims {
  /// Most jobs that one claim moves from SCHEDULED to READY, so that nobody waits long.
  static final int PROMOTIONS = 1_000;

  private static final Duration LONGEST_LEASE = Duration.ofDays(36_500);

  private final Database database;
  private final Queues queues;
  private final Types types;
  private final Leases leases;

  Claims(Session session) {
    database = session.database;
    queues = session.queues;
    types = session.types;
    leases = session.leases;
  }

  /// Longer leases are cut, so that deadlines never overflow.
  static long nanos(Duration lease) {
    return lease.compareTo(LONGEST_LEASE) > 0 ? LONGEST_LEASE.toNanos() : lease.toNanos();
  }

  /// Starts jobs, and tells when the next SCHEDULED one is due.
  ///
  /// @param wallMillis now
  /// @param nanos now, on the clock of the leases
  Claimed take(List<ClaimRequest> requests, long wallMillis, long nanos) throws SQLException {
    List<Claim> claims = new ArrayList<>();
    long nextDue = Claimed.NONE_DUE;
    for (ClaimRequest request : requests) {
      QueueState queue = queues.find(request.queue());
      if (queue == null || queue.isPaused()) {
        continue;
      }
      promote(queue, wallMillis);
      long[] counts = shares(queue, request);
      long deadline = nanos + nanos(request.lease());
      for (int line = 0; line < Codes.LINES; line++) {
        if (counts[line] > 0) {
          start(queue, line, counts[line], wallMillis, deadline, claims);
        }
      }
      nextDue = Math.min(nextDue, dueAt(queue));
    }
    return new Claimed(claims, nextDue);
  }

  /// Claims whose deadline has passed, oldest first.
  List<Claim> expired(int max, long nanos) throws SQLException {
    List<Claim> claims = new ArrayList<>();
    for (Running running : leases.past(nanos, max)) {
      claims.add(whole(running));
    }
    return claims;
  }

  private void promote(QueueState queue, long wallMillis) throws SQLException {
    if (dueAt(queue) > wallMillis) {
      return;
    }
    // Read first: a list that changes while it is read may show a row twice.
    long[] rows = new long[PROMOTIONS];
    int[] lines = new int[PROMOTIONS];
    int count = 0;
    PreparedStatement find = database.prepared(Sql.DUE);
    find.setInt(1, queue.id);
    find.setLong(2, wallMillis);
    find.setInt(3, PROMOTIONS);
    try (ResultSet due = find.executeQuery()) {
      while (due.next()) {
        rows[count] = due.getLong(1);
        lines[count] = due.getInt(2);
        count++;
      }
    }
    PreparedStatement promote = database.prepared(Sql.PROMOTE);
    JobState state = Lifecycle.DUE.apply(JobState.SCHEDULED);
    for (int i = 0; i < count; i++) {
      promote.setLong(1, rows[i]);
      promote.setLong(2, queue.takeTail(lines[i]));
      promote.executeUpdate();
      queue.move(JobState.SCHEDULED, state, lines[i], 0);
    }
    queue.dueAt(QueueState.UNKNOWN);
  }

  private long dueAt(QueueState queue) throws SQLException {
    if (queue.scheduled() == 0) {
      return Claimed.NONE_DUE;
    }
    if (queue.dueAt() == QueueState.UNKNOWN) {
      PreparedStatement find = database.prepared(Sql.NEXT_DUE);
      find.setInt(1, queue.id);
      try (ResultSet row = find.executeQuery()) {
        if (!row.next()) {
          throw Failures.disagreement("scheduled jobs of " + queue.name + " are missing");
        }
        queue.dueAt(row.getLong(1));
      }
    }
    return queue.dueAt();
  }

  /// How many to take from each line.
  private static long[] shares(QueueState queue, ClaimRequest request) {
    long high = queue.ready(Codes.HIGH);
    long normal = queue.ready(Codes.NORMAL);
    long low = queue.ready(Codes.LOW);
    long fromLow = Math.min(request.low(), low);
    long fromNormal = Math.min(request.normal(), normal);
    long left = request.max() - fromLow - fromNormal;
    long fromHigh = Math.min(left, high);
    left -= fromHigh;
    long moreNormal = Math.min(left, normal - fromNormal);
    left -= moreNormal;
    long moreLow = Math.min(left, low - fromLow);
    return new long[] {fromHigh, fromNormal + moreNormal, fromLow + moreLow};
  }

  private void start(
      QueueState queue, int line, long count, long wallMillis, long deadline, List<Claim> claims)
      throws SQLException {
    record Started(long pos, Claim claim) {}
    List<Started> started = new ArrayList<>((int) count);
    PreparedStatement claim = database.prepared(Sql.CLAIM);
    claim.setInt(1, queue.id);
    claim.setInt(2, line);
    claim.setLong(3, count);
    claim.setLong(4, wallMillis);
    JobState state = Lifecycle.CLAIM.apply(JobState.READY);
    try (ResultSet rows = claim.executeQuery()) {
      while (rows.next()) {
        Claim one = claimed(rows, queue, line, wallMillis, deadline);
        queue.move(JobState.READY, state, line, one.job().bytes());
        started.add(new Started(rows.getLong(5), one));
      }
    }
    if (started.size() != count) {
      throw Failures.disagreement("jobs of " + queue.name + " are missing");
    }
    // SQLite answers in the order of rows, which is nearly that of the line.
    started.sort(Comparator.comparingLong(Started::pos));
    started.forEach(one -> claims.add(one.claim()));
  }

  /// Reads the answer of [Sql#CLAIM] and makes the lease.
  private Claim claimed(ResultSet row, QueueState queue, int line, long wallMillis, long deadline)
      throws SQLException {
    long seq = row.getLong(1);
    JobId id = Jobs.id(seq, row.getLong(2), seq < 0 ? row.getLong(3) : 0);
    byte[] payload = row.getBytes(10);
    Job job =
        new Job(
            id,
            queue.name,
            types.name(row.getInt(4)),
            payload == null ? new byte[0] : payload,
            Codes.priority(line),
            row.getLong(9),
            JobOptions.NONE);
    long epoch = row.getLong(8);
    Claim plain = new Claim(job, new Lease(id, epoch), row.getInt(6), row.getInt(7), 0, wallMillis);
    Running running = new Running(id, seq, queue, line, job.bytes(), epoch, wallMillis, deadline);
    leases.add(running);
    if (row.getInt(11) == 0) {
      return plain;
    }
    Claim claim = whole(running);
    running.bytes = claim.job().bytes();
    return claim;
  }

  /// The claim of a running job, with everything that few jobs have: options, a request to cancel
  /// that an earlier attempt did not heed, and how often it was parked.
  private Claim whole(Running running) throws SQLException {
    PreparedStatement find = database.prepared(Sql.JOB_AT);
    find.setLong(1, running.seq);
    try (ResultSet row = find.executeQuery()) {
      if (!row.next()) {
        throw Failures.disagreement("job " + running.id + " is gone");
      }
      running.cancelRequested = row.getInt(Column.CANCEL_ASKED) != 0;
      return claim(row, running.queue, running.startedAtMillis);
    }
  }

  private Claim claim(ResultSet row, QueueState queue, long startedAtMillis) throws SQLException {
    Job job = Jobs.job(row, queue, types.name(row.getInt(Column.TYPE)));
    return new Claim(
        job,
        new Lease(job.id(), row.getLong(Column.EPOCH)),
        row.getInt(Column.ATTEMPT),
        row.getInt(Column.CRASH),
        row.getInt(Column.PARKED),
        startedAtMillis);
  }
}
