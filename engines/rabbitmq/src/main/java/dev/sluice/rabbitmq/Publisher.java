package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Sends messages and says what became of each: the broker confirms what it has written to the
/// disks of a majority, and returns what it found no queue for. All of a call are sent before the
/// first confirm is awaited.
///
/// Threading: thread-safe. Up to four calls send to one queue at a time, each on a channel of its
/// own; more wait for one, within the same time limit, so that a queue whose broker confirms
/// nothing holds up no other. `lock` guards `idle`, and is not held while anything is sent.
final class Publisher {
  private static final int CALLS = 4;

  /// Most channels that are kept for the next calls.
  private static final int MOST_IDLE = 64;

  /// The broker's code for what a user has no right to.
  private static final int FORBIDDEN = 403;

  private final Link link;
  private final RabbitUrl url;
  private final Environment environment;
  private final Duration limit;
  private final Map<String, Semaphore> places = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<ConfirmChannel> idle = new ArrayDeque<>();

  Publisher(Link link, RabbitUrl url, Environment environment, Duration limit) {
    this.link = link;
    this.url = url;
    this.environment = environment;
    this.limit = limit;
  }

  /// One message and its way.
  ///
  /// @param exchange empty for the queue that `key` names
  record Message(String exchange, String key, Content content) {
    Message {
      Objects.requireNonNull(exchange, "exchange: must not be null");
      Objects.requireNonNull(key, "key: must not be null");
      Objects.requireNonNull(content, "content: must not be null");
    }
  }

  /// What a message says. Put in form while it is sent, so that the broker has something to do
  /// meanwhile.
  interface Content {
    BasicProperties properties();

    byte[] body();

    /// Whether a message of that id may be this one.
    boolean isCalled(@Nullable String id);
  }

  /// What became of a message that was sent.
  enum Fate {
    /// It is in a queue, as safely as the broker can.
    CONFIRMED,
    /// There is no queue for it; it is nowhere.
    RETURNED,
    /// The broker did not take it.
    NACKED,
    /// Nobody knows.
    UNKNOWN
  }

  /// What became of the messages of a call.
  ///
  /// @param failure why some fates are unknown; null when none is
  record Published(List<Fate> fates, @Nullable EngineUnavailableException failure) {}

  /// Sends all messages and waits for what becomes of them.
  ///
  /// @param queues on whose behalf
  /// @throws EngineUnavailableException when nothing was sent
  Published publish(Set<String> queues, List<Message> messages) {
    if (messages.isEmpty()) {
      return new Published(List.of(), null);
    }
    long deadline = environment.clock().monotonicNanos() + limit.toNanos();
    requireTaking();
    List<Semaphore> taken = takePlaces(queues, deadline);
    try {
      ConfirmChannel channel = channel();
      boolean reusable = false;
      try {
        ConfirmChannel.Outcome outcome = channel.publish(messages, deadline);
        reusable = outcome.failure() == null;
        return new Published(outcome.fates(), unknown(messages, outcome.failure()));
      } finally {
        giveBack(channel, reusable);
      }
    } finally {
      taken.forEach(Semaphore::release);
    }
  }

  private void requireTaking() {
    String blocked = link.blocked();
    if (blocked != null) {
      throw new EngineUnavailableException(Kind.OVERLOADED, blocked);
    }
    link.requireHeard();
  }

  /// Takes a place in each queue.
  ///
  /// @return the places, which are to be released
  private List<Semaphore> takePlaces(Set<String> queues, long deadline) {
    List<Semaphore> taken = new ArrayList<>(queues.size());
    boolean all = false;
    try {
      // In one order for all, so that no two wait for each other.
      for (String queue : new TreeSet<>(queues)) {
        Semaphore place = places.computeIfAbsent(queue, _ -> new Semaphore(CALLS, true));
        requirePlace(queue, place, deadline);
        taken.add(place);
      }
      all = true;
      return taken;
    } finally {
      if (!all) {
        taken.forEach(Semaphore::release);
      }
    }
  }

  private void requirePlace(String queue, Semaphore place, long deadline) {
    boolean interrupted = false;
    boolean taken = false;
    while (true) {
      try {
        taken =
            place.tryAcquire(deadline - environment.clock().monotonicNanos(), TimeUnit.NANOSECONDS);
        break;
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new EngineUnavailableException(
          Kind.OVERLOADED,
          "nothing was sent to '"
              + queue
              + "': "
              + CALLS
              + " calls before this one still wait for the broker");
    }
  }

  private ConfirmChannel channel() {
    lock.lock();
    try {
      for (ConfirmChannel found = idle.poll(); found != null; found = idle.poll()) {
        if (found.isOpen()) {
          return found;
        }
      }
    } finally {
      lock.unlock();
    }
    try {
      Channel made = link.openChannel();
      boolean ready = false;
      try (Link.Watch _ = link.watch()) {
        ConfirmChannel channel = new ConfirmChannel(made, link, environment.clock()).listen();
        ready = true;
        return channel;
      } finally {
        if (!ready) {
          link.abandon(made);
        }
      }
    } catch (IOException | AlreadyClosedException failure) {
      throw new EngineUnavailableException(
          Kind.UNREACHABLE, "nothing was sent: " + Sentences.of(failure, url), failure);
    }
  }

  private void giveBack(ConfirmChannel channel, boolean reusable) {
    if (!reusable) {
      // Late confirms must not meet the next call.
      channel.abandon();
      return;
    }
    boolean kept;
    lock.lock();
    try {
      kept = idle.size() < MOST_IDLE;
      if (kept) {
        idle.push(channel);
      }
    } finally {
      lock.unlock();
    }
    if (!kept) {
      channel.abandon();
    }
  }

  private @Nullable EngineUnavailableException unknown(
      List<Message> messages, @Nullable Exception failure) {
    if (failure == null) {
      return null;
    }
    // An exchange that this user may not write to takes none.
    if (Sentences.replyCode(failure) == FORBIDDEN
        && messages.stream().map(Message::exchange).distinct().count() == 1) {
      return new EngineUnavailableException(
          Kind.REFUSING,
          "the broker refused what was sent: " + Sentences.of(failure, url),
          failure);
    }
    String blocked = link.blocked();
    return new EngineUnavailableException(
        Kind.UNSURE,
        "nobody knows whether the broker took what was sent: "
            + (blocked == null ? Sentences.of(failure, url) : blocked),
        failure);
  }
}
