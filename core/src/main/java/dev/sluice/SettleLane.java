package dev.sluice;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Ended runs that wait to be recorded together, and when to try again after that failed.
///
/// Threading: confined to the settler.
final class SettleLane {
  private static final long FIRST_PAUSE_NANOS = 100_000_000;
  private static final long LONGEST_PAUSE_NANOS = 5_000_000_000L;

  private final String name;

  /// Oldest first.
  private final ArrayList<Run> pending = new ArrayList<>();

  private int expected;
  private int added;
  private long pauseNanos = FIRST_PAUSE_NANOS;
  private long failedNanos;
  private @Nullable String trouble;

  /// When it had its turn, in turns of the settler.
  long servedAt;

  SettleLane(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean isEmpty() {
    return pending.isEmpty();
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
  }
}
