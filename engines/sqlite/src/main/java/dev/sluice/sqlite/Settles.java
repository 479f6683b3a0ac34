package dev.sluice.sqlite;

import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.engine.Settlement.Bury;
import dev.sluice.engine.Settlement.Complete;
import dev.sluice.engine.Settlement.Crash;
import dev.sluice.engine.Settlement.Poison;
import dev.sluice.engine.Settlement.Release;
import dev.sluice.engine.Settlement.RunAgain;
import dev.sluice.engine.Settlement.Stop;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle.Actor;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records how claims ended. The lease in memory decides, the statement's own condition on epoch
/// and state must agree. Completions are gathered: of one queue and epoch, with ascending rows, so
/// that they share one place in the order of ending and still keep it.
///
/// Threading: confined to the writer's thread.
final class Settles {
  private final Database database;
  private final Jobs jobs;
  private final Attempts attempts;
  private final Leases leases;

  private final Running[] done = new Running[Sql.BULK];
  private int size;
  private long nowMillis;

  Settles(Session session) {
    database = session.database;
    jobs = session.jobs;
    attempts = session.attempts;
    leases = session.leases;
  }

  List<Settled> record(List<Settle> settles, long wallMillis, long nanos) throws SQLException {
    nowMillis = wallMillis;
    size = 0;
    List<Settled> answers = new ArrayList<>(settles.size());
    for (Settle settle : settles) {
      answers.add(record(settle, nanos));
    }
    completeGathered();
    return answers;
  }

  List<Extension> extend(List<Lease> claims, Duration by, long nanos) {
    long deadline = nanos + Claims.nanos(by);
    List<Extension> answers = new ArrayList<>(claims.size());
    for (Lease lease : claims) {
      Running running = leases.held(lease);
      if (running == null) {
        answers.add(Extension.LEASE_LOST);
      } else {
        running.deadlineNanos = deadline;
        answers.add(running.cancelRequested ? Extension.CANCEL_REQUESTED : Extension.EXTENDED);
      }
    }
    return answers;
  }

  private Settled record(Settle settle, long nanos) throws SQLException {
    Settlement settlement = settle.settlement();
    Running running = leases.held(settle.lease());
    if (running == null) {
      completeGathered();
      return isRepeated(settle) ? Settled.APPLIED : Settled.LEASE_LOST;
    }
    if (settlement.step().actor() == Actor.REAPER && !running.isPast(nanos)) {
      return Settled.LEASE_LOST;
    }
    JobState to = settlement.step().apply(JobState.RUNNING);
    leases.remove(running);
    if (settlement instanceof Complete) {
      gather(running);
    } else {
      completeGathered();
      apply(running, settlement, to);
      running.queue.move(JobState.RUNNING, to, running.line, running.bytes);
    }
    return Settled.APPLIED;
  }

  private boolean isRepeated(Settle settle) throws SQLException {
    if (!settle.settlement().step().to().isTerminal()) {
      return false;
    }
    long seq = jobs.find(settle.lease().id());
    PreparedStatement find = database.prepared(Sql.JOB_AT);
    find.setLong(1, seq);
    try (ResultSet row = find.executeQuery()) {
      return row.next()
          && row.getLong(Column.EPOCH) == settle.lease().epoch()
          && settle
              .settlement()
              .isRepeated(Codes.state(row.getInt(Column.STATE)), Jobs.reason(row));
    }
  }

  private void apply(Running running, Settlement settlement, JobState to) throws SQLException {
    switch (settlement) {
      case Complete _ -> throw new IllegalStateException("completions are gathered");
      case RunAgain again -> {
        update(running, to, again.refund() ? 1 : 0, 0, again, null);
        running.queue.dueToo(again.atMillis());
        remember(running, again.attempt());
      }
      case Bury bury -> {
        update(running, to, bury.isUnstarted() ? 1 : 0, 0, null, bury.reason());
        remember(running, bury.attempt());
      }
      case Release _ -> update(running, to, 1, 0, null, null);
      case Stop(var attempt) -> {
        update(running, to, 0, 0, null, null);
        remember(running, attempt);
      }
      case Crash(var attempt) -> {
        update(running, to, 0, 1, null, null);
        remember(running, attempt);
      }
      case Poison(var attempt) -> {
        update(running, to, 0, 1, null, DeathReason.POISON);
        remember(running, attempt);
      }
    }
  }

  private void update(
      Running running,
      JobState to,
      int refund,
      int crashes,
      @Nullable RunAgain again,
      @Nullable DeathReason reason)
      throws SQLException {
    PreparedStatement settle = database.prepared(Sql.SETTLE);
    settle.setLong(1, running.seq);
    settle.setLong(2, running.epoch);
    settle.setInt(3, Codes.of(to));
    settle.setInt(4, refund);
    settle.setInt(5, crashes);
    Jobs.set(settle, 6, again == null ? 0 : again.atMillis(), again != null);
    Jobs.set(settle, 7, nowMillis, to.isTerminal());
    Jobs.set(settle, 8, reason == null ? 0 : Codes.of(reason), reason != null);
    Jobs.set(settle, 9, to.isTerminal() ? running.queue.takeEnd() : 0, to.isTerminal());
    settle.setBoolean(10, again != null && again.parks());
    requireRows(settle.executeUpdate(), 1);
  }

  private void remember(Running running, AttemptRecord attempt) throws SQLException {
    attempts.add(running.seq, attempt);
  }

  private void gather(Running running) throws SQLException {
    if (size > 0) {
      Running last = done[size - 1];
      if (size == Sql.BULK
          || last.queue != running.queue
          || last.epoch != running.epoch
          || last.seq >= running.seq) {
        completeGathered();
      }
    }
    done[size++] = running;
  }

  private void completeGathered() throws SQLException {
    if (size == 0) {
      return;
    }
    int count = size;
    size = 0;
    QueueState queue = done[0].queue;
    int rows = count > Sql.FEW ? Sql.BULK : count > 1 ? Sql.FEW : 1;
    PreparedStatement complete =
        database.prepared(
            switch (rows) {
              case Sql.BULK -> Sql.COMPLETE_BULK;
              case Sql.FEW -> Sql.COMPLETE_FEW;
              default -> Sql.COMPLETE_ONE;
            });
    complete.setLong(1, nowMillis);
    complete.setLong(2, queue.takeEnd());
    complete.setLong(3, done[0].epoch);
    for (int i = 0; i < rows; i++) {
      // The last one again in the places left over: a set does not mind.
      complete.setLong(4 + i, done[Math.min(i, count - 1)].seq);
    }
    requireRows(complete.executeUpdate(), count);
    for (int i = 0; i < count; i++) {
      queue.move(JobState.RUNNING, JobState.SUCCEEDED, done[i].line, done[i].bytes);
    }
  }

  private static void requireRows(int changed, int expected) throws SQLException {
    if (changed != expected) {
      throw Failures.disagreement(changed + " of " + expected + " running jobs were found");
    }
  }
}
