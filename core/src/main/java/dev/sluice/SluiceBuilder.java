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
  final Map<String, QueuePolicy> policies = new LinkedHashMap<>();
  final Map<String, Registration<?>> registrations = new LinkedHashMap<>();
  final List<JobListener> listeners = new ArrayList<>();
  Environment environment = Environment.system();

  SluiceBuilder(Engine engine) {
    this.engine = engine;
    policies.put(JobType.DEFAULT_QUEUE, QueuePolicy.defaults());
  }

  /// Names a queue and its policy. The queue `default` is always there; naming it replaces its
  /// policy.
  ///
  /// @throws IllegalArgumentException when the name is none
  public SluiceBuilder queue(String name, QueuePolicy policy) {
    Names.require("queue", name);
    policies.put(name, Objects.requireNonNull(policy, "policy: must not be null"));
    return this;
  }

  /// Registers the handler of a job type, and its queue with the default policy if it was not
  /// named.
  ///
  /// A Sluice with at least one handler works on all of its queues; one without only enqueues.
  ///
  /// @throws IllegalArgumentException when the type has a handler already
  public <T> SluiceBuilder handle(JobType<T> type, Handler<T> handler) {
    Objects.requireNonNull(type, "type: must not be null");
    Objects.requireNonNull(handler, "handler: must not be null");
    if (registrations.putIfAbsent(type.name(), new Registration<>(type, handler)) != null) {
      throw new IllegalArgumentException("job type: '" + type.name() + "' has a handler already");
    }
    policies.putIfAbsent(type.queue(), QueuePolicy.defaults());
    return this;
  }

  /// Adds somebody who wants to know what happens to jobs.
  public SluiceBuilder listen(JobListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener: must not be null"));
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
