package dev.sluice.server;

import dev.sluice.engine.Environment;
import io.helidon.webserver.CloseConnectionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads from a client whose request waits: there is no other way to learn at once that it is gone.
/// What it sends instead is the beginning of its next request, and is kept for that. One piece at
/// most is read ahead, so a client that has sent its next request already may go unnoticed.
///
/// Threading: used by the connection's thread; a thread of its own reads ahead. `lock` guards every
/// field. Between `watch` and the next `read` nobody else touches the source.
final class ReadAhead {
  private final Supplier<byte @Nullable []> source;
  private final Environment.Threads threads;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private boolean reading;

  /// Whether a piece was read ahead and not yet taken, or its reading failed.
  private boolean ready;

  private byte @Nullable [] piece;
  private @Nullable RuntimeException failure;
  private @Nullable Runnable whenGone;
  private boolean gone;

  /// @param source waits for the next bytes; null at the end
  ReadAhead(Supplier<byte @Nullable []> source, Environment.Threads threads) {
    this.source = source;
    this.threads = threads;
  }

  /// Has something done when the client is gone, at once if it is; until [#unwatch].
  ///
  /// @param whenGone called once, by any thread; must not block
  void watch(Runnable whenGone) {
    boolean begin;
    lock.lock();
    try {
      if (gone) {
        whenGone.run();
        return;
      }
      this.whenGone = whenGone;
      // The read of an earlier wait may go on, or have got what is not asked for yet.
      begin = !reading && !ready;
      reading |= begin;
    } finally {
      lock.unlock();
    }
    if (begin) {
      threads.handler("sluice-read-ahead", this::readAhead);
    }
  }

  void unwatch() {
    lock.lock();
    try {
      whenGone = null;
    } finally {
      lock.unlock();
    }
  }

  boolean isGone() {
    lock.lock();
    try {
      return gone;
    } finally {
      lock.unlock();
    }
  }

  private void readAhead() {
    byte[] bytes = null;
    RuntimeException broken = null;
    try {
      bytes = source.get();
    } catch (RuntimeException failed) {
      broken = failed;
    } finally {
      read(bytes, broken);
    }
  }

  private void read(byte @Nullable [] bytes, @Nullable RuntimeException broken) {
    lock.lock();
    try {
      reading = false;
      ready = true;
      piece = bytes;
      failure = broken;
      gone = bytes == null;
      ended.signalAll();
      if (gone && whenGone != null) {
        whenGone.run();
        whenGone = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /// The next bytes; waits for them.
  ///
  /// @return null at the end
  /// @throws CloseConnectionException when this thread is interrupted
  byte @Nullable [] read() {
    lock.lock();
    try {
      while (reading) {
        ended.await();
      }
      if (ready) {
        byte[] bytes = piece;
        RuntimeException broken = failure;
        piece = null;
        failure = null;
        ready = false;
        if (broken != null) {
          throw broken;
        }
        return bytes;
      }
    } catch (InterruptedException cut) {
      // As a read from the socket does it.
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("interrupted", cut);
    } finally {
      lock.unlock();
    }
    return source.get();
  }
}
