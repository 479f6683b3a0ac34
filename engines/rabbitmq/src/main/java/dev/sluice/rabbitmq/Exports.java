package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting.Handout;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Hands jobs over to another engine: takes messages out of the lines, out of the levels where
/// delayed jobs wait, and out of the dead-letter queue, and acknowledges them when the other engine
/// has the jobs. Until then they are this channel's, and the broker has them back when it ends.
///
/// Threading: thread-safe. `turn` lets one caller hand over at a time.
final class Exports {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");

  /// How many times the time limit of an answer a look at one queue on the broker may take.
  private static final int LOOK = 6;

  /// In which time the broker has deleted what was let go of, when it is well.
  private static final long HELD_BACK_NANOS = 1_000_000_000;

  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Duration limit;
  private final Names names;
  private final Delays delays;
  private final Turn turn;

  /// What was handed out and not let go of yet. Bounded by the size of one export.
  private final Map<JobId, Held> held = new LinkedHashMap<>();

  private @Nullable Channel channel;

  /// Until then the broker may hold back acknowledgements, and forget them with the channel: see
  /// [Look].
  private long heldBackUntilNanos;

  /// A job in hand.
  ///
  /// @param tags of its message in the channel, and of what other messages there were of it
  private record Held(JobView view, List<Long> tags) {}

  Exports(Link link, RabbitUrl url, Environment.Clock clock, Duration limit) {
    this.link = link;
    this.url = url;
    this.clock = clock;
    this.limit = limit;
    turn = new Turn(limit);
    names = new Names(url.prefix());
    delays = new Delays(url.prefix());
    heldBackUntilNanos = clock.monotonicNanos();
  }

  /// Does something with the channel.
  private interface Work<T> {
    T on(Channel channel) throws IOException;
  }

  /// One export while it gathers.
  ///
  /// Threading: confined to the caller that has the turn.
  private static final class Gathering {
    final String queue;
    final int max;
    final List<JobView> found = new ArrayList<>();
    long strangers;

    Gathering(String queue, int max) {
      this.queue = queue;
      this.max = max;
    }
  }

  /// @throws EngineUnavailableException when not everything could be looked at
  Handout next(String queue, int max) {
    return locked(open -> {
      Gathering gathering = new Gathering(queue, max);
      held.values().stream()
          .map(Held::view)
          .filter(view -> view.job().queue().equals(queue))
          .limit(max)
          .forEach(gathering.found::add);
      for (Priority priority : List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW)) {
        take(open, names.line(queue, priority), JobState.READY, gathering);
      }
      // From the highest, the way that jobs go.
      for (int level = Delays.LEVELS - 1; level >= 0; level--) {
        take(open, delays.level(level), JobState.SCHEDULED, gathering);
      }
      take(open, delays.lost(), JobState.SCHEDULED, gathering);
      take(open, names.dead(queue), JobState.DEAD, gathering);
      return new Handout(gathering.found, gathering.strangers);
    });
  }

  /// @throws EngineUnavailableException when a job is none of those in hand: the broker has it
  void done(String queue, List<JobId> jobs) {
    int lost =
        locked(open -> {
          int missing = 0;
          List<Long> tags = new ArrayList<>();
          for (JobId id : jobs) {
            Held one = held.remove(id);
            if (one == null) {
              missing++;
            } else {
              tags.addAll(one.tags);
            }
          }
          acknowledge(open, tags);
          return missing;
        });
    if (lost > 0) {
      throw new EngineUnavailableException(
          lost
              + " jobs of queue '"
              + queue
              + "' that were handed over are still on the broker: the connection was lost");
    }
  }

  /// Whether the queue has a line.
  boolean isThere(String queue) {
    return anyLine(queue, OptionalLong::isPresent);
  }

  /// Whether one of the lines has a consumer. A process that works on a queue has one on each line,
  /// but for those that it left because it had no room for what came from them: so it is not seen
  /// when it is busy and all three lines are full.
  boolean isTaken(String queue) {
    return anyLine(queue, consumers -> consumers.orElse(0) > 0);
  }

  private boolean anyLine(String queue, Predicate<OptionalLong> isSo) {
    try {
      for (Priority priority : Priority.values()) {
        if (isSo.test(consumers(names.line(queue, priority)))) {
          return true;
        }
      }
      return false;
    } catch (IOException | AlreadyClosedException failure) {
      throw new EngineUnavailableException(
          "the lines of '" + queue + "' cannot be looked at: " + Sentences.of(failure, url),
          failure);
    }
  }

  private void take(Channel open, String from, JobState state, Gathering gathering)
      throws IOException {
    if (!gathering.found.isEmpty() || consumers(from).isEmpty()) {
      return;
    }
    long deadline = clock.monotonicNanos() + LOOK * limit.toNanos();
    // Those of other queues, and what is no job: they go back when all have been seen.
    List<Long> others = new ArrayList<>();
    try {
      while (gathering.found.size() < gathering.max) {
        if (deadline - clock.monotonicNanos() < 0) {
          if (gathering.found.isEmpty()) {
            throw new EngineUnavailableException(
                "the messages in '"
                    + from
                    + "' could not be looked through in "
                    + LOOK * limit.toSeconds()
                    + " s");
          }
          return;
        }
        GetResponse got = link.call(() -> open.basicGet(from, false));
        if (got == null) {
          return;
        }
        keep(got, state, gathering, others);
      }
    } finally {
      for (long tag : others) {
        try (Link.Watch _ = link.watch()) {
          open.basicNack(tag, false, true);
        }
      }
    }
  }

  private void keep(GetResponse got, JobState state, Gathering gathering, List<Long> others) {
    long tag = got.getEnvelope().getDeliveryTag();
    Envelope envelope;
    try {
      envelope = read(got, state, gathering.queue);
    } catch (ForeignMessageException | IllegalArgumentException _) {
      if (state != JobState.SCHEDULED) {
        // The ways of delayed jobs are those of all queues, and are not counted for one.
        gathering.strangers++;
      }
      others.add(tag);
      return;
    }
    if (!envelope.job().queue().equals(gathering.queue)) {
      others.add(tag);
      return;
    }
    Held known = held.get(envelope.job().id());
    if (known != null) {
      known.tags.add(tag);
      return;
    }
    JobView view = view(envelope, state, got);
    held.put(view.id(), new Held(view, new ArrayList<>(List.of(tag))));
    gathering.found.add(view);
  }

  /// How many consumers a queue on the broker has; empty when there is no such queue. Asked on a
  /// channel of its own: the broker ends the one on which a queue is missing.
  private OptionalLong consumers(String name) throws IOException {
    Channel asking = link.openChannel();
    try {
      return OptionalLong.of(link.call(() -> asking.queueDeclarePassive(name)).getConsumerCount());
    } catch (IOException missing) {
      if (Sentences.replyCode(missing) == 404) {
        return OptionalLong.empty();
      }
      throw missing;
    } finally {
      link.closeChannel(asking);
    }
  }

  /// Counts what the broker gave out in vain as crashes in the lines only: elsewhere nobody but
  /// those who look is given anything.
  private static Envelope read(GetResponse got, JobState state, String queue)
      throws ForeignMessageException {
    return switch (state) {
      case READY -> Messages.decode(queue, got.getProps(), got.getBody());
      // A delayed job tells its queue at the end of its routing key.
      case SCHEDULED ->
          Messages.decodeUncounted(
              Delays.queueOf(got.getEnvelope().getRoutingKey()), got.getProps(), got.getBody());
      default -> Messages.decodeUncounted(queue, got.getProps(), got.getBody());
    };
  }

  private JobView view(Envelope envelope, JobState state, GetResponse got) {
    Envelope.Death death = envelope.death();
    boolean dead = state == JobState.DEAD;
    return new JobView(
        envelope.job(),
        state,
        envelope.attempt(),
        envelope.crashes(),
        envelope.epoch(),
        -1,
        state == JobState.SCHEDULED ? due(envelope, got) : null,
        null,
        dead && death != null ? Instant.ofEpochMilli(death.atMillis()) : null,
        !dead ? null : death == null ? DeathReason.POISON : death.reason(),
        false,
        envelope.last() == null ? List.of() : List.of(envelope.last()));
  }

  private Instant due(Envelope envelope, GetResponse got) {
    long told = Messages.dueMillis(got.getProps());
    long asked = envelope.job().options().runAtMillis();
    return Instant.ofEpochMilli(told > 0 ? told : asked > 0 ? asked : clock.wallMillis());
  }

  private <T> T locked(Work<T> work) {
    // One for all queues, for they share the levels and the channel.
    try (Turn.Mine _ = turn.take(delays.due(), "somebody else is handing jobs over")) {
      return work.on(open());
    } catch (IOException | AlreadyClosedException failure) {
      letGo();
      throw new EngineUnavailableException(
          "jobs cannot be handed over: " + Sentences.of(failure, url), failure);
    }
  }

  private Channel open() throws IOException {
    Channel open = channel;
    if (open == null || !open.isOpen()) {
      // What the channel before this one held is the broker's again.
      held.clear();
      open = link.openChannel();
      channel = open;
    }
    return open;
  }

  /// What is not known to be in hand must be the broker's again: as long as the channel lives,
  /// nobody sees it.
  private void letGo() {
    held.clear();
    Channel open = channel;
    channel = null;
    if (open != null) {
      link.abandon(open);
    }
  }

  /// Gives back what was not let go of. What waited in line goes back as a copy, for in the
  /// broker's way it would count as failed, though it was only looked at.
  ///
  /// @param restoring sends jobs, as they are
  void close(Consumer<List<JobView>> restoring) {
    try (Turn.Mine _ = turn.take(delays.due(), "somebody else is handing jobs over")) {
      Channel open = channel;
      if (open == null || !open.isOpen()) {
        return;
      }
      try {
        copy(restoring, open);
      } finally {
        link.pause(heldBackUntilNanos - clock.monotonicNanos());
        link.giveBack(open);
      }
    } catch (IOException | AlreadyClosedException | EngineUnavailableException notNow) {
      LOG.log(Level.DEBUG, "what was handed over goes back in the broker's way", notNow);
    }
  }

  private void copy(Consumer<List<JobView>> restoring, Channel open) throws IOException {
    List<Held> ready =
        held.values().stream().filter(one -> one.view.state() == JobState.READY).toList();
    List<Held> arrived = ready;
    try {
      restoring.accept(ready.stream().map(Held::view).toList());
    } catch (PartlyTakenException partly) {
      arrived =
          IntStream.range(0, ready.size())
              .filter(place -> partly.answers().get(place).isPresent())
              .mapToObj(ready::get)
              .toList();
    }
    List<Long> tags = new ArrayList<>();
    arrived.forEach(one -> tags.addAll(one.tags));
    acknowledge(open, tags);
  }

  private void acknowledge(Channel open, List<Long> tags) throws IOException {
    for (long tag : tags) {
      try (Link.Watch _ = link.watch()) {
        open.basicAck(tag, false);
      }
      heldBackUntilNanos = clock.monotonicNanos() + HELD_BACK_NANOS;
    }
  }
}
