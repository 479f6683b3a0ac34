package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How one line of a queue comes to a consumer: by a session that asks beside the one that is used,
/// and takes its place when the line has answered. There is one at a time, which waits as long as
/// it takes: an attempt that was given up would still get jobs when the line is well again, and the
/// end of its channel would count as a failure of each.
///
/// A line without a leader for about a minute makes RabbitMQ end the connection of whoever asks it,
/// with everything that hangs on it. So after an attempt that ended in this way the next one comes
/// late, and later each time.
///
/// Threading: confined to the tender's loop of the queue.
final class Line {
  /// After so long a line that has not answered is not well.
  private static final long OVERDUE_NANOS = Duration.ofSeconds(3).toNanos();

  /// The broker's code for what went wrong within it, with which it ends the connection.
  private static final int INTERNAL_ERROR = 541;

  private static final long FIRST_PAUSE_NANOS = Duration.ofMinutes(1).toNanos();
  private static final long LONGEST_PAUSE_NANOS = Duration.ofMinutes(10).toNanos();

  private final Link link;
  private final Environment.Threads threads;
  private final Subscription subscription;
  private final Priority priority;
  private final String name;
  private @Nullable Session asking;
  private long begunNanos;
  private long pauseNanos = FIRST_PAUSE_NANOS;
  private long notBeforeNanos;

  /// @param name on the broker
  Line(
      Link link,
      Environment.Threads threads,
      Subscription subscription,
      Priority priority,
      String name) {
    this.link = link;
    this.threads = threads;
    this.subscription = subscription;
    this.priority = priority;
    this.name = name;
    notBeforeNanos = link.nowNanos();
  }

  Priority priority() {
    return priority;
  }

  /// Whether an attempt may begin.
  boolean isFree() {
    return asking == null && link.nowNanos() - notBeforeNanos >= 0;
  }

  /// Whether an attempt is under way, and the line should have answered.
  boolean isOverdue() {
    return asking != null && link.nowNanos() - begunNanos > OVERDUE_NANOS;
  }

  String name() {
    return name;
  }

  /// Begins an attempt.
  void begin() throws IOException {
    begunNanos = link.nowNanos();
    Session made =
        new Session(
            link.openChannel(), link, subscription, priority, name, subscription.wantedPrefetch());
    asking = made;
    made.listen();
    try {
      made.ask();
    } catch (IOException | AlreadyClosedException failure) {
      fail(made, failure);
      throw failure;
    }
  }

  /// Goes on with an attempt, if one is under way: waits for the line, so long at most.
  ///
  /// @throws IOException when it came to nothing
  void goOn(long nanos) throws IOException {
    Session made = asking;
    if (made == null) {
      return;
    }
    try {
      if (made.isAnswered(nanos)) {
        asking = null;
        pauseNanos = FIRST_PAUSE_NANOS;
        subscription.use(made).ifPresent(Session::stop);
      } else if (made.isGone() || made.isEnded()) {
        throw new IOException("the channel ended while the line was asked");
      }
    } catch (IOException | AlreadyClosedException ended) {
      fail(made, ended);
      throw ended;
    }
  }

  private void fail(Session made, Exception failure) {
    if (isOverdue() && Sentences.replyCode(failure) == INTERNAL_ERROR) {
      notBeforeNanos = link.nowNanos() + pauseNanos;
      pauseNanos = Math.min(LONGEST_PAUSE_NANOS, 2 * pauseNanos);
    }
    asking = null;
    threads.handler("sluice-rabbitmq-end", made::abort);
  }
}
