package dev.sluice.rabbitmq;

import com.rabbitmq.client.Command;
import com.rabbitmq.client.TrafficListener;
import dev.sluice.engine.Environment;

/// Whether the broker is heard on a connection. An answer that is overdue, while nothing else was
/// heard either, is a doubt only, for it may be one queue of which the broker knows nothing. When
/// it then does not answer for a second what is no queue's question, it is silent, until anything
/// is heard.
///
/// Threading: thread-safe; [#isToBeAsked] belongs to the loop of the link.
final class Hearing implements TrafficListener {
  private static final long DOUBT_NANOS = 1_000_000_000;

  private final Environment.Clock clock;
  private volatile long heardNanos;
  private volatile boolean doubtful;
  private volatile boolean silent;

  /// The last time at which there was no doubt.
  private long certainNanos;

  Hearing(Environment.Clock clock) {
    this.clock = clock;
  }

  @Override
  public void write(Command sent) {}

  /// Heartbeats do not come here.
  @Override
  public void read(Command heard) {
    heard();
  }

  void heard() {
    heardNanos = clock.monotonicNanos();
    doubtful = false;
    silent = false;
  }

  /// Takes down that an answer is overdue.
  ///
  /// @param askedNanos when it was asked for
  void unanswered(long askedNanos) {
    if (heardNanos - askedNanos < 0) {
      doubtful = true;
    }
  }

  /// Whether the broker should be asked something, to be heard.
  boolean isToBeAsked(long nowNanos) {
    if (!doubtful) {
      certainNanos = nowNanos;
      return false;
    }
    if (nowNanos - certainNanos > DOUBT_NANOS) {
      silent = true;
    }
    return true;
  }

  boolean isSilent() {
    return silent;
  }
}
