package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.GetResponse;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import dev.sluice.rabbitmq.Outbox.Letter;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The dead jobs of queues, each in the dead-letter queue of its own.
///
/// Threading: thread-safe. `turn` lets one caller at a time look at a queue, for two would see half
/// each.
final class DeadLetters {
  /// Most messages that one look takes, and most bytes of them that are kept for an answer.
  private static final int MAX_LOOK = 10_000;

  private static final int MIN_LOOK = 1_000;
  private static final long MAX_BYTES = 64L << 20;

  /// Most dead jobs that are sent back in one batch.
  private static final int AT_ONCE = 500;

  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Duration limit;
  private final Outbox outbox;
  private final Function<String, Load> loads;
  private final Names names;
  private final Turn turn;

  DeadLetters(
      Link link,
      RabbitUrl url,
      Environment.Clock clock,
      Duration limit,
      Outbox outbox,
      Function<String, Load> loads) {
    this.link = link;
    this.url = url;
    this.clock = clock;
    this.limit = limit;
    this.outbox = outbox;
    this.loads = loads;
    turn = new Turn(limit);
    names = new Names(url.prefix());
  }

  /// Sees one message after the other.
  private interface Visitor {
    /// @return whether to go on
    boolean sees(Look look, long tag, Envelope envelope) throws IOException;

    /// Whether what was seen is worth an answer, though the time was too short for all.
    default boolean hasFound() {
      return false;
    }

    /// Comes once, when no more is seen.
    default void end(Look look) throws IOException {}
  }

  /// The oldest dead jobs: exactly those while there are at most 1,000, else of those that the
  /// broker gives first.
  List<JobView> oldest(String queue, int count) {
    List<Envelope> found = new ArrayList<>();
    long[] bytes = {0};
    look(
        queue,
        Math.max(count, MIN_LOOK),
        (_, _, envelope) -> {
          found.add(envelope);
          bytes[0] += envelope.job().bytes();
          return bytes[0] < MAX_BYTES;
        });
    return found.stream()
        .map(this::view)
        .sorted(Comparator.comparing(DeadLetters::diedAt).thenComparing(JobView::id))
        .limit(count)
        .toList();
  }

  private static Instant diedAt(JobView view) {
    Instant finished = view.finishedAt();
    return finished == null ? Instant.EPOCH : finished;
  }

  private JobView view(Envelope envelope) {
    // Without a word on its death the broker itself moved it here: it came back too often.
    Envelope.Death death = envelope.death();
    return new JobView(
        envelope.job(),
        JobState.DEAD,
        envelope.attempt(),
        envelope.crashes(),
        envelope.epoch(),
        -1,
        null,
        null,
        death == null ? null : Instant.ofEpochMilli(death.atMillis()),
        death == null ? DeathReason.POISON : death.reason(),
        false,
        envelope.last() == null ? List.of() : List.of(envelope.last()));
  }

  /// Sends dead jobs to the end of their line, as far as there is room.
  Map<JobId, Control> redrive(String queue, Set<JobId> ids, Bound bound) {
    Redriving redriving = new Redriving(ids, bound);
    look(queue, MAX_LOOK, redriving);
    return redriving.answers;
  }

  /// A dead job that is to live again.
  private record Found(long tag, Envelope dead) {}

  /// Threading: confined to whoever looks.
  private final class Redriving implements Visitor {
    final Map<JobId, Control> answers = new HashMap<>();
    private final Set<JobId> left;
    private final Bound bound;
    private final List<Found> batch = new ArrayList<>();

    Redriving(Set<JobId> ids, Bound bound) {
      this.left = new HashSet<>(ids);
      this.bound = bound;
    }

    @Override
    public boolean sees(Look look, long tag, Envelope dead) throws IOException {
      if (left.remove(dead.job().id())) {
        batch.add(new Found(tag, dead));
      }
      if (batch.size() == AT_ONCE) {
        send(look);
      }
      return !left.isEmpty();
    }

    @Override
    public boolean hasFound() {
      return !answers.isEmpty() || !batch.isEmpty();
    }

    @Override
    public void end(Look look) throws IOException {
      send(look);
    }

    private void send(Look look) throws IOException {
      // Not when it is seen: what fails before it is sent must leave no place taken.
      List<Found> admitted = batch.stream().filter(this::admit).toList();
      Outbox.Sent sent = null;
      try {
        sent = outbox.sendEach(admitted.stream().map(this::letter).toList());
      } finally {
        for (int i = 0; i < admitted.size(); i++) {
          Job job = admitted.get(i).dead().job();
          loads.apply(job.queue()).sent(job.bytes(), sent != null && sent.arrived().get(i), 0);
        }
      }
      List<Long> arrived = new ArrayList<>();
      for (int place : sent.arrived().stream().toArray()) {
        Found found = admitted.get(place);
        answers.put(found.dead().job().id(), Control.APPLIED);
        arrived.add(found.tag());
      }
      look.delete(arrived);
      batch.clear();
      if (sent.failure() != null) {
        throw sent.failure();
      }
    }

    private boolean admit(Found found) {
      Job job = found.dead().job();
      Load load = loads.apply(job.queue());
      boolean fits =
          load.admit(job.bytes(), bound, clock.wallMillis(), clock.monotonicNanos()) == null;
      if (!fits) {
        answers.put(job.id(), Control.NO_ROOM);
      }
      return fits;
    }

    private Letter letter(Found found) {
      return outbox.toLine(found.dead().revived(), 0);
    }
  }

  /// Deletes dead jobs.
  ///
  /// @return those that were found
  Set<JobId> forget(String queue, Set<JobId> ids) {
    Forgetting forgetting = new Forgetting(ids);
    look(queue, MAX_LOOK, forgetting);
    return forgetting.found;
  }

  /// Threading: confined to whoever looks.
  private static final class Forgetting implements Visitor {
    final Set<JobId> found = new HashSet<>();
    private final Set<JobId> wanted;
    private final List<Long> tags = new ArrayList<>();

    Forgetting(Set<JobId> wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean sees(Look look, long tag, Envelope envelope) {
      JobId id = envelope.job().id();
      if (wanted.contains(id) && found.add(id)) {
        tags.add(tag);
      }
      return found.size() < wanted.size();
    }

    @Override
    public boolean hasFound() {
      return !tags.isEmpty();
    }

    @Override
    public void end(Look look) throws IOException {
      look.delete(tags);
    }
  }

  private void look(String queue, int most, Visitor visitor) {
    try (Turn.Mine _ = turn.take(queue, "somebody else is looking through dead jobs")) {
      try (Look look = new Look(link, names.dead(queue))) {
        visit(queue, most, visitor, look);
        visitor.end(look);
      }
    } catch (IOException | AlreadyClosedException failure) {
      if (Sentences.replyCode(failure) != 404) {
        throw new EngineUnavailableException(
            "the dead jobs of '" + queue + "' cannot be read: " + Sentences.of(failure, url),
            failure);
      }
      // Without a dead-letter queue there are no dead jobs.
    }
  }

  private void visit(String queue, int most, Visitor visitor, Look look) throws IOException {
    long deadline = clock.monotonicNanos() + limit.toNanos();
    boolean goOn = true;
    for (int seen = 0; goOn && seen < most; seen++) {
      if (deadline - clock.monotonicNanos() < 0) {
        if (visitor.hasFound()) {
          return;
        }
        throw new EngineUnavailableException(
            "the dead jobs of '"
                + queue
                + "' could not be looked through in "
                + limit.toSeconds()
                + " s");
      }
      GetResponse got = look.next();
      if (got == null) {
        return;
      }
      Envelope envelope = read(queue, got);
      if (envelope != null) {
        goOn = visitor.sees(look, got.getEnvelope().getDeliveryTag(), envelope);
      }
    }
  }

  private static @Nullable Envelope read(String queue, GetResponse got) {
    try {
      // That others have looked at it is no crash.
      return Messages.decodeUncounted(queue, got.getProps(), got.getBody());
    } catch (ForeignMessageException _) {
      // It was put here because it is no job.
      return null;
    }
  }
}
