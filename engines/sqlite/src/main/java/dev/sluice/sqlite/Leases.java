package dev.sluice.sqlite;

import dev.sluice.engine.Lease;
import dev.sluice.job.JobId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The leases: exactly one for each RUNNING row of the file, so that a guard needs no read. Changes
/// are undone with the transaction they belong to.
///
/// Threading: confined to the writer's thread.
final class Leases {
  private final Map<JobId, Running> byJob = new HashMap<>();
  private final List<Running> added = new ArrayList<>();
  private final List<Running> removed = new ArrayList<>();

  void add(Running running) {
    byJob.put(running.id, running);
    added.add(running);
  }

  void remove(Running running) {
    byJob.remove(running.id);
    removed.add(running);
  }

  @Nullable Running find(JobId id) {
    return byJob.get(id);
  }

  /// The running job that the lease still holds.
  @Nullable Running held(Lease lease) {
    Running running = byJob.get(lease.id());
    return running == null || running.epoch != lease.epoch() ? null : running;
  }

  /// Those whose deadline has passed, oldest first.
  List<Running> past(long nowNanos, int max) {
    return byJob.values().stream()
        .filter(running -> running.isPast(nowNanos))
        .sorted(
            Comparator.comparingLong((Running running) -> running.deadlineNanos - nowNanos)
                .thenComparingLong(running -> running.startedAtMillis)
                .thenComparing(running -> running.id))
        .limit(max)
        .toList();
  }

  void committed() {
    added.clear();
    removed.clear();
  }

  // A job that was claimed and settled cannot be in one transaction: its lease was not answered.
  void rolledBack() {
    added.forEach(running -> byJob.remove(running.id));
    removed.forEach(running -> byJob.put(running.id, running));
    committed();
  }
}
