package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Ended runs that wait to be recorded together, and when to try again after that failed. On a
/// broker also the thread that has them recorded, and those of them that it is busy with.
///
/// Threading: confined to the settler.
final class SettleLane {
  private static final long FIRST_PAUSE_NANOS = 100_000_000;
  private static final long LONGEST_PAUSE_NANOS = 5_000_000_000L;

  /// How long an empty lane keeps its thread, which the next run that ends will want again.
  private static final long LINGER_NANOS = 5_000_000_000L;

  /// The oldest runs of the lane, and how each is to be recorded.
  record Asked(List<Run> part, List<Settle> settles) {}

  private final String name;

  /// Oldest first.
  private final ArrayList<Run> pending = new ArrayList<>();

  private int expected;
  private int added;
  private long pauseNanos = FIRST_PAUSE_NANOS;
  private long failedNanos;
  private @Nullable String trouble;

  /// On a broker, from the first question on.
  private @Nullable Caller<List<Settled>> caller;

  private @Nullable Asked asked;
  private long askedNanos;

  SettleLane(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  int size() {
    return pending.size();
  }

  /// Why its runs cannot be recorded, in words; null when they can.
  @Nullable String trouble() {
    return trouble;
  }

  /// One more will be added.
  void expect() {
    expected++;
  }

  /// Makes room for those that will be added, so that adding needs no memory.
  void makeRoom() {
    pending.ensureCapacity(pending.size() + expected);
    expected = 0;
    added = 0;
  }

  /// Adds a run; those of one time come newest first.
  void add(Run run) {
    pending.add(run);
    added++;
  }

  /// Puts what was added into its order.
  void turnRound() {
    Collections.reverse(pending.subList(pending.size() - added, pending.size()));
    added = 0;
  }

  /// The oldest runs, at most `most`.
  List<Run> next(int most) {
    return List.copyOf(pending.subList(0, Math.min(most, pending.size())));
  }

  /// How long until it may try; 0 for now.
  long nanosToTry(long now) {
    return trouble == null ? 0 : Math.max(0, failedNanos + pauseNanos - now);
  }

  void failed(String why, long now) {
    pauseNanos =
        trouble == null ? FIRST_PAUSE_NANOS : Math.min(LONGEST_PAUSE_NANOS, pauseNanos * 2);
    trouble = why;
    failedNanos = now;
  }

  /// The oldest so many have been recorded.
  void recorded(int count) {
    pending.subList(0, count).clear();
    trouble = null;
    asked = null;
  }

  /// Has the engine record so many of the oldest, on a thread of the lane's own.
  ///
  /// @param told called there as soon as there is an answer
  void ask(Engine engine, Environment environment, Asked wanted, Runnable told) {
    Caller<List<Settled>> asking = caller;
    if (asking == null) {
      asking = Caller.start(environment.threads(), "sluice-settler-" + name, told);
      caller = asking;
    }
    asking.ask(() -> engine.settle(wanted.settles));
    asked = wanted;
    askedNanos = environment.clock().monotonicNanos();
  }

  /// Whether the engine was asked and its answer not taken yet.
  boolean isAsking() {
    return caller != null && caller.isAsking();
  }

  /// Whether there is an answer to take.
  boolean hasAnswer() {
    return caller != null && caller.hasAnswer();
  }

  /// Takes the answer, which must be there.
  ///
  /// @throws RuntimeException what the engine threw
  List<Settled> takeAnswer() {
    return Objects.requireNonNull(caller).take();
  }

  /// What the engine was asked last.
  Asked asked() {
    return Objects.requireNonNull(asked);
  }

  /// How long until an empty lane is no longer worth its thread; 0 for now.
  long nanosToEnd(long now) {
    return Math.max(0, askedNanos + LINGER_NANOS - now);
  }

  /// Lets its thread end, as soon as the engine has answered.
  void end() {
    if (caller != null) {
      caller.end();
    }
  }
}
