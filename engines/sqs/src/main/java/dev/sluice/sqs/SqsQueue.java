package dev.sluice.sqs;

/// One Sluice queue as this process knows it.
///
/// Threading: thread-safe.
final class SqsQueue {
  /// What SQS said of the depth when it was asked last; about right, as it says itself.
  ///
  /// @param visible messages that wait
  /// @param inFlight messages that somebody received
  /// @param delayed messages that are not due
  /// @param dead messages in the dead-letter queue
  record Depth(long visible, long inFlight, long delayed, long dead) {
    static final Depth NONE = new Depth(0, 0, 0, 0);

    Depth withDead(long count) {
      return new Depth(visible, inFlight, delayed, count);
    }
  }

  private final String name;
  final Topology topology;
  final Receiver receiver;
  final Admissions admissions;
  volatile Depth depth = Depth.NONE;

  /// Whether the depth was asked at least once.
  volatile boolean looked;

  /// Whether it is known to be there.
  volatile boolean exists;

  /// When somebody last asked for anything here, by the monotonic clock.
  volatile long usedNanos;

  SqsQueue(String name, Topology topology, Service service, Ledger ledger, Batches batches) {
    this.name = name;
    this.admissions = new Admissions(service.clock());
    this.topology = topology;
    this.receiver = new Receiver(this, service, ledger, batches);
    this.usedNanos = service.clock().monotonicNanos();
  }

  String name() {
    return name;
  }
}
