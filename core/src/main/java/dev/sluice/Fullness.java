package dev.sluice;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What is known here of a queue that was full when the engine was asked last. Under overload most
/// enqueues are refused; without this each of them would wait for the commit of those that are not.
///
/// One offer goes to the engine for each job that has started since, and one every 100 ms as a
/// probe, so that room which came in another way is found soon; everybody else is refused at once.
///
/// Threading: thread-safe.
final class Fullness {
  private static final long PROBE_NANOS = 100_000_000;

  /// Whether it is worth asking the engine for a place.
  enum Room {
    /// Nothing is known against it.
    LIKELY,
    /// There should be none, and it is time to make sure.
    DOUBTFUL,
    /// There is none.
    NONE
  }

  /// @param capacity most jobs of the queue then
  /// @param started how many had started before the engine was asked
  /// @param offered how many were let through since
  /// @param probedNanos when the engine was asked last in spite of it
  private record Mark(long capacity, long started, AtomicLong offered, AtomicLong probedNanos) {}

  private final AtomicReference<@Nullable Mark> mark = new AtomicReference<>();

  /// @param capacity most jobs of the queue now
  /// @param started how many have started by now
  Room room(long capacity, long started, long nowNanos) {
    Mark last = mark.get();
    if (last == null || last.capacity != capacity) {
      return Room.LIKELY;
    }
    long freed = started - last.started;
    if (last.offered.get() < freed && last.offered.getAndIncrement() < freed) {
      return Room.LIKELY;
    }
    long probed = last.probedNanos.get();
    return nowNanos - probed >= PROBE_NANOS && last.probedNanos.compareAndSet(probed, nowNanos)
        ? Room.DOUBTFUL
        : Room.NONE;
  }

  /// The engine had no room.
  ///
  /// @param started how many had started before it was asked
  void full(long capacity, long started, long nowNanos) {
    mark.set(new Mark(capacity, started, new AtomicLong(), new AtomicLong(nowNanos)));
  }

  /// There is room that no start accounts for.
  void clear() {
    if (mark.get() != null) {
      mark.set(null);
    }
  }
}
