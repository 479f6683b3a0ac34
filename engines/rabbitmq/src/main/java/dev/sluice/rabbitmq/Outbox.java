package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Job;
import dev.sluice.rabbitmq.Publisher.Content;
import dev.sluice.rabbitmq.Publisher.Fate;
import dev.sluice.rabbitmq.Publisher.Message;
import java.util.ArrayList;
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

  private record ForeignContent(Subscription.Foreign foreign) implements Content {
    @Override
    public BasicProperties properties() {
      return Messages.rejected(foreign.properties(), foreign.reason());
    }

    @Override
    public byte[] body() {
      return foreign.body();
    }

    @Override
    public boolean isCalled(@Nullable String id) {
      return Objects.equals(foreign.properties().getMessageId(), id);
    }
  }

  /// To the line, or for later.
  ///
  /// @param delayMillis how long from now; not positive for at once
  Letter toLine(Envelope envelope, long delayMillis) {
    Job job = envelope.job();
    if (delayMillis <= 0) {
      String line = names.line(job.queue(), job.priority());
      return new Letter(job.queue(), 0, message("", line, envelope, 0));
    }
    long dueMillis = clock.wallMillis() + delayMillis;
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

  /// Sends letters. One that finds no queue is sent once more after its queue was declared anew.
  ///
  /// @throws EngineUnavailableException when not all are known to have arrived
  void send(List<Letter> letters) {
    declare(letters);
    List<Letter> returned = sendOnce(letters);
    if (returned.isEmpty()) {
      return;
    }
    returned.forEach(letter -> topology.forget(letter.queue()));
    declare(returned);
    if (!sendOnce(returned).isEmpty()) {
      throw new EngineUnavailableException(
          "the queue '"
              + returned.getFirst().queue()
              + "' is deleted on the broker while it is used");
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

  private List<Letter> sendOnce(List<Letter> letters) {
    List<Fate> fates = publisher.publish(letters.stream().map(Letter::message).toList());
    List<Letter> returned = new ArrayList<>();
    for (int i = 0; i < fates.size(); i++) {
      switch (fates.get(i)) {
        case CONFIRMED -> {}
        case RETURNED -> returned.add(letters.get(i));
        case NACKED ->
            throw new EngineUnavailableException(
                "the broker could not write what was sent to '" + letters.get(i).queue() + "'");
      }
    }
    return returned;
  }
}
