package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import dev.sluice.job.Job;
import dev.sluice.rabbitmq.Publisher.Content;
import dev.sluice.rabbitmq.Publisher.Message;
import dev.sluice.rabbitmq.Publisher.Published;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Sends jobs where they belong: to their line, on the way of a delay, to the dead. What is
/// answered without an exception is in a queue, confirmed.
///
/// Threading: thread-safe; blocks for the broker.
final class Outbox {
  private final Publisher publisher;
  private final Topology topology;
  private final Environment.Clock clock;
  private final Names names;
  private final Delays delays;

  Outbox(Publisher publisher, Topology topology, Environment.Clock clock, String prefix) {
    this.clock = clock;
    this.publisher = publisher;
    this.topology = topology;
    names = new Names(prefix);
    delays = new Delays(prefix);
  }

  /// A message and the queue on whose topology its way depends.
  record Letter(String queue, long units, Message message) {}

  private record JobContent(Envelope envelope, long dueMillis) implements Content {
    @Override
    public BasicProperties properties() {
      return Messages.encode(envelope, dueMillis);
    }

    @Override
    public byte[] body() {
      return Messages.body(envelope.job());
    }

    @Override
    public boolean isCalled(@Nullable String id) {
      return envelope.job().id().toString().equals(id);
    }
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record ForeignContent(BasicProperties properties, byte[] body) implements Content {
    ForeignContent(Subscription.Foreign foreign) {
      this(Messages.rejected(foreign.properties(), foreign.reason()), foreign.body());
    }

    @Override
    public boolean isCalled(@Nullable String id) {
      return Objects.equals(properties.getMessageId(), id);
    }
  }

  /// To the line, or for later.
  ///
  /// @param dueMillis when its time comes; now or before for at once
  Letter toLine(Envelope envelope, long dueMillis) {
    Job job = envelope.job();
    long delayMillis = dueMillis - clock.wallMillis();
    if (delayMillis <= 0) {
      String line = names.line(job.queue(), job.priority());
      return new Letter(job.queue(), 0, message("", line, envelope, 0));
    }
    long units = Delays.units(delayMillis);
    String exchange = delays.level(Delays.highestLevel(units));
    String key = Delays.routingKey(units, job.queue(), job.priority());
    return new Letter(job.queue(), units, message(exchange, key, envelope, dueMillis));
  }

  Letter toDead(Envelope envelope) {
    String queue = envelope.job().queue();
    return new Letter(queue, 0, message("", names.dead(queue), envelope, 0));
  }

  /// A message that is no job, to the dead of the queue where it was found.
  Letter toDead(String queue, Subscription.Foreign foreign) {
    return new Letter(queue, 0, new Message("", names.dead(queue), new ForeignContent(foreign)));
  }

  private static Message message(String exchange, String key, Envelope envelope, long dueMillis) {
    return new Message(exchange, key, new JobContent(envelope, dueMillis));
  }

  /// What became of letters.
  ///
  /// @param arrived the places of those that are in a queue
  /// @param failure why the others are not, as far as anybody knows; null when all arrived
  record Sent(BitSet arrived, @Nullable EngineUnavailableException failure) {}

  /// Sends letters. One that finds no queue is sent once more after its queue was declared anew.
  ///
  /// @throws EngineUnavailableException when nothing was sent
  Sent sendEach(List<Letter> letters) {
    declare(letters);
    BitSet arrived = new BitSet(letters.size());
    BitSet left = new BitSet(letters.size());
    left.set(0, letters.size());
    EngineUnavailableException failure = sendOnce(letters, left, arrived);
    if (failure == null && !left.isEmpty()) {
      List<Letter> returned = left.stream().mapToObj(letters::get).toList();
      returned.forEach(this::forget);
      try {
        declare(returned);
        failure = sendOnce(letters, left, arrived);
      } catch (EngineUnavailableException again) {
        failure = again;
      }
    }
    if (failure == null && !left.isEmpty()) {
      String queue = letters.get(left.nextSetBit(0)).queue();
      failure =
          new EngineUnavailableException(
              "the queue '" + queue + "' is deleted on the broker while it is used");
    }
    return new Sent(arrived, failure);
  }

  private void forget(Letter letter) {
    topology.forget(letter.queue());
    if (letter.units() > 0) {
      topology.forgetWays();
    }
  }

  private void declare(List<Letter> letters) {
    Set<String> checked = new HashSet<>();
    for (Letter letter : letters) {
      if (letter.units() > 0) {
        topology.requireDelays(letter.queue(), letter.units());
      } else if (checked.add(letter.queue())) {
        topology.requireQueue(letter.queue());
      }
    }
  }

  /// @param left the places that are to be sent, and then those that found no queue
  private @Nullable EngineUnavailableException sendOnce(
      List<Letter> letters, BitSet left, BitSet arrived) {
    int[] places = left.stream().toArray();
    List<Message> messages = new ArrayList<>(places.length);
    Set<String> queues = new HashSet<>();
    for (int place : places) {
      messages.add(letters.get(place).message());
      queues.add(letters.get(place).queue());
    }
    Published published = publisher.publish(queues, messages);
    EngineUnavailableException failure = published.failure();
    if (failure != null && Sentences.replyCode(failure) == 404) {
      // An exchange is gone, and the channel with it. What came of the others nobody knows, so
      // they are not sent again here; but the next time it shall be there.
      topology.forgetWays();
    }
    left.clear();
    for (int i = 0; i < places.length; i++) {
      switch (published.fates().get(i)) {
        case CONFIRMED -> arrived.set(places[i]);
        case RETURNED -> left.set(places[i]);
        case UNKNOWN -> {}
        case NACKED -> {
          if (failure == null) {
            failure =
                new EngineUnavailableException(
                    Kind.OVERLOADED,
                    "the broker could not write what was sent to '"
                        + letters.get(places[i]).queue()
                        + "'");
          }
        }
      }
    }
    return failure;
  }
}
