package dev.sluice;

import dev.sluice.engine.Engine;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The queues of this process, by name. Bounded by [#MOST].
///
/// Threading: thread-safe; a queue that comes or goes is seen by each machine at its next step.
final class Queues {
  /// Each costs a look of every chore, and a place in memory.
  static final int MOST = 1000;

  private final Engine engine;
  private volatile boolean closed;
  private final NavigableMap<String, QueueRuntime> byName = new ConcurrentSkipListMap<>();

  /// @param engine that shall keep them
  Queues(Engine engine) {
    this.engine = engine;
  }

  /// @throws IllegalArgumentException when there is no such queue
  QueueRuntime require(String name) {
    Objects.requireNonNull(name, "queue: must not be null");
    QueueRuntime queue = byName.get(name);
    if (queue == null) {
      throw new IllegalArgumentException(
          "queue: '" + name + "' is not configured; known are " + shownNames());
    }
    return queue;
  }

  private String shownNames() {
    List<String> first = byName.keySet().stream().limit(20).toList();
    return first + (byName.size() > first.size() ? " and " + (byName.size() - 20) + " more" : "");
  }

  @Nullable QueueRuntime find(String name) {
    return byName.get(name);
  }

  Collection<QueueRuntime> all() {
    return byName.values();
  }

  List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /// Adds a queue, or gives a known one another policy and another delivery.
  ///
  /// @throws IllegalArgumentException when there are too many, or the engine can have none of that
  ///   name, or not honour the policy
  void put(String name, QueuePolicy policy, Delivery delivery, long nowNanos) {
    requireDefinable(name, policy);
    QueueRuntime known = byName.get(name);
    if (known == null) {
      if (byName.size() >= MOST) {
        throw new IllegalArgumentException("queue: there are " + MOST + ", no more are taken");
      }
      known = byName.putIfAbsent(name, new QueueRuntime(name, policy, delivery, nowNanos));
    }
    if (known != null) {
      known.change(_ -> policy);
      known.deliver(delivery);
    }
    if (closed) {
      // Who leased from it would wait for a dispatcher that has ended.
      close();
    }
  }

  /// @throws IllegalArgumentException when the engine can have no queue of that name, or not honour
  ///   the policy
  void requireDefinable(String name, QueuePolicy policy) {
    engine.requireQueue(name);
    Objects.requireNonNull(policy, "policy: must not be null");
    engine.limits().requireKeeps(policy.lease());
  }

  /// Changes the policy of a queue.
  ///
  /// @throws IllegalArgumentException when there is no such queue, or the engine cannot honour what
  ///   comes of it
  void change(String name, UnaryOperator<QueuePolicy> change) {
    require(name)
        .change(before -> {
          QueuePolicy after = change.apply(before);
          Objects.requireNonNull(after, "policy: must not be null");
          engine.limits().requireKeeps(after.lease());
          return after;
        });
  }

  Optional<QueueRuntime> remove(String name) {
    return Optional.ofNullable(byName.remove(name));
  }

  /// Undoes [#remove], unless the name was given to another queue meanwhile.
  void putBack(QueueRuntime queue) {
    byName.putIfAbsent(queue.name(), queue);
  }

  /// Sends away all workers that wait for jobs, of queues that come later too.
  void close() {
    closed = true;
    byName.values().forEach(queue -> queue.pulls.close());
  }
}
