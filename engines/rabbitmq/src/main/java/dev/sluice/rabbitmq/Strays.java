package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import dev.sluice.rabbitmq.Outbox.Letter;
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
    try (Turn.Mine _ = turn.take("somebody else is looking through '" + lost + "'")) {
      Channel channel = link.openChannel();
      try {
        return takeBack(queue, channel);
      } finally {
        link.giveBack(channel);
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

  private long takeBack(String queue, Channel channel) throws IOException {
    long others = 0;
    long seen = 0;
    List<Long> tags = new ArrayList<>();
    List<Letter> letters = new ArrayList<>();
    // What was given back a moment ago is not in the broker's count yet, but comes when asked for.
    long counted = link.call(() -> channel.queueDeclarePassive(lost)).getMessageCount();
    long most = Math.max(counted, MIN_LOOK);
    for (; seen < most; seen++) {
      GetResponse got = link.call(() -> channel.basicGet(lost, false));
      if (got == null) {
        break;
      }
      Envelope envelope = read(queue, got);
      if (envelope == null) {
        others++;
        continue;
      }
      tags.add(got.getEnvelope().getDeliveryTag());
      letters.add(outbox.toLine(envelope, 0));
      loads.apply(queue).returned(envelope.job().bytes(), 0);
      if (letters.size() == AT_ONCE) {
        send(channel, letters, tags);
      }
    }
    send(channel, letters, tags);
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

  private void send(Channel channel, List<Letter> letters, List<Long> tags) throws IOException {
    outbox.send(letters);
    for (long tag : tags) {
      try (Link.Watch _ = link.watch()) {
        channel.basicAck(tag, false);
      }
    }
    letters.clear();
    tags.clear();
  }
}
