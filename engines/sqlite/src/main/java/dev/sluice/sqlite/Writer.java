package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Environment.Step;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The one thread that touches the file. Each step runs all commands that wait in one transaction
/// and answers them after its commit, so that however many callers there are share one fsync.
///
/// - A command that fails takes nobody with it: all is rolled back, and each is run alone.
/// - When nobody knows what became of a commit, or of the file, nothing is acknowledged: all
///   waiting callers are told so, the connection goes, and everything is read anew from the file.
/// - When the disk is full, jobs are refused while jobs that run can still end.
///
/// Threading: `call`, `close` and `trouble` are thread-safe; the rest is confined to the loop's
/// thread.
final class Writer {
  private static final Logger LOG = System.getLogger("dev.sluice.sqlite");
  private static final long MENDING_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Path named;
  private final Disk disk;
  private final Environment.Clock clock;
  private final Inbox inbox = new Inbox();
  private final Loop loop;
  private volatile @Nullable String trouble;
  private volatile boolean closed;

  private long troubledNanos;
  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable Path file;
  private @Nullable Holder holder;
  private @Nullable Session session;
  private @Nullable Leases survivors;

  Writer(Path file, Environment environment, Disk disk) {
    named = file;
    this.disk = disk;
    clock = environment.clock();
    loop = environment.threads().loop("sluice-sqlite-writer", this::step);
  }

  /// Has a command run and waits for its answer.
  ///
  /// @param takesJobs whether it asks for room on the disk
  <T> T call(boolean takesJobs, Command.Body<T> body) {
    Command<T> command = new Command<>(takesJobs, body);
    if (!inbox.put(command)) {
      throw new EngineUnavailableException(closedSentence());
    }
    loop.wake();
    return command.await();
  }

  /// Ends the loop after everything that was asked before. Idempotent.
  void close() {
    Command<Boolean> end = Command.ended();
    if (inbox.close(end)) {
      try {
        loop.wake();
        end.await();
        loop.stop();
      } finally {
        ended.countDown();
      }
    } else {
      awaitEnded();
    }
  }

  /// Waits for the close that was first; only that one may stop the loop, for what was asked before
  /// it has still to be answered.
  private void awaitEnded() {
    boolean interrupted = false;
    while (ended.getCount() > 0) {
      try {
        ended.await();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// Why jobs cannot be taken right now.
  Optional<String> trouble() {
    return closed ? Optional.of(closedSentence()) : Optional.ofNullable(trouble);
  }

  private String closedSentence() {
    return "the SQLite engine on " + named + " is closed";
  }

  /// Serves everybody who waits.
  private long step() {
    List<Command<?>> group = inbox.drain();
    if (inbox.isEnded(group)) {
      end(group);
    } else if (!group.isEmpty()) {
      serve(group);
    } else if (trouble != null) {
      mend();
    }
    return trouble == null ? Step.WHEN_WOKEN : MENDING_NANOS;
  }

  private void end(List<Command<?>> group) {
    List<Command<?>> before = group.subList(0, group.size() - 1);
    try {
      if (!before.isEmpty()) {
        serve(before);
      }
    } finally {
      try {
        shutDown();
      } finally {
        group.getLast().answer();
      }
    }
  }

  private void serve(List<Command<?>> group) {
    try {
      RuntimeException broken = connect();
      if (broken != null) {
        group.forEach(command -> command.fail(broken));
      } else {
        run(withRoom(group));
      }
    } catch (RuntimeException | Error defect) {
      EngineUnavailableException why =
          new EngineUnavailableException(
              "the SQLite engine on " + named + " failed: " + defect, defect);
      group.forEach(command -> command.fail(why));
      disconnect(why);
      throw defect;
    } finally {
      group.forEach(Command::answer);
    }
  }

  /// Opens the file unless it is open.
  ///
  /// @return why it cannot be
  private @Nullable RuntimeException connect() {
    if (session != null) {
      return null;
    }
    try {
      Path known = file == null ? Place.prepare(named) : file;
      file = known;
      if (holder == null) {
        holder = Holder.take(known);
      }
      session = openSession(known);
      trouble = null;
      return null;
    } catch (IllegalArgumentException | EngineUnavailableException failure) {
      troubled(failure);
      return failure;
    }
  }

  private Session openSession(Path known) {
    try {
      return Session.open(known, disk, survivors, clock.monotonicNanos());
    } catch (SQLException failure) {
      throw survivors == null ? Failures.sayAtOpen(known, failure) : Failures.say(known, failure);
    }
  }

  /// Turns away who asks for room when there is none.
  private List<Command<?>> withRoom(List<Command<?>> group) {
    boolean asked = false;
    for (Command<?> command : group) {
      asked |= command.takesJobs;
    }
    EngineUnavailableException full = asked ? shortage() : null;
    if (full == null) {
      return group;
    }
    troubled(full);
    List<Command<?>> others = new ArrayList<>(group.size());
    for (Command<?> command : group) {
      if (command.takesJobs) {
        command.fail(full);
      } else {
        others.add(command);
      }
    }
    return others;
  }

  private @Nullable EngineUnavailableException shortage() {
    Path known = file == null ? named : file;
    long reserve = disk.reserveBytes(known);
    long usable = disk.usableBytes(known);
    if (usable >= reserve) {
      return null;
    }
    return new EngineUnavailableException(
        EngineUnavailableException.Kind.OVERLOADED,
        "the disk is full: "
            + (usable >> 10)
            + " KiB are left beside "
            + known
            + ", and "
            + (reserve >> 10)
            + " KiB are kept for jobs to end; make room, and it goes on by itself");
  }

  private void run(List<Command<?>> group) {
    if (group.isEmpty() || isDone(group) || session == null) {
      return;
    }
    for (Command<?> command : group) {
      RuntimeException broken = connect();
      if (broken != null) {
        command.fail(broken);
      } else {
        isDone(List.of(command));
      }
    }
  }

  /// Runs commands in one transaction.
  ///
  /// @return false when they are to be run one by one
  private boolean isDone(List<Command<?>> group) {
    Session current = connected();
    boolean committing = false;
    try {
      current.database.begin();
      for (Command<?> command : group) {
        command.run(current);
      }
      current.save();
      committing = true;
      current.commit();
      group.forEach(Command::committed);
      relieve(group);
      return true;
    } catch (SQLException failure) {
      EngineUnavailableException why = Failures.say(current.database.file(), failure);
      if (Failures.isBroken(failure) || (committing && !Failures.isFull(failure))) {
        group.forEach(command -> command.fail(why));
        disconnect(why);
        return true;
      }
      if (Failures.isFull(failure)) {
        troubled(why);
      }
      return isUndone(group, why);
    } catch (RuntimeException defect) {
      return isUndone(group, defect);
    }
  }

  private boolean isUndone(List<Command<?>> group, RuntimeException why) {
    try {
      connected().rollback();
    } catch (SQLException failure) {
      group.forEach(command -> command.fail(why));
      disconnect(Failures.say(named, failure));
      return true;
    }
    if (group.size() > 1) {
      return false;
    }
    group.getFirst().fail(why);
    return true;
  }

  /// Jobs were taken: whatever was wrong is over.
  private void relieve(List<Command<?>> group) {
    if (trouble != null) {
      for (Command<?> command : group) {
        if (command.takesJobs) {
          trouble = null;
        }
      }
    }
  }

  /// Looks whether what was wrong is over, though nobody asks: health says "not ready" until then,
  /// and nobody may ask before it says "ready".
  private void mend() {
    if (clock.monotonicNanos() - troubledNanos < MENDING_NANOS) {
      return;
    }
    if (session == null) {
      connect();
    } else if (shortage() == null) {
      trouble = null;
    }
  }

  private void troubled(RuntimeException why) {
    trouble = why.getMessage();
    troubledNanos = clock.monotonicNanos();
  }

  private Session connected() {
    if (session == null) {
      throw new IllegalStateException("not connected");
    }
    return session;
  }

  /// Gives up the connection; the leases that were handed out stay valid.
  private void disconnect(EngineUnavailableException why) {
    troubled(why);
    Session old = session;
    if (old == null) {
      return;
    }
    session = null;
    old.leases.rolledBack();
    survivors = old.leases;
    closeQuietly(old);
    // Last: a log that fails must not leave a connection behind that nobody trusts.
    LOG.log(Level.ERROR, why.getMessage(), why);
  }

  private void shutDown() {
    closed = true;
    Session old = session;
    session = null;
    if (old != null) {
      closeQuietly(old);
    }
    Holder held = holder;
    holder = null;
    trouble = null;
    if (held != null) {
      held.release();
    }
  }

  // What is durable is durable already; there is nobody who could do anything about it.
  private void closeQuietly(Session old) {
    try {
      old.database.close();
    } catch (SQLException failure) {
      LOG.log(Level.WARNING, named + ": closing the connection failed", failure);
    }
  }
}
