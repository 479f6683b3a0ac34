package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import dev.sluice.engine.Environment;
import dev.sluice.rabbitmq.Publisher.Content;
import dev.sluice.rabbitmq.Publisher.Fate;
import dev.sluice.rabbitmq.Publisher.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A channel in confirm mode, for one call at a time.
///
/// Threading: [#publish] is confined to the caller that borrowed the channel; answers come in on
/// the client's thread. `lock` guards what both touch, and is not held while anything is sent.
final class ConfirmChannel implements ConfirmListener, ReturnListener, ShutdownListener {
  private final Channel channel;
  private final Link link;
  private final Environment.Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /// Places in the call under way.
  private final BitSet answered = new BitSet();

  private final BitSet nacked = new BitSet();
  private final BitSet returned = new BitSet();
  private List<Message> messages = List.of();
  private long firstNumber;
  private int open;
  private @Nullable ShutdownSignalException ended;

  ConfirmChannel(Channel channel, Link link, Environment.Clock clock) throws IOException {
    this.channel = channel;
    this.link = link;
    this.clock = clock;
    channel.confirmSelect();
  }

  /// Begins to listen; apart from the constructor, so that nobody sees half of it.
  ConfirmChannel listen() {
    channel.addConfirmListener(this);
    channel.addReturnListener(this);
    channel.addShutdownListener(this);
    return this;
  }

  boolean isOpen() {
    return channel.isOpen();
  }

  /// Closes the channel, without waiting for the broker.
  void abandon() {
    link.abandon(channel);
  }

  /// What became of a call.
  ///
  /// @param failure why some fates are unknown; null when none is
  record Outcome(List<Fate> fates, @Nullable Exception failure) {}

  /// Sends messages and waits until each has its fate, or nobody will ever know.
  Outcome publish(List<Message> call, long deadlineNanos) {
    long begun = clock.monotonicNanos();
    begin(call);
    Exception failure = null;
    try {
      send(call);
      await(begun, deadlineNanos);
    } catch (IOException | AlreadyClosedException broken) {
      failure = broken;
    }
    return end(failure);
  }

  private void send(List<Message> call) throws IOException {
    try (Link.Watch _ = link.watch();
        Link.Cork _ = link.cork()) {
      for (Message message : call) {
        Content content = message.content();
        channel.basicPublish(
            message.exchange(), message.key(), true, content.properties(), content.body());
      }
    }
  }

  private void begin(List<Message> call) {
    lock.lock();
    try {
      messages = call;
      firstNumber = channel.getNextPublishSeqNo();
      open = call.size();
      answered.clear();
      nacked.clear();
      returned.clear();
    } finally {
      lock.unlock();
    }
  }

  private void await(long begunNanos, long deadlineNanos) throws IOException {
    boolean interrupted = false;
    lock.lock();
    try {
      while (open > 0) {
        if (ended != null) {
          throw new IOException(ended);
        }
        long left = deadlineNanos - clock.monotonicNanos();
        if (left <= 0) {
          link.unanswered(begunNanos);
          Message first = messages.get(answered.nextClearBit(0));
          throw new IOException(
              "it confirmed "
                  + (messages.size() - open)
                  + " of "
                  + messages.size()
                  + " in time, and not what went to '"
                  + (first.exchange().isEmpty() ? first.key() : first.exchange())
                  + "'");
        }
        try {
          changed.awaitNanos(left);
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Outcome end(@Nullable Exception failure) {
    lock.lock();
    try {
      List<Fate> fates = new ArrayList<>(messages.size());
      for (int place = 0; place < messages.size(); place++) {
        fates.add(fate(place));
      }
      messages = List.of();
      return new Outcome(fates, failure);
    } finally {
      lock.unlock();
    }
  }

  private Fate fate(int place) {
    if (!answered.get(place)) {
      return Fate.UNKNOWN;
    }
    return nacked.get(place) ? Fate.NACKED : returned.get(place) ? Fate.RETURNED : Fate.CONFIRMED;
  }

  @Override
  public void handleAck(long number, boolean multiple) {
    answer(number, multiple, false);
  }

  @Override
  public void handleNack(long number, boolean multiple) {
    answer(number, multiple, true);
  }

  private void answer(long number, boolean multiple, boolean nack) {
    lock.lock();
    try {
      int last = Math.toIntExact(number - firstNumber);
      for (int place = multiple ? answered.nextClearBit(0) : last;
          place <= last && place < messages.size();
          place = answered.nextClearBit(place + 1)) {
        if (!answered.get(place)) {
          answered.set(place);
          nacked.set(place, nack);
          open--;
        }
      }
      if (open == 0) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /// Comes before the confirm of the same message, and names no number.
  @Override
  public void handleReturn(
      int code, String text, String exchange, String key, BasicProperties properties, byte[] body) {
    lock.lock();
    try {
      for (int place = 0; place < messages.size(); place++) {
        Message message = messages.get(place);
        if (message.key().equals(key) && message.content().isCalled(properties.getMessageId())) {
          returned.set(place);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shutdownCompleted(ShutdownSignalException cause) {
    lock.lock();
    try {
      ended = cause;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
