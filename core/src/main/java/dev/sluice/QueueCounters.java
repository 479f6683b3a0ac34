package dev.sluice;

import java.util.concurrent.atomic.LongAdder;

/// What happened in a queue since this process started.
///
/// Threading: thread-safe.
final class QueueCounters {
  final LongAdder accepted = new LongAdder();
  final LongAdder duplicates = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder started = new LongAdder();
  final LongAdder succeeded = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder leasesLost = new LongAdder();
  final LongAdder lateResults = new LongAdder();
}
