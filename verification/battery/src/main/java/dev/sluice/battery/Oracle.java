package dev.sluice.battery;

import dev.sluice.job.JobState;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Everything that victims said, kept outside of them: on disk, line by line, and as what is known
/// of each job. What contradicts itself is a violation at once; the rest is for the [Audit].
///
/// Threading: thread-safe; `lock` guards everything.
final class Oracle implements Ear, Closeable {
  private static final int MOST_VIOLATIONS = 100;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Known> jobs = new HashMap<>();
  private final List<String> violations = new ArrayList<>();
  private final FileOutputStream file;
  private final BufferedWriter log;
  private final Tally tally = new Tally();

  /// What was said over all lives.
  ///
  /// Threading: guarded by the oracle's lock.
  static final class Tally {
    int lives;
    long acknowledged;
    long duplicates;
    long started;
    long ended;
    long refused;
    long errors;
    long crashed;
    long leasesLost;
    long opened;
    long fullOpens;

    /// Of the life that goes on.
    long lifeAcknowledged;

    long lifeEnded;
    boolean lifeOpen;
    boolean lifeEmpty;
    boolean lifeOver;
    long acknowledgedSinceError;
    long errorsInLife;
    String lastError = "";

    private void begin() {
      lives++;
      lifeAcknowledged = 0;
      lifeEnded = 0;
      lifeOpen = false;
      lifeEmpty = false;
      lifeOver = false;
      acknowledgedSinceError = 0;
      errorsInLife = 0;
      lastError = "";
    }
  }

  /// What is known of one job.
  ///
  /// Threading: guarded by the oracle's lock.
  static final class Known {
    boolean promised;
    int starts;
    long epoch;
    int runsInLife = -1;
    @Nullable JobState end;
    boolean seen;
  }

  Oracle(Path path) throws IOException {
    file = new FileOutputStream(path.toFile());
    log = new BufferedWriter(new OutputStreamWriter(file, StandardCharsets.UTF_8));
  }

  /// A new process begins; what ran in the one before runs no more.
  @Override
  public void begin() {
    lock.lock();
    try {
      tally.begin();
    } finally {
      lock.unlock();
    }
  }

  /// The process is gone, and all it said was heard; the log is forced to disk.
  @Override
  public void over() {
    lock.lock();
    try {
      tally.lifeOver = true;
      log.flush();
      file.getFD().sync();
      changed.signalAll();
    } catch (IOException failure) {
      throw new UncheckedIOException("the oracle cannot keep its log", failure);
    } finally {
      lock.unlock();
    }
  }

  /// Takes one fact.
  @Override
  public void take(String line) {
    lock.lock();
    try {
      log.write(tally.lives + " " + line + "\n");
      learn(line.split(" ", -1), line);
      changed.signalAll();
    } catch (IOException failure) {
      throw new UncheckedIOException("the oracle cannot keep its log", failure);
    } finally {
      lock.unlock();
    }
  }

  private void learn(String[] words, String line) {
    switch (words[0]) {
      case "ACK" -> acknowledged(words[1]);
      case "DUP" -> {
        tally.duplicates++;
        job(words[1]).promised = true;
      }
      case "REFUSED" -> tally.refused++;
      case "START" -> started(words[1], Long.parseLong(words[3]));
      case "STOP" -> job(words[1]).runsInLife = -1;
      case "END" -> ended(words[1], JobState.valueOf(words[2]));
      case "OPEN" -> opened(Long.parseLong(words[1]), Long.parseLong(words[2]));
      case "ERROR" -> {
        tally.errors++;
        tally.errorsInLife++;
        tally.acknowledgedSinceError = 0;
        tally.lastError = line.substring("ERROR ".length());
      }
      case "EMPTY" -> tally.lifeEmpty = true;
      case "CRASHED" -> tally.crashed++;
      case "LOST" -> tally.leasesLost++;
      case "TORN" -> violation("job " + words[1] + " came with half a payload");
      case "CLOSED" -> {}
      default -> violation("a victim said what nobody understands: " + line);
    }
  }

  private void acknowledged(String id) {
    tally.acknowledged++;
    tally.lifeAcknowledged++;
    tally.acknowledgedSinceError++;
    job(id).promised = true;
  }

  private void started(String id, long epoch) {
    Known job = job(id);
    tally.started++;
    job.starts++;
    if (job.end != null) {
      violation("job " + id + " was started after it had ended");
    }
    if (job.runsInLife == tally.lives) {
      violation("job " + id + " ran twice at once");
    }
    if (epoch <= job.epoch) {
      violation("job " + id + " was started with epoch " + epoch + " after " + job.epoch);
    }
    job.runsInLife = tally.lives;
    job.epoch = epoch;
  }

  private void ended(String id, JobState state) {
    Known job = job(id);
    tally.ended++;
    tally.lifeEnded++;
    if (job.end != null) {
      violation("job " + id + " ended twice: " + job.end + ", then " + state);
    }
    job.end = state;
  }

  private void opened(long waiting, long fresh) {
    tally.lifeOpen = true;
    tally.opened++;
    if (waiting >= Load.CAPACITY) {
      tally.fullOpens++;
    }
    if (fresh > Load.CAPACITY) {
      violation(fresh + " jobs were taken beyond a capacity of " + Load.CAPACITY);
    }
  }

  private Known job(String id) {
    return jobs.computeIfAbsent(id, _ -> new Known());
  }

  /// What is known of the job, for the [Audit]; made if nobody spoke of it.
  Known known(String id) {
    lock.lock();
    try {
      return job(id);
    } finally {
      lock.unlock();
    }
  }

  /// Everything that is known, for the [Audit], while no victim lives.
  Map<String, Known> all() {
    return jobs;
  }

  /// Something that must not be.
  @Override
  public void violation(String what) {
    lock.lock();
    try {
      if (violations.size() < MOST_VIOLATIONS) {
        violations.add("process " + tally.lives + ": " + what);
      }
    } finally {
      lock.unlock();
    }
  }

  List<String> violations() {
    lock.lock();
    try {
      return List.copyOf(violations);
    } finally {
      lock.unlock();
    }
  }

  /// The sums; read them inside [#await] or while no victim lives.
  Tally tally() {
    return tally;
  }

  /// Waits until something was said that makes `condition` hold.
  ///
  /// @return whether it does
  boolean await(BooleanSupplier condition, Duration most) throws InterruptedException {
    long left = most.toNanos();
    lock.lockInterruptibly();
    try {
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    log.close();
  }
}
