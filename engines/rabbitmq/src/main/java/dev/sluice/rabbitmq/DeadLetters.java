package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The dead jobs of queues, each in the dead-letter queue of its own. A queue cannot be read
/// without taking from it, so whoever looks takes messages on a channel of his own and gives them
/// back by closing it: they are as before, but for their order and a number that the broker counts.
///
/// Threading: thread-safe. `turn` lets one caller look at a time, for two would see half each; it
/// is held while the broker is asked.
final class DeadLetters {
  /// Most messages that one look takes, and most bytes of them that are kept for an answer.
  private static final int MAX_LOOK = 10_000;

  private static final int MIN_LOOK = 1_000;
  private static final long MAX_BYTES = 64L << 20;

  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Duration limit;
  private final Outbox outbox;
  private final Function<String, Load> loads;
  private final Names names;
  private final ReentrantLock turn = new ReentrantLock();

  DeadLetters(
      Link link,
      RabbitUrl url,
      Environment.Clock clock,
      Duration limit,
      Outbox outbox,
      Function<String, Load> loads) {
    this.link = link;
    this.url = url;
    this.clock = clock;
    this.limit = limit;
    this.outbox = outbox;
    this.loads = loads;
    names = new Names(url.prefix());
  }

  /// Sees one message after the other.
  private interface Visitor {
    /// @return whether to go on
    boolean sees(Channel channel, long tag, Envelope envelope) throws IOException;
  }

  /// The oldest dead jobs: exactly those while there are at most 1,000, else of those that the
  /// broker gives first.
  List<JobView> oldest(String queue, int count) {
    List<Envelope> found = new ArrayList<>();
    long[] bytes = {0};
    look(
        queue,
        Math.max(count, MIN_LOOK),
        (_, _, envelope) -> {
          found.add(envelope);
          bytes[0] += envelope.job().bytes();
          return bytes[0] < MAX_BYTES;
        });
    return found.stream()
        .map(this::view)
        .sorted(Comparator.comparing(DeadLetters::diedAt).thenComparing(JobView::id))
        .limit(count)
        .toList();
  }

  private static Instant diedAt(JobView view) {
    Instant finished = view.finishedAt();
    return finished == null ? Instant.EPOCH : finished;
  }

  private JobView view(Envelope envelope) {
    // Without a word on its death the broker itself moved it here: it came back too often.
    Envelope.Death death = envelope.death();
    return new JobView(
        envelope.job(),
        JobState.DEAD,
        envelope.attempt(),
        envelope.crashes(),
        envelope.epoch(),
        -1,
        null,
        null,
        death == null ? null : Instant.ofEpochMilli(death.atMillis()),
        death == null ? DeathReason.POISON : death.reason(),
        false,
        envelope.last() == null ? List.of() : List.of(envelope.last()));
  }

  /// Sends a dead job to the end of its line.
  Control redrive(String queue, JobId id, Bound bound) {
    Control[] answer = {Control.NOT_FOUND};
    look(
        queue,
        MAX_LOOK,
        (channel, tag, envelope) -> {
          if (!envelope.job().id().equals(id)) {
            return true;
          }
          answer[0] = redrive(envelope, bound);
          if (answer[0] == Control.APPLIED) {
            acknowledge(channel, tag);
          }
          return false;
        });
    return answer[0];
  }

  private Control redrive(Envelope dead, Bound bound) {
    Load load = loads.apply(dead.job().queue());
    int bytes = dead.job().bytes();
    if (load.admit(bytes, bound, clock.wallMillis(), clock.monotonicNanos()) != null) {
      return Control.NO_ROOM;
    }
    boolean sent = false;
    try {
      outbox.send(List.of(outbox.toLine(dead.revived(), 0)));
      sent = true;
    } finally {
      load.sent(bytes, sent, 0);
    }
    return Control.APPLIED;
  }

  /// Deletes dead jobs.
  ///
  /// @return how many were found
  int forget(String queue, Set<JobId> ids) {
    Set<JobId> left = new HashSet<>(ids);
    look(
        queue,
        MAX_LOOK,
        (channel, tag, envelope) -> {
          if (left.remove(envelope.job().id())) {
            acknowledge(channel, tag);
          }
          return !left.isEmpty();
        });
    return ids.size() - left.size();
  }

  private void acknowledge(Channel channel, long tag) throws IOException {
    try (Link.Watch _ = link.watch()) {
      channel.basicAck(tag, false);
    }
  }

  private void look(String queue, int most, Visitor visitor) {
    takeTurn();
    try {
      Channel channel = link.openChannel();
      try {
        visit(queue, most, visitor, channel);
      } finally {
        // Gives everything back that was not acknowledged.
        link.closeChannel(channel);
      }
    } catch (IOException | AlreadyClosedException failure) {
      if (Sentences.replyCode(failure) != 404) {
        throw new EngineUnavailableException(
            "the dead jobs of '" + queue + "' cannot be read: " + Sentences.of(failure, url),
            failure);
      }
      // Without a dead-letter queue there are no dead jobs.
    } finally {
      turn.unlock();
    }
  }

  private void visit(String queue, int most, Visitor visitor, Channel channel) throws IOException {
    long deadline = clock.monotonicNanos() + limit.toNanos();
    boolean goOn = true;
    for (int seen = 0; goOn && seen < most; seen++) {
      if (deadline - clock.monotonicNanos() < 0) {
        throw new EngineUnavailableException(
            "the dead jobs of '"
                + queue
                + "' could not be looked through in "
                + limit.toSeconds()
                + " s");
      }
      GetResponse got = link.call(() -> channel.basicGet(names.dead(queue), false));
      if (got == null) {
        return;
      }
      Envelope envelope = read(queue, got);
      if (envelope != null) {
        goOn = visitor.sees(channel, got.getEnvelope().getDeliveryTag(), envelope);
      }
    }
  }

  private static @Nullable Envelope read(String queue, GetResponse got) {
    try {
      // That others have looked at it is no crash.
      return Messages.decodeUncounted(queue, got.getProps(), got.getBody());
    } catch (ForeignMessageException _) {
      // It was put here because it is no job.
      return null;
    }
  }

  private void takeTurn() {
    boolean interrupted = false;
    boolean taken = false;
    try {
      taken = turn.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      interrupted = true;
      taken = turn.tryLock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new EngineUnavailableException("somebody else is looking through dead jobs");
    }
  }
}
