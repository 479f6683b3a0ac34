package dev.sluice.battery;

import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What [BrokerVictim]s said, kept outside of them. On a broker a job may run more than once, so
/// that is counted, and only what is lost, damaged or dead is a violation.
///
/// Threading: thread-safe; `lock` guards everything.
final class BrokerOracle implements Ear, Closeable {
  private static final int MOST_VIOLATIONS = 100;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, Known> jobs = new HashMap<>();
  private final List<String> violations = new ArrayList<>();
  private final BufferedWriter log;
  private final Tally tally = new Tally();
  private int violationCount;

  /// What was said over all lives.
  ///
  /// Threading: guarded by the oracle's lock.
  static final class Tally {
    int lives;
    long acknowledged;
    long refused;
    long errors;
    long started;
    long finished;
    long leasesLost;

    /// Acknowledged jobs that were not finished yet.
    long outstanding;

    /// Jobs that were finished more than once.
    long finishedAgain;

    /// Finished jobs whose acknowledgement was not heard.
    long unheard;

    /// Starts of a job in a process in which it ran.
    long atOnce;

    /// Starts whose epoch was not above that of each start before.
    long oldEpochs;

    /// Of the life that goes on.
    boolean lifeOpen;

    boolean lifeOver;
    long lifeAcknowledged;
    long lifeFinished;
    long waiting = -1;
    long running = -1;
    long dead = -1;
    String lastError = "";

    private void begin() {
      lives++;
      lifeOpen = false;
      lifeOver = false;
      lifeAcknowledged = 0;
      lifeFinished = 0;
      waiting = -1;
      running = -1;
      dead = -1;
      lastError = "";
    }
  }

  /// What is known of one job.
  ///
  /// Threading: guarded by the oracle's lock.
  private static final class Known {
    boolean promised;
    int finished;
    long epoch;
    int runsInLife = -1;
    @Nullable String sum;
  }

  BrokerOracle(Path path) throws IOException {
    log = Files.newBufferedWriter(path);
  }

  @Override
  public void begin() {
    lock.lock();
    try {
      tally.begin();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void over() {
    lock.lock();
    try {
      tally.lifeOver = true;
      log.flush();
      changed.signalAll();
    } catch (IOException failure) {
      throw new UncheckedIOException("the oracle cannot keep its log", failure);
    } finally {
      lock.unlock();
    }
  }

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
      case "OPEN" -> tally.lifeOpen = true;
      case "ACK" -> acknowledged(words[1], words[2]);
      case "REFUSED" -> tally.refused++;
      case "START" -> started(words[1], Long.parseLong(words[2]), words[3]);
      case "STOP" -> job(words[1]).runsInLife = -1;
      case "FINISHED" -> finished(words[1]);
      case "ERROR" -> {
        tally.errors++;
        tally.lastError = line.substring("ERROR ".length());
      }
      case "LOST" -> tally.leasesLost++;
      case "DIED" -> violation("job " + words[1] + " is dead: " + line);
      case "TORN" -> violation("job " + words[1] + " came with half a payload");
      case "COUNTS" -> {
        tally.waiting = Long.parseLong(words[1]);
        tally.running = Long.parseLong(words[2]);
        tally.dead = Long.parseLong(words[3]);
      }
      case "CLOSED" -> {}
      default -> violation("a victim said what nobody understands: " + line);
    }
  }

  private void acknowledged(String id, String sum) {
    tally.acknowledged++;
    tally.lifeAcknowledged++;
    Known job = job(id);
    if (job.promised) {
      violation("job " + id + " was acknowledged twice");
    }
    job.promised = true;
    if (job.finished == 0) {
      tally.outstanding++;
    } else {
      tally.unheard--;
    }
    compare(id, job, sum);
  }

  private void started(String id, long epoch, String sum) {
    Known job = job(id);
    tally.started++;
    tally.atOnce += job.runsInLife == tally.lives ? 1 : 0;
    tally.oldEpochs += epoch <= job.epoch ? 1 : 0;
    job.runsInLife = tally.lives;
    job.epoch = Math.max(job.epoch, epoch);
    compare(id, job, sum);
  }

  private void compare(String id, Known job, String sum) {
    if (job.sum != null && !job.sum.equals(sum)) {
      violation("job " + id + " came with the payload of another");
    }
    job.sum = sum;
  }

  private void finished(String id) {
    Known job = job(id);
    tally.finished++;
    tally.lifeFinished++;
    job.finished++;
    if (job.finished == 2) {
      tally.finishedAgain++;
    } else if (job.finished == 1 && job.promised) {
      tally.outstanding--;
    } else if (job.finished == 1) {
      tally.unheard++;
    }
  }

  private Known job(String id) {
    return jobs.computeIfAbsent(id, _ -> new Known());
  }

  /// Makes a violation of each acknowledged job that was never finished.
  void findLost() {
    lock.lock();
    try {
      jobs.forEach((id, job) -> {
        if (job.promised && job.finished == 0) {
          violation(
              "job " + id + " was acknowledged and never finished, newest epoch " + job.epoch);
        }
      });
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void violation(String what) {
    lock.lock();
    try {
      violationCount++;
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

  /// How many violations there are; not all of them are kept.
  int violationCount() {
    lock.lock();
    try {
      return violationCount;
    } finally {
      lock.unlock();
    }
  }

  /// The sums; read them while no victim lives, or by [#ask] and [#await].
  Tally tally() {
    return tally;
  }

  /// What is known now.
  <T> T ask(Function<Tally, T> question) {
    lock.lock();
    try {
      return question.apply(tally);
    } finally {
      lock.unlock();
    }
  }

  /// Waits until something was said that makes `condition` hold.
  ///
  /// @return whether it does
  boolean await(Predicate<Tally> condition, Duration most) throws InterruptedException {
    long left = most.toNanos();
    lock.lockInterruptibly();
    try {
      while (!condition.test(tally)) {
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
