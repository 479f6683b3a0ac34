package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The chore that extends the lease of every run whose handler works here, at every third of its
/// length, until its end is recorded; and that learns from the answers who shall stop.
///
/// On a broker, which can fail or fall silent for one queue alone, the leases of each queue are
/// extended on a thread of its own, and what is answered is heeded in a later step. So a step may
/// be over before leases were extended: brokers give jobs out again by themselves, and no reaper
/// here has to wait for that.
///
/// Threading: confined to the keeper, but for [#hasAnswers] and [#trouble], which are thread-safe.
final class LeaseKeeper implements Environment.Step {
  private static final long INTERVAL_NANOS = 250_000_000;

  private final Engine engine;
  private final Environment environment;
  private final Runs runs;

  /// Whether a queue can fail by itself.
  private final boolean alone;

  /// On a broker: what is being asked, and what has failed, by queue; bounded by the queues.
  private final Map<String, LeaseLane> lanes = new ConcurrentHashMap<>();

  private volatile Runnable wake = () -> {};

  LeaseKeeper(Engine engine, Environment environment, Runs runs) {
    this.engine = engine;
    this.environment = environment;
    this.runs = runs;
    this.alone = engine.limits().brokered();
  }

  /// Names what asks for a step of the keeper.
  void wakeBy(Runnable wakeUp) {
    wake = wakeUp;
  }

  /// What is extended in one go.
  record Part(List<Run> runs, Duration lease) {
    List<Extension> extend(Engine engine) {
      return engine.extend(runs.stream().map(run -> run.claim.lease()).toList(), lease);
    }

    /// @param asked when the engine was, which is when its leases begin to count
    void heed(List<Extension> answers, long asked, long now) {
      for (int i = 0; i < runs.size(); i++) {
        Run run = runs.get(i);
        run.extendedNanos = asked;
        run.lease = lease;
        run.heed(answers.get(i), now);
      }
    }
  }

  @Override
  public long step() {
    long now = environment.clock().monotonicNanos();
    Throwable failed = takeAnswers();
    for (Map.Entry<String, List<Part>> some : due(now).entrySet()) {
      try {
        extend(some.getKey(), some.getValue(), now);
      } catch (RuntimeException failure) {
        failed = failed == null ? failure : failed;
      }
    }
    return switch (failed) {
      case RuntimeException exception -> throw exception;
      case Error error -> throw error;
      case null, default -> INTERVAL_NANOS;
    };
  }

  /// What is due, by the queue; on other engines all of it together.
  private Map<String, List<Part>> due(long now) {
    Map<String, Map<Duration, List<Run>>> due = new HashMap<>();
    for (Run run : runs.snapshot()) {
      if (run instanceof PulledRun) {
        // Its worker does that, as the sign that it lives.
        continue;
      }
      // The engine counts by the lease it was told last, whatever the policy says by now.
      Duration lease = run.queue.policy().lease();
      long shorter = Math.min(lease.toNanos(), run.lease.toNanos());
      if (now - run.extendedNanos >= shorter / 3) {
        due.computeIfAbsent(alone ? run.queue.name() : "", _ -> new HashMap<>())
            .computeIfAbsent(lease, _ -> new ArrayList<>())
            .add(run);
      }
    }
    Map<String, List<Part>> parts = new HashMap<>();
    due.forEach((queue, byLease) -> parts.put(queue, parts(byLease)));
    return parts;
  }

  private List<Part> parts(Map<Duration, List<Run>> byLease) {
    int batch = engine.limits().batch();
    List<Part> parts = new ArrayList<>();
    byLease.forEach((lease, all) -> {
      for (int from = 0; from < all.size(); from += batch) {
        parts.add(new Part(all.subList(from, Math.min(all.size(), from + batch)), lease));
      }
    });
    return parts;
  }

  private void extend(String queue, List<Part> parts, long now) {
    if (!alone) {
      extendHere(parts, now);
      return;
    }
    LeaseLane lane = lanes.get(queue);
    if (lane == null) {
      lane = new LeaseLane(queue);
      lanes.put(queue, lane);
    }
    if (lane.mayAsk(now)) {
      lane.ask(engine, environment.threads(), parts, now, () -> wake.run());
    }
  }

  /// Whatever goes wrong with some leases, the others are extended.
  private void extendHere(List<Part> parts, long now) {
    RuntimeException failed = null;
    for (Part part : parts) {
      try {
        part.heed(part.extend(engine), now, now);
      } catch (RuntimeException failure) {
        failed = failed == null ? failure : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  /// Heeds what was answered since the last step.
  ///
  /// @return the first failure
  private @Nullable Throwable takeAnswers() {
    Throwable failed = null;
    for (LeaseLane lane : lanes.values()) {
      if (lane.hasAnswer()) {
        try {
          lane.take(environment.clock().monotonicNanos());
        } catch (RuntimeException | Error failure) {
          failed = failed == null ? failure : failed;
        }
      }
    }
    long now = environment.clock().monotonicNanos();
    lanes.values().removeIf(lane -> lane.mayAsk(now));
    return failed;
  }

  /// Whether a step would find answers, and so is worth it before its time.
  boolean hasAnswers() {
    return lanes.values().stream().anyMatch(LeaseLane::hasAnswer);
  }

  /// Says that leases could not be extended for long, because the engine does not answer.
  Optional<String> trouble(long longerThanNanos) {
    long now = environment.clock().monotonicNanos();
    return lanes.values().stream()
        .filter(lane -> lane.nanosWaited(now) > longerThanNanos)
        .findFirst()
        .map(lane ->
            "the engine has not answered for "
                + lane.nanosWaited(now) / 1_000_000_000
                + " s about the leases of queue '"
                + lane.name()
                + "'");
  }
}
