package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.Names;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What a [Sluice] is made of, until it is started.
///
/// Threading: not thread-safe.
public final class SluiceBuilder {
  final Engine engine;
  final Map<String, Defined> queues = new LinkedHashMap<>();
  final Map<String, Registration<?>> registrations = new LinkedHashMap<>();
  final List<JobListener> listeners = new ArrayList<>();
  CommitListener commitListener = (_, _) -> {};
  Environment environment = Environment.system();

  /// A queue as it was named.
  record Defined(QueuePolicy policy, Delivery delivery) {
    static final Defined DEFAULTS = new Defined(QueuePolicy.defaults(), Delivery.byType());
  }

  SluiceBuilder(Engine engine) {
    this.engine = engine;
    queues.put(JobType.DEFAULT_QUEUE, Defined.DEFAULTS);
  }

  /// Names a queue and its policy. The queue `default` is always there; naming it replaces its
  /// policy.
  ///
  /// @throws IllegalArgumentException when the name is none
  public SluiceBuilder queue(String name, QueuePolicy policy) {
    return queue(name, policy, Delivery.byType());
  }

  /// Names a queue, its policy and how its jobs get to their workers.
  ///
  /// @throws IllegalArgumentException when the name is none
  public SluiceBuilder queue(String name, QueuePolicy policy, Delivery delivery) {
    Objects.requireNonNull(policy, "policy: must not be null");
    Objects.requireNonNull(delivery, "delivery: must not be null");
    queues.put(Names.require("queue", name), new Defined(policy, delivery));
    return this;
  }

  /// Registers the handler of a job type, and its queue with the default policy if it was not
  /// named.
  ///
  /// A Sluice with at least one handler works on all of its queues that deliver by type; one
  /// without only enqueues into them.
  ///
  /// @throws IllegalArgumentException when the type has a handler already
  public <T> SluiceBuilder handle(JobType<T> type, Handler<T> handler) {
    Objects.requireNonNull(type, "type: must not be null");
    Objects.requireNonNull(handler, "handler: must not be null");
    if (registrations.putIfAbsent(type.name(), new Registration<>(type, handler)) != null) {
      throw new IllegalArgumentException("job type: '" + type.name() + "' has a handler already");
    }
    queues.putIfAbsent(type.queue(), Defined.DEFAULTS);
    return this;
  }

  /// Adds somebody who wants to know what happens to jobs.
  public SluiceBuilder listen(JobListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener: must not be null"));
    return this;
  }

  /// Names who is told of each batch of enqueues, in place of an earlier one.
  public SluiceBuilder measure(CommitListener listener) {
    commitListener = Objects.requireNonNull(listener, "listener: must not be null");
    return this;
  }

  /// Replaces clock, randomness and threads; for tests and simulations.
  public SluiceBuilder environment(Environment value) {
    environment = Objects.requireNonNull(value, "environment: must not be null");
    return this;
  }

  /// Starts to work. The Sluice owns the engine from here and closes it, also when this fails.
  public Sluice start() {
    try {
      return Sluice.start(this);
    } catch (RuntimeException | Error failure) {
      engine.close();
      throw failure;
    }
  }
}
