package dev.sluice.sqlite;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Jobs in one SQLite file, forced to disk before anybody is told "accepted". One process at a time
/// holds the file; when it dies in any way, the next one finds every job, and every lease void.
///
/// Threading: thread-safe. Every verb is handed to the one thread that touches the file.
public final class SqliteEngine
    implements Engine,
        Reclaiming,
        Retaining,
        Inspectable,
        Controllable,
        Remembering,
        Exporting,
        Restoring {
  private static final Limits LIMITS =
      Limits.exact("sqlite", true, 10_000, 16 << 20, Duration.ofDays(3_650));

  /// Most jobs that one transaction prunes or purges, so that nobody waits long behind it.
  private static final int SMALL_STEP = 500;

  private final Environment.Clock clock;
  private final Writer writer;
  private volatile @Nullable Runnable hint;

  private SqliteEngine(Writer writer, Environment.Clock clock) {
    this.writer = writer;
    this.clock = clock;
  }

  /// Opens the file, or makes it, in the machine's environment.
  ///
  /// @throws EngineUnavailableException when the file cannot be used: it is held, damaged, not
  ///   ours, newer than this version, or cannot be written; the message says which, and what to do
  /// @throws IllegalArgumentException when no database can be there: a directory, a device, a
  ///   network disk
  public static SqliteEngine open(Path file) {
    return open(file, Environment.system());
  }

  /// As [#open(Path)], in a given environment.
  public static SqliteEngine open(Path file, Environment environment) {
    return open(file, environment, Disk.REAL);
  }

  static SqliteEngine open(Path file, Environment environment, Disk disk) {
    Objects.requireNonNull(file, "file: must not be null");
    Objects.requireNonNull(environment, "environment: must not be null");
    Writer writer = new Writer(file, environment, disk);
    boolean ready = false;
    try {
      // The writer opens the file before the first command, whatever it is.
      writer.call(false, _ -> true);
      ready = true;
      return new SqliteEngine(writer, environment.clock());
    } finally {
      if (!ready) {
        writer.close();
      }
    }
  }

  @Override
  public Limits limits() {
    return LIMITS;
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    long nowMillis = clock.wallMillis();
    LIMITS.requireOffers(offers, nowMillis);
    List<Admission> answers = writer.call(true, session -> session.offers.take(offers, nowMillis));
    if (answers.stream().anyMatch(Accepted.class::isInstance)) {
      callHint();
    }
    return answers;
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    Limits.requireEach("requests", requests);
    return writer.call(
        false,
        session -> session.claims.take(requests, clock.wallMillis(), clock.monotonicNanos()));
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    Limits.requireEach("leases", leases);
    Limits.requireLease("by", by);
    return writer.call(
        false, session -> session.settles.extend(leases, by, clock.monotonicNanos()));
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    LIMITS.requireBatch("settles", settles);
    List<Settled> answers =
        writer.call(
            false,
            session -> session.settles.record(settles, clock.wallMillis(), clock.monotonicNanos()));
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i) == Settled.APPLIED
          && settles.get(i).settlement().step().to().isWaiting()) {
        callHint();
        break;
      }
    }
    return answers;
  }

  @Override
  public void onWork(Runnable newHint) {
    hint = Objects.requireNonNull(newHint, "hint: must not be null");
  }

  @Override
  public Optional<String> trouble() {
    return writer.trouble();
  }

  @Override
  public void close() {
    hint = null;
    writer.close();
  }

  @Override
  public List<Claim> expired(int max) {
    Limits.requireMost(max);
    return writer.call(false, session -> session.claims.expired(max, clock.monotonicNanos()));
  }

  @Override
  public int prune(String queue, Retention retention, int max) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(retention, "retention: must not be null");
    Limits.requireMost(max);
    return inSmallSteps(
        max,
        step ->
            writer.call(
                false,
                session -> session.pruning.prune(queue, retention, step, clock.wallMillis())));
  }

  @Override
  public Control cancel(JobId id) {
    return cancel(id, true);
  }

  @Override
  public Control cancelWaiting(JobId id) {
    return cancel(id, false);
  }

  private Control cancel(JobId id, boolean evenRunning) {
    Objects.requireNonNull(id, "id: must not be null");
    return writer.call(
        false, session -> session.controls.cancel(id, evenRunning, clock.wallMillis()));
  }

  @Override
  public Control retry(JobId id, Bound bound) {
    Objects.requireNonNull(id, "id: must not be null");
    Objects.requireNonNull(bound, "bound: must not be null");
    Control answer = writer.call(true, session -> session.controls.retry(id, bound));
    if (answer == Control.APPLIED) {
      callHint();
    }
    return answer;
  }

  @Override
  public Control runNow(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    Control answer = writer.call(false, session -> session.controls.runNow(id));
    if (answer == Control.APPLIED) {
      callHint();
    }
    return answer;
  }

  @Override
  public Control delete(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return writer.call(false, session -> session.controls.delete(id));
  }

  @Override
  public int purge(String queue, int max) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Limits.requireMost(max);
    return inSmallSteps(
        max,
        step ->
            writer.call(false, session -> session.controls.purge(queue, step, clock.wallMillis())));
  }

  @Override
  public void pause(String queue, boolean paused) {
    Objects.requireNonNull(queue, "queue: must not be null");
    writer.call(
        false,
        session -> {
          session.controls.pause(queue, paused);
          return true;
        });
    if (!paused) {
      callHint();
    }
  }

  @Override
  public Optional<JobView> find(JobId id) {
    Objects.requireNonNull(id, "id: must not be null");
    return writer.call(false, session -> Optional.ofNullable(session.views.find(id)));
  }

  @Override
  public Optional<JobView> findByKey(String queue, String key) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(key, "key: must not be null");
    return writer.call(false, session -> Optional.ofNullable(session.views.findByKey(queue, key)));
  }

  @Override
  public List<String> queues() {
    return writer.call(false, session -> session.views.names());
  }

  @Override
  public Counts counts(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    return writer.call(false, session -> session.views.counts(queue));
  }

  @Override
  public Page list(String queue, JobState state, int limit, @Nullable String cursor) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(state, "state: must not be null");
    Inspectable.requirePage(limit);
    Cursor place = cursor == null ? null : Cursor.parse(state, cursor);
    return writer.call(false, session -> session.views.list(queue, state, limit, place));
  }

  @Override
  public Map<String, String> remembered() {
    return writer.call(false, session -> session.texts.all());
  }

  @Override
  public void remember(String name, @Nullable String text) {
    Remembering.requireFits(name, text);
    writer.call(
        text != null,
        session -> {
          session.texts.keep(name, text);
          return true;
        });
  }

  @Override
  public boolean isThere(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    return queues().contains(queue);
  }

  @Override
  public Handout export(String queue, int max) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Inspectable.requirePage(max);
    return new Handout(writer.call(false, session -> session.transfers.export(queue, max)), 0);
  }

  @Override
  public void exported(String queue, List<JobId> jobs) {
    Objects.requireNonNull(queue, "queue: must not be null");
    LIMITS.requireBatch("jobs", jobs);
    writer.call(
        false,
        session -> {
          session.transfers.exported(jobs);
          return true;
        });
  }

  @Override
  public List<Admission> restore(List<JobView> jobs) {
    LIMITS.requireRestorable(jobs, clock.wallMillis());
    return writer.call(true, session -> session.transfers.restore(jobs, clock.wallMillis()));
  }

  /// A piece of a longer piece of work.
  @FunctionalInterface
  private interface SmallStep {
    int take(int max);
  }

  private static int inSmallSteps(int max, SmallStep step) {
    int taken = 0;
    while (taken < max) {
      int asked = Math.min(SMALL_STEP, max - taken);
      int got = step.take(asked);
      taken += got;
      if (got < asked) {
        break;
      }
    }
    return taken;
  }

  private void callHint() {
    Runnable current = hint;
    if (current != null) {
      current.run();
    }
  }
}
