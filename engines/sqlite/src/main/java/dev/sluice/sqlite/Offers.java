package dev.sluice.sqlite;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Duplicate;
import dev.sluice.job.Admission.Refused;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes jobs. Plain ones (no option set) for one line are gathered and inserted by the bulk, which
/// makes them several times cheaper; that one of them is kept already shows only there, as a clash
/// of rows, and then the gathered are taken back and looked at one by one.
///
/// Threading: confined to the writer's thread.
final class Offers {
  private final Database database;
  private final Queues queues;
  private final Types types;
  private final Jobs jobs;

  // The gathered: places in the answer, with their offers; all for one line of one queue.
  private final int[] places = new int[Sql.BULK];
  private final Offer[] gathered = new Offer[Sql.BULK];
  private int size;
  private long firstTail;
  private @Nullable QueueState queue;
  private int line;
  private @Nullable Admission[] answers = new Admission[0];
  private long nowMillis;

  Offers(Session session) {
    database = session.database;
    queues = session.queues;
    types = session.types;
    jobs = session.jobs;
  }

  List<Admission> take(List<Offer> offers, long wallMillis) throws SQLException {
    nowMillis = wallMillis;
    answers = new Admission[offers.size()];
    size = 0;
    for (int i = 0; i < offers.size(); i++) {
      take(i, offers.get(i));
    }
    insertGathered();
    List<Admission> told = new ArrayList<>(answers.length);
    for (Admission answer : answers) {
      if (answer == null) {
        throw new IllegalStateException("an offer was not answered");
      }
      told.add(answer);
    }
    return told;
  }

  private void take(int place, Offer offer) throws SQLException {
    Job job = offer.job();
    QueueState into = queues.find(job.queue());
    if (into == null || !Jobs.isPlain(job.options()) || !jobs.isSimple(job.id())) {
      insertGathered();
      answers[place] = takeOne(offer);
      return;
    }
    int lane = Codes.of(job.priority());
    if (size == Sql.BULK || into != queue || lane != line) {
      insertGathered();
      queue = into;
      line = lane;
    }
    if (into.refusal(offer.bound(), job.bytes()) != null) {
      // Told only when those before it are certain, and when it is not kept already.
      insertGathered();
      answers[place] = takeOne(offer);
      return;
    }
    long tail = into.takeTail(lane);
    if (size == 0) {
      firstTail = tail;
    }
    into.enter(JobState.READY, lane, job.bytes());
    places[size] = place;
    gathered[size] = offer;
    size++;
    answers[place] = new Accepted(job.id());
  }

  private Admission takeOne(Offer offer) throws SQLException {
    Job job = offer.job();
    if (jobs.find(job.id()) != Jobs.NONE) {
      return new Duplicate(job.id());
    }
    QueueState known = queues.find(job.queue());
    String key = job.options().key();
    JobId first = known == null || key == null ? null : jobs.findKey(known, key);
    if (first != null) {
      return new Duplicate(first);
    }
    Admission.Reason refusal = refusal(known, offer.bound(), job.bytes());
    if (refusal != null) {
      return new Refused(refusal, Optional.empty());
    }
    QueueState into = known == null ? queues.of(job.queue()) : known;
    int lane = Codes.of(job.priority());
    boolean later = job.options().runAtMillis() > nowMillis;
    JobState state = later ? JobState.SCHEDULED : JobState.READY;
    var _ = jobs.insert(job, into, types.of(job.type()), state, later ? 0 : into.takeTail(lane));
    into.enter(state, lane, job.bytes());
    if (later) {
      into.dueToo(job.options().runAtMillis());
    }
    return new Accepted(job.id());
  }

  // A refused job leaves no trace, so a queue is kept from its first accepted job on.
  private static Admission.@Nullable Reason refusal(
      @Nullable QueueState known, Bound bound, int bytes) {
    if (known != null) {
      return known.refusal(bound, bytes);
    }
    return bytes > bound.bytes() ? Admission.Reason.CAPACITY_BYTES : null;
  }

  private void insertGathered() throws SQLException {
    int count = size;
    size = 0;
    int from = 0;
    while (from < count) {
      int left = count - from;
      int rows = left >= Sql.BULK ? Sql.BULK : left >= Sql.FEW ? Sql.FEW : 1;
      if (!insert(from, rows)) {
        takeBack(from, count);
        for (int i = from; i < count; i++) {
          answers[places[i]] = takeOne(gathered[i]);
        }
        break;
      }
      from += rows;
    }
    Arrays.fill(gathered, 0, count, null);
  }

  /// Inserts some of the gathered.
  ///
  /// @return false when one of them is kept already; then none was inserted
  private boolean insert(int from, int rows) throws SQLException {
    PreparedStatement insert =
        database.prepared(
            switch (rows) {
              case Sql.BULK -> Sql.INSERT_BULK;
              case Sql.FEW -> Sql.INSERT_FEW;
              default -> Sql.INSERT_PLAIN;
            });
    insert.setInt(1, gatheredQueue().id);
    insert.setInt(2, line);
    insert.setLong(3, firstTail + from);
    int parameter = 4;
    for (int i = from; i < from + rows; i++) {
      Job job = gathered[i].job();
      insert.setLong(parameter++, job.id().arrival());
      insert.setLong(parameter++, job.id().low());
      insert.setInt(parameter++, types.of(job.type()));
      insert.setLong(parameter++, job.createdAtMillis());
      insert.setBytes(parameter++, job.payload());
    }
    try {
      insert.executeUpdate();
      return true;
    } catch (SQLException failure) {
      if (Failures.isConstraint(failure)) {
        return false;
      }
      throw failure;
    }
  }

  // The newest of the line, so that its end is where it was before.
  private void takeBack(int from, int count) {
    QueueState owner = gatheredQueue();
    for (int i = count - 1; i >= from; i--) {
      owner.returnTail(line);
      owner.leave(JobState.READY, line, gathered[i].job().bytes());
    }
  }

  private QueueState gatheredQueue() {
    if (queue == null) {
      throw new IllegalStateException("nothing is gathered");
    }
    return queue;
  }
}
