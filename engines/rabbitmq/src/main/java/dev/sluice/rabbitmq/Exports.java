package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Hands jobs over to another engine: takes messages out of the lines, out of the levels where
/// delayed jobs wait, and out of the dead-letter queue, and acknowledges them when the other engine
/// has the jobs. Until then they are this channel's, and the broker has them back when it ends.
///
/// Threading: thread-safe. `turn` lets one caller hand over at a time; it is held while the broker
/// is asked.
final class Exports implements AutoCloseable {
  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Duration limit;
  private final Names names;
  private final Delays delays;
  private final ReentrantLock turn = new ReentrantLock();

  /// What was handed out and not let go of yet, with its place in the channel. Bounded by the size
  /// of one export.
  private final Map<JobId, Held> held = new LinkedHashMap<>();

  private @Nullable Channel channel;

  private record Held(long tag, JobView view) {}

  Exports(Link link, RabbitUrl url, Environment.Clock clock, Duration limit) {
    this.link = link;
    this.url = url;
    this.clock = clock;
    this.limit = limit;
    names = new Names(url.prefix());
    delays = new Delays(url.prefix());
  }

  /// Does something with the channel.
  private interface Work<T> {
    T on(Channel channel) throws IOException;
  }

  List<JobView> next(String queue, int max) {
    return locked(open -> {
      List<JobView> found =
          new ArrayList<>(
              held.values().stream()
                  .map(Held::view)
                  .filter(view -> view.job().queue().equals(queue))
                  .limit(max)
                  .toList());
      for (Priority priority : List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW)) {
        if (found.isEmpty()) {
          take(open, names.line(queue, priority), queue, JobState.READY, max, found);
        }
      }
      for (int level = Delays.LEVELS - 1; level >= 0 && found.isEmpty(); level--) {
        take(open, delays.level(level), queue, JobState.SCHEDULED, max, found);
      }
      if (found.isEmpty()) {
        take(open, names.dead(queue), queue, JobState.DEAD, max, found);
      }
      return found;
    });
  }

  void done(List<JobId> jobs) {
    locked(open -> {
      for (JobId id : jobs) {
        Held one = held.remove(id);
        if (one != null) {
          open.basicAck(one.tag, false);
        }
      }
      return true;
    });
  }

  private void take(
      Channel open, String from, String queue, JobState state, int max, List<JobView> found)
      throws IOException {
    if (!exists(from)) {
      return;
    }
    long deadline = clock.monotonicNanos() + limit.toNanos() / 2;
    // Of the levels, those that are another queue's: they go back when all have been seen.
    List<Long> others = new ArrayList<>();
    try {
      while (found.size() < max && deadline - clock.monotonicNanos() > 0) {
        GetResponse got = open.basicGet(from, false);
        if (got == null) {
          return;
        }
        long tag = got.getEnvelope().getDeliveryTag();
        Envelope envelope = read(queue, got, state);
        if (envelope == null || !envelope.job().queue().equals(queue)) {
          others.add(tag);
        } else {
          JobView view = view(envelope, state, got);
          held.put(view.id(), new Held(tag, view));
          found.add(view);
        }
      }
    } finally {
      for (long tag : others) {
        open.basicNack(tag, false, true);
      }
    }
  }

  /// Asked on a channel of its own: the broker ends the one on which a queue is missing.
  private boolean exists(String name) throws IOException {
    Channel asking =
        link.connection()
            .openChannel()
            .orElseThrow(() -> new IOException("the broker gives no more channels"));
    try {
      asking.queueDeclarePassive(name);
      return true;
    } catch (IOException missing) {
      if (Sentences.replyCode(missing) == 404) {
        return false;
      }
      throw missing;
    } finally {
      if (asking.isOpen()) {
        asking.abort();
      }
    }
  }

  private static @Nullable Envelope read(String queue, GetResponse got, JobState state) {
    try {
      // A delayed job tells its queue at the end of its routing key, as every one does.
      String of =
          state == JobState.SCHEDULED ? Delays.queueOf(got.getEnvelope().getRoutingKey()) : queue;
      return Messages.decodeUncounted(of, got.getProps(), got.getBody());
    } catch (ForeignMessageException | IllegalArgumentException _) {
      return null;
    }
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
    boolean taken = false;
    try {
      taken = turn.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new EngineUnavailableException("somebody else is handing jobs over");
    }
    try {
      return work.on(open());
    } catch (IOException | AlreadyClosedException failure) {
      held.clear();
      throw new EngineUnavailableException(
          "jobs cannot be handed over: " + Sentences.of(failure, url), failure);
    } finally {
      turn.unlock();
    }
  }

  private Channel open() throws IOException {
    Channel open = channel;
    if (open == null || !open.isOpen()) {
      // What the channel before this one held is the broker's again.
      held.clear();
      open =
          link.connection()
              .openChannel()
              .orElseThrow(() -> new IOException("the broker gives no more channels"));
      channel = open;
    }
    return open;
  }

  /// Gives back what was not let go of.
  @Override
  public void close() {
    Channel open = channel;
    if (open != null && open.isOpen()) {
      try (Link.Watch _ = link.watch()) {
        open.abort();
      } catch (IOException | AlreadyClosedException _) {
        // Then the broker has it all already.
      }
    }
  }
}
