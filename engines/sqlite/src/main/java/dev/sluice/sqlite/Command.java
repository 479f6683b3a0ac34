package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import java.sql.SQLException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// One call on the engine, on its way to the writer's thread and back with an answer.
///
/// Threading: the answer is written by the writer before `done`, and read by the caller after it.
final class Command<T> {
  /// What is to be done on the tables. May be run more than once, each time in a transaction of
  /// which only the last is kept.
  @FunctionalInterface
  interface Body<T> {
    T run(Session session) throws SQLException;
  }

  final boolean takesJobs;
  private final Body<T> body;
  private final Thread caller;
  private @Nullable T result;
  private @Nullable RuntimeException failure;

  /// Whether the transaction of `result` was committed; without it nothing is acknowledged.
  private boolean committed;

  private volatile boolean done;

  /// @param takesJobs whether it asks for room on the disk
  Command(boolean takesJobs, Body<T> body) {
    this.takesJobs = takesJobs;
    this.body = body;
    caller = Thread.currentThread();
  }

  /// The word that nothing follows: it is answered, never run.
  static Command<Boolean> ended() {
    Command<Boolean> command = new Command<>(false, _ -> true);
    command.result = true;
    command.committed = true;
    return command;
  }

  void run(Session session) throws SQLException {
    result = body.run(session);
  }

  void committed() {
    committed = true;
  }

  void fail(RuntimeException why) {
    failure = why;
  }

  /// Tells the caller; after this the writer does not touch the command.
  void answer() {
    done = true;
    LockSupport.unpark(caller);
  }

  /// Waits for the answer. An interrupt does not end the wait, because nobody could tell what
  /// became of the call; the flag stays set.
  T await() {
    boolean interrupted = false;
    while (!done) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure instanceof EngineUnavailableException unavailable) {
      // With the caller's own stack: the writer's says nothing of who asked.
      throw new EngineUnavailableException(String.valueOf(unavailable.getMessage()), unavailable);
    }
    if (failure != null) {
      throw failure;
    }
    if (result == null || !committed) {
      throw new EngineUnavailableException("the engine ended the call without an answer");
    }
    return result;
  }
}
