package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.Basic;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownSignalException;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/// One channel on which deliveries of one line come in. When it ends, by whoever's doing, the
/// broker gives everything that was not settled on it to others. Each line has a channel of its
/// own, for the client closes one on which an answer is overdue, and a line that is stuck must not
/// take the jobs of another with it.
///
/// Threading: thread-safe. `lock` guards `open` and is held while settlements are sent, because
/// they must reach the broker in the order in which they were taken out of `open`. Consuming is
/// confined to the tender.
final class Session {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");

  /// For how long the broker may wait to hear of a delivery, in milliseconds: ten years, the most
  /// it takes. RabbitMQ 3.10 does not know it and goes by its own setting.
  private static final long CONSUMER_TIMEOUT_MILLIS = 315_360_000_000L;

  /// How long the broker may take for what it does at once when a line is well.
  private static final int ANSWER_SECONDS = 1;

  /// How long deliveries that have come may take through this process.
  private static final int LAST_SECONDS = 5;

  /// Who takes what comes in.
  interface Receiver {
    void delivered(Session session, long tag, BasicProperties properties, byte[] body);

    /// The broker gives nothing more: the line is gone.
    void cancelled();

    void ended(Session session);
  }

  final Priority priority;
  private final String line;

  /// The most unsettled deliveries that the broker gives.
  final int prefetch;

  private final Channel channel;
  private final Link link;
  private final Receiver receiver;
  private final ReentrantLock lock = new ReentrantLock();

  /// Deliveries that the broker waits to hear of.
  private final TreeSet<Long> open = new TreeSet<>();

  private final LineConsumer consumer;

  /// As the broker answered it; the consumer itself hears of it later. Confined to the tender.
  private String tag = "";

  private volatile boolean ended;
  private volatile boolean gone;
  private volatile boolean primed;
  private volatile boolean stopped;

  /// Whether an answer is overdue. Confined to the tender.
  private boolean owing;

  /// Whether the last delivery has come. Confined to the tender.
  private boolean last;

  Session(
      Channel channel, Link link, Receiver receiver, Priority priority, String line, int prefetch) {
    this.line = line;
    this.channel = channel;
    this.link = link;
    this.receiver = receiver;
    this.priority = priority;
    this.prefetch = prefetch;
    consumer = new LineConsumer(channel);
  }

  /// Begins to listen for the end of the channel.
  void listen() {
    channel.addShutdownListener(_ -> {
      ended = true;
      receiver.ended(this);
    });
  }

  boolean isEnded() {
    return ended;
  }

  /// Whether the line was deleted while it was consumed. As long as the channel lives the broker
  /// may give it jobs of a new line of that name, which nobody would hear of.
  boolean isGone() {
    return gone;
  }

  /// Whether the line has answered. Before, what is here goes back if it does not.
  boolean isPrimed() {
    return primed;
  }

  /// Asks the broker for deliveries. What it has at once is here when this returns.
  void consume() throws IOException {
    try (Link.Watch _ = link.watch()) {
      channel.basicQos(prefetch);
    }
    tag =
        link.call(() ->
            channel.basicConsume(
                line, false, Map.of("x-consumer-timeout", CONSUMER_TIMEOUT_MILLIS), consumer));
    // The answer comes behind the deliveries that were made before it.
    var _ = link.call(() -> channel.queueDeclarePassive(line));
    primed = true;
  }

  /// Asks the broker for no more deliveries, and waits for no answer to that: the client closes a
  /// channel on which one is overdue, and the leases of what came on it would be lost.
  void stop() throws IOException {
    stopped = true;
    // What a queue gives while it hears of the end counts as failed. Settlements let it give more,
    // so none is sent between what it gives for those before and the end.
    lock.lock();
    try {
      awaitDeliveries();
      try (Link.Watch _ = link.watch()) {
        channel.asyncRpc(new Basic.Cancel.Builder().consumerTag(tag).nowait(true).build());
      }
    } finally {
      lock.unlock();
    }
  }

  /// Waits until the queue has done what it was told, by a question that it answers in its turn:
  /// for one message more, which is a delivery as any other.
  private void awaitDeliveries() throws IOException {
    try {
      CompletableFuture<Command> asked;
      try (Link.Watch _ = link.watch()) {
        asked = channel.asyncCompletableRpc(new Basic.Get.Builder().queue(line).build());
      }
      try {
        take(asked.get(ANSWER_SECONDS, TimeUnit.SECONDS));
      } catch (TimeoutException _) {
        owing = true;
        var _ = asked.thenAccept(this::take);
      }
    } catch (ExecutionException _) {
      // The channel has ended.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void take(Command answer) {
    if (answer.getMethod() instanceof Basic.GetOk got) {
      add(got.getDeliveryTag());
      BasicProperties properties = (BasicProperties) answer.getContentHeader();
      receiver.delivered(this, got.getDeliveryTag(), properties, answer.getContentBody());
    }
  }

  /// Waits until the broker gives nothing more. What has come is here when this returns. To be
  /// called after [#stop], when no lease hangs on this channel.
  void awaitLast() throws IOException {
    // Another question would wait for the answer to the one before, for as long as it takes.
    if (!last && !owing) {
      var _ =
          link.call(() -> {
            channel.basicCancel(tag);
            return true;
          });
      consumer.awaitLast();
      last = true;
    }
  }

  boolean isConsuming() {
    return primed && !stopped && !ended && !gone;
  }

  /// Deletes messages from the broker. Those before the oldest that stays take one command
  /// together.
  ///
  /// @return whether the command was sent; else the broker gives the messages to others
  boolean acknowledge(Collection<Long> tags) {
    lock.lock();
    try (Link.Watch _ = link.watch()) {
      tags.forEach(open::remove);
      long oldestOpen = open.isEmpty() ? Long.MAX_VALUE : open.first();
      Long upTo = null;
      TreeSet<Long> single = new TreeSet<>(tags);
      while (!single.isEmpty() && single.first() < oldestOpen) {
        upTo = single.pollFirst();
      }
      if (upTo != null) {
        channel.basicAck(upTo, true);
      }
      for (long tag : single) {
        channel.basicAck(tag, false);
      }
      return !ended;
    } catch (IOException | AlreadyClosedException _) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /// Ends the channel; waits for the broker.
  void abort() {
    try {
      link.closeChannel(channel);
    } catch (IOException _) {
      // It is closed then.
    }
  }

  private void add(long tag) {
    lock.lock();
    try {
      open.add(tag);
    } finally {
      lock.unlock();
    }
  }

  /// Threading: called by the client, for one channel one at a time.
  private final class LineConsumer extends DefaultConsumer {
    /// The broker's last word comes here behind all deliveries.
    private final CountDownLatch said = new CountDownLatch(1);

    LineConsumer(Channel channel) {
      super(channel);
    }

    @Override
    public void handleDelivery(
        String consumerTag,
        com.rabbitmq.client.Envelope delivery,
        BasicProperties properties,
        byte[] body) {
      add(delivery.getDeliveryTag());
      receiver.delivered(Session.this, delivery.getDeliveryTag(), properties, body);
    }

    void awaitLast() {
      try {
        if (!said.await(LAST_SECONDS, TimeUnit.SECONDS)) {
          LOG.log(Level.DEBUG, "deliveries are still on their way within this process");
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void handleCancelOk(String consumerTag) {
      said.countDown();
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
      said.countDown();
    }

    @Override
    public void handleCancel(String consumerTag) {
      said.countDown();
      gone = true;
      receiver.cancelled();
    }
  }
}
