package dev.sluice.battery;

import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.sqlite.SqliteEngine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Compares the file with what the [Oracle] knows, while no victim lives. What differs becomes a
/// violation of the oracle's.
///
/// Threading: confined to the driver's thread.
final class Audit {
  private static final int PAGE = 1000;

  private final Oracle oracle;
  private final Path file;
  private final boolean drained;
  private final Map<JobState, Long> counted = new EnumMap<>(JobState.class);
  private final Map<String, String> keys = new HashMap<>();
  private long waitingBytes;

  private Audit(Oracle oracle, Path file, boolean drained) {
    this.oracle = oracle;
    this.file = file;
    this.drained = drained;
  }

  /// @param drained whether every job must have ended
  static void of(Oracle oracle, Path file, boolean drained) {
    Audit audit = new Audit(oracle, file, drained);
    try {
      audit.jobs();
    } catch (EngineUnavailableException unusable) {
      oracle.violation("the file cannot be opened: " + unusable.getMessage());
    }
    audit.integrity();
  }

  private void jobs() {
    oracle.all().values().forEach(job -> job.seen = false);
    try (SqliteEngine engine = SqliteEngine.open(file)) {
      for (JobState state : JobState.values()) {
        counted.put(state, count(engine, state));
      }
      compare(engine.counts(Load.QUEUE));
    }
    oracle
        .all()
        .forEach((id, job) -> {
          if (job.promised && !job.seen) {
            oracle.violation("job " + id + " was acknowledged and is lost");
          }
          if (job.starts > 0 && !job.seen) {
            oracle.violation("job " + id + " was started and is not there");
          }
        });
  }

  private long count(SqliteEngine engine, JobState state) {
    long count = 0;
    @Nullable String cursor = null;
    do {
      Page page = engine.list(Load.QUEUE, state, PAGE, cursor);
      page.jobs().forEach(this::job);
      count += page.jobs().size();
      cursor = page.next();
    } while (cursor != null);
    return count;
  }

  private void job(JobView view) {
    String id = view.id().toString();
    Oracle.Known known = oracle.known(id);
    if (known.seen) {
      oracle.violation("job " + id + " is there twice");
    }
    known.seen = true;
    Job job = view.job();
    if (!Load.isWhole(new String(job.payload(), StandardCharsets.UTF_8))) {
      oracle.violation("job " + id + " holds half a payload");
    }
    String key = job.options().key();
    if (key != null && keys.put(key, id) != null) {
      oracle.violation("key " + key + " made two jobs");
    }
    if (view.attempt() > Load.MAX_ATTEMPTS + view.crashes()) {
      oracle.violation("job " + id + " has " + view.attempt() + " attempts");
    }
    if (view.epoch() < known.epoch) {
      oracle.violation("job " + id + " went back to epoch " + view.epoch());
    }
    if (known.starts > view.epoch()) {
      oracle.violation("job " + id + " was started more often than claimed");
    }
    if (known.end != null && known.end != view.state()) {
      oracle.violation("job " + id + " ended as " + known.end + " and is " + view.state());
    }
    if (drained && !view.state().isTerminal()) {
      oracle.violation("job " + id + " is still " + view.state());
    }
    if (view.state() == JobState.SUCCEEDED && known.starts == 0) {
      oracle.violation("job " + id + " succeeded and was never started");
    }
    waitingBytes += view.state().isWaiting() ? job.bytes() : 0;
  }

  private void compare(Counts counts) {
    for (JobState state : JobState.values()) {
      if (counts.of(state) != counted.getOrDefault(state, 0L)) {
        oracle.violation(
            "the counter of " + state + " says " + counts.of(state) + ", there are " + counted);
      }
    }
    if (counts.waitingBytes() != waitingBytes) {
      oracle.violation("waiting bytes are " + waitingBytes + ", not " + counts.waitingBytes());
    }
  }

  private void integrity() {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file.toUri());
        Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery("PRAGMA integrity_check")) {
      while (answer.next()) {
        if (!answer.getString(1).equals("ok")) {
          oracle.violation("integrity_check: " + answer.getString(1));
        }
      }
    } catch (SQLException failure) {
      oracle.violation("integrity_check: " + failure.getMessage());
    }
  }
}
