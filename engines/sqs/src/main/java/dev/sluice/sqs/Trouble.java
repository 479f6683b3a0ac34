package dev.sluice.sqs;

import dev.sluice.engine.Environment;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What is wrong right now, by queue: a queue's entry goes when a call for it succeeds, and when
/// nobody has used the queue for a while, for then no call will ever succeed.
///
/// Threading: thread-safe.
final class Trouble {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  /// From how many failures in a row on it is trouble: one that is gone at the next try is none.
  private static final int FAILURES = 3;

  /// A queue in use is asked for something more often than this, and fails or succeeds.
  private static final long FORGOTTEN_NANOS = 60_000_000_000L;

  /// @param nanos when it failed last, by the monotonic clock
  private record Entry(int failures, String sentence, long nanos) {}

  private final Environment.Clock clock;
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();

  Trouble(Environment.Clock clock) {
    this.clock = clock;
  }

  void failed(String queue, String words) {
    add(queue, words, 1);
  }

  /// A call was given up.
  void gaveUp(String queue, String words) {
    add(queue, words, FAILURES);
  }

  private void add(String queue, String words, int failures) {
    forget();
    long nanos = clock.monotonicNanos();
    Entry now =
        entries.compute(
            queue,
            (_, before) -> new Entry(failuresOf(before) + failures, sentence(queue, words), nanos));
    if (now.failures >= FAILURES && now.failures - failures < FAILURES) {
      LOG.log(System.Logger.Level.WARNING, now.sentence);
    }
  }

  private void forget() {
    long now = clock.monotonicNanos();
    entries.values().removeIf(entry -> now - entry.nanos >= FORGOTTEN_NANOS);
  }

  private static int failuresOf(@Nullable Entry before) {
    return before == null ? 0 : Math.min(before.failures, 1_000_000);
  }

  private static String sentence(String queue, String words) {
    return "queue '" + queue + "' on SQS: " + words;
  }

  void succeeded(String queue) {
    if (entries.isEmpty()) {
      return;
    }
    Entry before = entries.remove(queue);
    if (before != null && before.failures >= FAILURES) {
      LOG.log(System.Logger.Level.INFO, "queue '" + queue + "' on SQS: works again");
    }
  }

  Optional<String> sentence() {
    forget();
    return new TreeMap<>(entries)
        .values().stream()
            .filter(entry -> entry.failures >= FAILURES)
            .map(Entry::sentence)
            .findFirst();
  }
}
