package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownSignalException;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// One channel on which deliveries of one Sluice queue come in, with a consumer for each line. When
/// it ends, by whoever's doing, the broker gives everything that was not settled on it to others.
///
/// Threading: thread-safe. `lock` guards `open` and is held while settlements are sent, because
/// they must reach the broker in the order in which they were taken out of `open`. Consuming is
/// confined to the tender.
final class Session {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");

  /// For how long the broker may wait to hear of a delivery, in milliseconds: ten years, the most
  /// it takes. RabbitMQ 3.10 does not know it and goes by its own setting.
  private static final long CONSUMER_TIMEOUT_MILLIS = 315_360_000_000L;

  /// How long deliveries that have come may take through this process.
  private static final int LAST_SECONDS = 5;

  /// Who takes what comes in.
  interface Receiver {
    void delivered(
        Session session, long tag, Priority priority, BasicProperties properties, byte[] body);

    /// The broker gives nothing more of a line: its queue is gone.
    void cancelled(Session session);

    /// Every line has given what it had at once.
    void primed();

    void ended(Session session);
  }

  /// A line that is consumed from.
  ///
  /// @param tag as the broker answered it; the consumer itself hears of it later
  private record Consuming(String tag, LineConsumer consumer) {}

  private final Channel channel;
  private final Link link;
  private final Receiver receiver;
  private final ReentrantLock lock = new ReentrantLock();

  /// Deliveries that the broker waits to hear of.
  private final TreeSet<Long> open = new TreeSet<>();

  /// Written by the tender, and asked by whoever claims whether there are any.
  private final Map<Priority, Consuming> consumers = new ConcurrentSkipListMap<>();

  private volatile boolean ended;
  private volatile boolean priming;

  Session(Channel channel, Link link, Receiver receiver) {
    this.channel = channel;
    this.link = link;
    this.receiver = receiver;
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

  /// Whether lines are being asked and not all have answered: what is here may be of a lower
  /// priority than what comes next.
  boolean isPriming() {
    return priming;
  }

  /// Asks the broker for at most `prefetch` unsettled deliveries of each line, the highest first.
  void consume(Names names, String queue, int prefetch) throws IOException {
    List<Priority> highestFirst = List.of(Priority.values()).reversed();
    priming = true;
    try {
      try (Link.Watch _ = link.watch()) {
        channel.basicQos(prefetch);
      }
      for (Priority priority : highestFirst) {
        LineConsumer consumer = new LineConsumer(channel, priority);
        String tag =
            link.call(() ->
                channel.basicConsume(
                    names.line(queue, priority),
                    false,
                    Map.of("x-consumer-timeout", CONSUMER_TIMEOUT_MILLIS),
                    consumer));
        consumers.put(priority, new Consuming(tag, consumer));
      }
      // A line's answer comes behind the deliveries that it made before it.
      for (Priority priority : highestFirst) {
        link.call(() -> channel.queueDeclarePassive(names.line(queue, priority)));
      }
    } finally {
      priming = false;
    }
    receiver.primed();
  }

  /// Asks the broker for no more deliveries. What has come is here when this returns.
  void cancel() throws IOException {
    for (Consuming line : consumers.values()) {
      try (Link.Watch _ = link.watch()) {
        channel.basicCancel(line.tag);
      }
    }
    consumers.values().forEach(line -> line.consumer.awaitLast());
    consumers.clear();
  }

  boolean isConsuming() {
    return !consumers.isEmpty() && !ended;
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
    private final Priority priority;

    /// The broker's last word comes here behind all deliveries.
    private final CountDownLatch last = new CountDownLatch(1);

    LineConsumer(Channel channel, Priority priority) {
      super(channel);
      this.priority = priority;
    }

    @Override
    public void handleDelivery(
        String consumerTag,
        com.rabbitmq.client.Envelope delivery,
        BasicProperties properties,
        byte[] body) {
      add(delivery.getDeliveryTag());
      receiver.delivered(Session.this, delivery.getDeliveryTag(), priority, properties, body);
    }

    void awaitLast() {
      try {
        if (!last.await(LAST_SECONDS, TimeUnit.SECONDS)) {
          LOG.log(Level.DEBUG, "deliveries are still on their way within this process");
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void handleCancelOk(String consumerTag) {
      last.countDown();
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
      last.countDown();
    }

    @Override
    public void handleCancel(String consumerTag) {
      last.countDown();
      receiver.cancelled(Session.this);
    }
  }
}
