package dev.sluice.rabbitmq;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// Lets one caller at a time ask the broker for a thing of which two would spoil the answers for
/// each other. Who waits longer than the broker may take for an answer is told so.
///
/// Threading: thread-safe. Held while the broker is asked. Who has another turn may take that of
/// the [Topology], and never the other way round.
final class Turn {
  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();
  private final Duration limit;

  Turn(Duration limit) {
    this.limit = limit;
  }

  /// The time in which it is the caller's turn.
  interface Mine extends AutoCloseable {
    @Override
    void close();
  }

  /// Waits for the caller's turn. An interrupt ends the waiting and stays set.
  ///
  /// @param thing by its name on the broker, or a queue; each has turns of its own, for one of
  ///   which the broker says nothing must not hold up others
  /// @param otherwise what to say when it does not come, as a sentence
  /// @throws EngineUnavailableException when it does not come within the time limit
  Mine take(String thing, String otherwise) {
    ReentrantLock lock = locks.computeIfAbsent(thing, _ -> new ReentrantLock());
    boolean interrupted = false;
    boolean taken = false;
    try {
      taken = lock.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      interrupted = true;
      taken = lock.tryLock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new EngineUnavailableException(Kind.OVERLOADED, otherwise);
    }
    return lock::unlock;
  }
}
