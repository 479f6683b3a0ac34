package dev.sluice.sqlite;

import dev.sluice.job.Admission;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Jobs that move to and from other engines, with their attempts and crashes.
///
/// Threading: confined to the writer's thread.
final class Transfers {
  private static final List<JobState> ORDER =
      List.of(JobState.READY, JobState.SCHEDULED, JobState.DEAD);

  private final Database database;
  private final Queues queues;
  private final Types types;
  private final Jobs jobs;
  private final Attempts attempts;
  private final Views views;
  private final Controls controls;

  Transfers(Session session) {
    database = session.database;
    queues = session.queues;
    types = session.types;
    jobs = session.jobs;
    attempts = session.attempts;
    views = session.views;
    controls = session.controls;
  }

  List<JobView> export(String queue, int max) throws SQLException {
    for (JobState state : ORDER) {
      List<JobView> found = views.list(queue, state, max, null).jobs();
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  void exported(List<JobId> ids) throws SQLException {
    for (JobId id : ids) {
      controls.remove(id);
    }
  }

  List<Admission> restore(List<JobView> views, long wallMillis) throws SQLException {
    List<Admission> answers = new ArrayList<>(views.size());
    for (JobView view : views) {
      JobId known = known(view.job());
      answers.add(known == null ? restore(view, wallMillis) : new Admission.Duplicate(known));
    }
    return answers;
  }

  private @Nullable JobId known(Job job) throws SQLException {
    if (jobs.find(job.id()) != Jobs.NONE) {
      return job.id();
    }
    QueueState queue = queues.find(job.queue());
    String key = job.options().key();
    return queue == null || key == null ? null : jobs.findKey(queue, key);
  }

  private Admission restore(JobView view, long wallMillis) throws SQLException {
    Job job = view.job();
    QueueState queue = queues.of(job.queue());
    JobState state = view.state();
    int line = Codes.of(job.priority());
    long pos =
        switch (state) {
          case READY -> queue.takeTail(line);
          case DEAD -> queue.takeEnd();
          case SCHEDULED -> 0;
          case RUNNING, SUCCEEDED, CANCELLED ->
              throw new IllegalArgumentException("state: " + state + " cannot be restored");
        };
    long seq = jobs.insert(job, queue, types.of(job.type()), state, pos);
    long due = Optional.ofNullable(view.dueAt()).map(Instant::toEpochMilli).orElse(wallMillis);
    boolean dead = state == JobState.DEAD;
    PreparedStatement restore = database.prepared(Sql.RESTORE);
    restore.setLong(1, seq);
    restore.setInt(2, view.attempt());
    restore.setInt(3, view.crashes());
    restore.setLong(4, view.epoch());
    Jobs.set(restore, 5, due, state == JobState.SCHEDULED);
    set(restore, 6, view.startedAt());
    Jobs.set(
        restore,
        7,
        Optional.ofNullable(view.finishedAt()).map(Instant::toEpochMilli).orElse(wallMillis),
        dead);
    Jobs.set(restore, 8, view.deathReason() == null ? 0 : Codes.of(view.deathReason()), dead);
    restore.executeUpdate();
    for (AttemptRecord attempt : view.attempts()) {
      attempts.add(seq, attempt);
    }
    queue.enter(state, line, job.bytes());
    if (state == JobState.SCHEDULED) {
      queue.dueToo(due);
    }
    return new Admission.Accepted(job.id());
  }

  private static void set(PreparedStatement statement, int index, @Nullable Instant time)
      throws SQLException {
    Jobs.set(statement, index, time == null ? 0 : time.toEpochMilli(), time != null);
  }
}
