package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.Basic;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AMQP.Queue;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Method;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One channel on which deliveries of one line come in. When it ends, by whoever's doing, the
/// broker gives everything that was not settled on it to others. Each line has a channel of its
/// own, so that one that is stuck does not take the jobs of another with it.
///
/// What a queue has to answer is asked without the client's time limit, at which it would close the
/// channel: the leases of what came on it would be lost, and the broker would go on to give to a
/// consumer of whose end it hears later, which counts as failed. So the channel has no consumer in
/// the eyes of the client, but the one that hears of everything else.
///
/// Threading: thread-safe. `lock` guards `open` and is held while settlements are sent, because
/// they must reach the broker in the order in which they were taken out of `open`. Asking and
/// stopping are confined to the tender.
final class Session {
  /// For how long the broker may wait to hear of a delivery, in milliseconds: ten years, the most
  /// it takes. RabbitMQ 3.10 does not know it and goes by its own setting.
  private static final long CONSUMER_TIMEOUT_MILLIS = 315_360_000_000L;

  /// How long a queue may take to give what there is room for after a settlement, and this process
  /// to hear of what came, in nanoseconds.
  private static final long QUIET_NANOS = 200_000_000;

  /// Who takes what comes in.
  interface Receiver {
    void delivered(Session session, long tag, BasicProperties properties, byte[] body);

    /// The broker gives nothing more: the line is gone.
    void cancelled();

    void ended(Session session);
  }

  final Priority priority;

  /// The most unsettled deliveries that the broker gives.
  final int prefetch;

  private final String line;
  private final Channel channel;
  private final Link link;
  private final Receiver receiver;
  private final ReentrantLock lock = new ReentrantLock();

  /// Deliveries that the broker waits to hear of.
  private final TreeSet<Long> open = new TreeSet<>();

  private volatile boolean ended;
  private volatile boolean gone;
  private volatile boolean primed;
  private volatile boolean stopped;
  private volatile long quietNanos;

  /// The answers to the questions for deliveries, for what there is, and for no more. Confined to
  /// the tender.
  private @Nullable CompletableFuture<Command> consuming;

  private @Nullable CompletableFuture<Command> looked;
  private @Nullable CompletableFuture<Command> cancelled;
  private String tag = "";

  Session(
      Channel channel, Link link, Receiver receiver, Priority priority, String line, int prefetch) {
    this.line = line;
    this.channel = channel;
    this.link = link;
    this.receiver = receiver;
    this.priority = priority;
    this.prefetch = prefetch;
    quietNanos = link.nowNanos();
  }

  /// Begins to listen for deliveries, and for the end of the channel.
  void listen() {
    channel.addShutdownListener(_ -> {
      ended = true;
      receiver.ended(this);
    });
    channel.setDefaultConsumer(new LineConsumer(channel));
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

  boolean isConsuming() {
    return primed && !stopped && !ended && !gone;
  }

  boolean isStopped() {
    return stopped;
  }

  /// Asks the broker for deliveries; whether the line answers is said by [#isAnswered].
  void ask() throws IOException {
    var _ =
        link.call(() -> {
          channel.basicQos(prefetch);
          return true;
        });
    consuming =
        asked(
            new Basic.Consume.Builder()
                .queue(line)
                .arguments(Map.of("x-consumer-timeout", CONSUMER_TIMEOUT_MILLIS))
                .build());
  }

  private CompletableFuture<Command> asked(Method question) throws IOException {
    try (Link.Watch _ = link.watch()) {
      return channel.asyncCompletableRpc(question);
    }
  }

  /// Waits until the line answers, so long at most. What it has at once is here then.
  ///
  /// @throws IOException when it never will
  boolean isAnswered(long nanos) throws IOException {
    long until = link.nowNanos() + Math.max(0, nanos);
    if (consuming == null || !isDone(consuming, until)) {
      return false;
    }
    if (consuming.join().getMethod() instanceof Basic.ConsumeOk ok) {
      tag = ok.getConsumerTag();
    }
    if (looked == null) {
      // The answer comes behind the deliveries that were made before it.
      looked = asked(new Queue.Declare.Builder().queue(line).passive().build());
    }
    primed = isDone(looked, until);
    return primed;
  }

  private boolean isDone(CompletableFuture<Command> answer, long untilNanos) throws IOException {
    try {
      answer.get(Math.max(0, untilNanos - link.nowNanos()), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException _) {
      return false;
    } catch (ExecutionException failure) {
      throw new IOException(failure.getCause());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Asks the broker for no more deliveries.
  void stop() {
    stopped = true;
    try {
      cancelled = asked(new Basic.Cancel.Builder().consumerTag(tag).build());
      quietNanos = link.nowNanos();
    } catch (IOException | AlreadyClosedException _) {
      // It has ended, and everything with it.
    }
  }

  /// Whether nothing is on its way here, as far as can be told by what was sent and by the time
  /// that passed since: nobody tells when the client has handed over what came, or a queue has
  /// nothing more to give for a settlement.
  boolean isQuiet() {
    return link.nowNanos() - quietNanos > QUIET_NANOS
        && (!stopped || (cancelled != null && cancelled.isDone()));
  }

  /// Deletes messages from the broker. Those before the oldest that stays take one command
  /// together.
  ///
  /// @return whether the command was sent; else the broker gives the messages to others
  boolean acknowledge(Collection<Long> tags) {
    lock.lock();
    try (Link.Watch _ = link.watch()) {
      quietNanos = link.nowNanos();
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
      for (long one : single) {
        channel.basicAck(one, false);
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

  private void add(long delivery) {
    lock.lock();
    try {
      open.add(delivery);
    } finally {
      lock.unlock();
    }
  }

  /// Threading: called by the client, for one channel one at a time.
  private final class LineConsumer extends DefaultConsumer {
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

    @Override
    public void handleCancel(String consumerTag) {
      gone = true;
      receiver.cancelled();
    }
  }
}
