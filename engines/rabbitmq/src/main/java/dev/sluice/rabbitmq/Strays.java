package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.job.Job;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Jobs whose line was gone when their time came. They wait in a queue of their own until their
/// line is there again, and are sent on to it.
///
/// Threading: thread-safe; blocks for the broker. `turn` lets one caller look at a time, for what
/// one has taken another does not see.
final class Strays {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final int AT_ONCE = 500;
  private static final int MIN_LOOK = 10_000;

  private final Link link;
  private final RabbitUrl url;
  private final Outbox outbox;
  private final Function<String, Load> loads;
  private final String lost;
  private final Turn turn;

  Strays(Link link, RabbitUrl url, Duration limit, Outbox outbox, Function<String, Load> loads) {
    this.link = link;
    this.url = url;
    this.outbox = outbox;
    this.loads = loads;
    turn = new Turn(limit);
    lost = new Delays(url.prefix()).lost();
  }

  /// Sends the strays of a queue to its lines, which must be there.
  ///
  /// @return how many of other queues, or none that is known, are left
  /// @throws EngineUnavailableException when the broker cannot be asked
  long takeBack(String queue) {
    try (Turn.Mine _ = turn.take(lost, "somebody else is looking through '" + lost + "'")) {
      try (Look look = new Look(link, lost)) {
        return takeBack(queue, look);
      }
    } catch (IOException | AlreadyClosedException failure) {
      throw new EngineUnavailableException(
          "the messages in '" + lost + "' cannot be read: " + Sentences.of(failure, url), failure);
    }
  }

  /// Says that some are left.
  String sentence(long left) {
    return left
        + " messages wait in '"
        + lost
        + "' for queues that were deleted; each comes back when a queue of its name is used again";
  }

  private long takeBack(String queue, Look look) throws IOException {
    long others = 0;
    long seen = 0;
    List<Stray> found = new ArrayList<>();
    // What was given back a moment ago is not in the broker's count yet, but comes when asked for.
    long most = Math.max(look.count(), MIN_LOOK);
    for (; seen < most; seen++) {
      GetResponse got = look.next();
      if (got == null) {
        break;
      }
      Envelope envelope = read(queue, got);
      if (envelope == null) {
        others++;
        continue;
      }
      found.add(new Stray(got.getEnvelope().getDeliveryTag(), envelope));
      if (found.size() == AT_ONCE) {
        send(look, found);
      }
    }
    send(look, found);
    if (seen > others) {
      LOG.log(
          Level.INFO,
          "{0} jobs of the queue ''{1}'' whose time came while it was deleted are in line now",
          seen - others,
          queue);
    }
    return others;
  }

  /// @return null when it is no job of that queue
  private static @Nullable Envelope read(String queue, GetResponse got) {
    try {
      return Delays.queueOf(got.getEnvelope().getRoutingKey()).equals(queue)
          ? Messages.decodeUncounted(queue, got.getProps(), got.getBody())
          : null;
    } catch (ForeignMessageException | IllegalArgumentException _) {
      return null;
    }
  }

  private record Stray(long tag, Envelope envelope) {}

  private void send(Look look, List<Stray> found) throws IOException {
    Outbox.Sent sent =
        outbox.sendEach(found.stream().map(stray -> outbox.toLine(stray.envelope(), 0)).toList());
    List<Long> arrived = new ArrayList<>();
    for (int place : sent.arrived().stream().toArray()) {
      Stray stray = found.get(place);
      Job job = stray.envelope().job();
      loads.apply(job.queue()).returned(job.bytes(), 0);
      arrived.add(stray.tag());
    }
    look.delete(arrived);
    found.clear();
    if (sent.failure() != null) {
      throw sent.failure();
    }
  }
}
