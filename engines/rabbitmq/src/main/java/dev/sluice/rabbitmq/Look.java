package dev.sluice.rabbitmq;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// A look through one queue on the broker, on a channel of its own. A queue cannot be read without
/// taking from it, so messages are taken one by one, and go back when the look ends, but for those
/// that were deleted: they are as before, but for their order and a number that the broker counts.
///
/// Threading: confined to one thread; blocks for the broker.
final class Look implements AutoCloseable {
  /// How many messages are deleted at once. Of what a channel asks of a quorum queue, RabbitMQ
  /// sends 32 commands (`quorum_commands_soft_limit`; each message that was taken by itself is
  /// one), and holds back the others. When the channel closes it forgets them, and what was deleted
  /// comes again.
  private static final int AT_ONCE = 30;

  private final Link link;
  private final String queue;
  private final Channel channel;

  /// Messages that came before they were wanted.
  private final Queue<GetResponse> taken = new ArrayDeque<>();

  Look(Link link, String queue) throws IOException {
    this.link = link;
    this.queue = queue;
    channel = link.openChannel();
  }

  /// How many messages the broker counts, which may be those of a moment ago.
  long count() throws IOException {
    return link.call(() -> channel.queueDeclarePassive(queue)).getMessageCount();
  }

  /// Takes the next message; null when there is none.
  @Nullable GetResponse next() throws IOException {
    GetResponse early = taken.poll();
    return early == null ? take() : early;
  }

  private @Nullable GetResponse take() throws IOException {
    return link.call(() -> channel.basicGet(queue, false));
  }

  /// Deletes messages that were taken.
  void delete(List<Long> tags) throws IOException {
    for (int from = 0; from < tags.size(); from += AT_ONCE) {
      for (long tag : tags.subList(from, Math.min(tags.size(), from + AT_ONCE))) {
        try (Link.Watch _ = link.watch()) {
          channel.basicAck(tag, false);
        }
      }
      // It is answered when the queue has done what came before.
      GetResponse early = take();
      if (early != null) {
        taken.add(early);
      }
    }
  }

  @Override
  public void close() throws IOException {
    link.giveBack(channel);
  }
}
