package dev.sluice.rabbitmq;

import dev.sluice.engine.Environment;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What the broker refused, by queue, for as long as somebody uses the queue: whoever does hears it
/// again and again, and what nobody asks for any more makes nobody ill.
///
/// Threading: thread-safe.
final class Refusals {
  private static final long UNUSED_NANOS = 60_000_000_000L;

  private final Environment.Clock clock;
  private final Map<String, Refusal> byQueue = new ConcurrentHashMap<>();

  private record Refusal(String words, long atNanos) {}

  Refusals(Environment.Clock clock) {
    this.clock = clock;
  }

  void add(String queue, String words) {
    byQueue.put(queue, new Refusal(words, clock.monotonicNanos()));
  }

  void remove(String queue) {
    byQueue.remove(queue);
  }

  void clear() {
    byQueue.clear();
  }

  Optional<String> first() {
    long now = clock.monotonicNanos();
    byQueue.values().removeIf(refusal -> now - refusal.atNanos() > UNUSED_NANOS);
    return byQueue.values().stream().findFirst().map(Refusal::words);
  }
}
