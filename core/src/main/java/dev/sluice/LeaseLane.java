package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The leases of one queue of a broker that are being extended, on a thread of their own, and when
/// to try again after that failed.
///
/// Threading: confined to the keeper, but for [#hasAnswer] and [#nanosWaited], which are
/// thread-safe.
final class LeaseLane {
  private static final long RETRY_NANOS = 1_000_000_000;

  /// What became of one part; one of the two is there.
  private record Result(
      LeaseKeeper.Part part, List<Extension> answers, @Nullable RuntimeException failure) {}

  private final String name;
  private volatile @Nullable Caller<List<Result>> caller;
  private volatile long askedNanos;
  private boolean failed;
  private long failedNanos;

  LeaseLane(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  /// Whether nothing is asked and nothing has failed just now.
  boolean mayAsk(long now) {
    return caller == null && !(failed && now - failedNanos < RETRY_NANOS);
  }

  /// @param told called as soon as there is an answer
  void ask(
      Engine engine,
      Environment.Threads threads,
      List<LeaseKeeper.Part> parts,
      long now,
      Runnable told) {
    Caller<List<Result>> asking = Caller.start(threads, "sluice-keeper-" + name, told);
    asking.ask(() -> extend(engine, parts));
    // Once in so many seconds: not worth a thread that waits for it.
    asking.end();
    askedNanos = now;
    caller = asking;
  }

  /// Whatever goes wrong with some leases, the others are extended.
  private static List<Result> extend(Engine engine, List<LeaseKeeper.Part> parts) {
    List<Result> results = new ArrayList<>(parts.size());
    for (LeaseKeeper.Part part : parts) {
      try {
        results.add(new Result(part, part.extend(engine), null));
      } catch (RuntimeException failure) {
        results.add(new Result(part, List.of(), failure));
      }
    }
    return results;
  }

  boolean hasAnswer() {
    Caller<List<Result>> asking = caller;
    return asking != null && asking.hasAnswer();
  }

  /// How long the engine has not answered; 0 when it was not asked.
  long nanosWaited(long now) {
    return caller == null ? 0 : now - askedNanos;
  }

  /// Heeds the answer, which must be there.
  ///
  /// @throws RuntimeException what the engine threw, the first of it
  void take(long now) {
    Caller<List<Result>> asking = Objects.requireNonNull(caller);
    caller = null;
    // Until it is known that nothing did.
    failed = true;
    failedNanos = now;
    RuntimeException first = null;
    for (Result result : asking.take()) {
      if (result.failure == null) {
        result.part.heed(result.answers, askedNanos, now);
      } else {
        first = first == null ? result.failure : first;
      }
    }
    if (first != null) {
      throw first;
    }
    failed = false;
  }
}
