package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Queues and exchanges on the broker, declared when they are first needed, and again after each
/// loss of the connection. Declaring what is there already does nothing.
///
/// Threading: thread-safe. `lock` lets one caller declare at a time, and is the only one here that
/// is held while the broker is asked; who knows that everything is there does not take it.
final class Topology {
  /// Redeliveries after which the broker itself moves a message to the dead. Sluice's own rule for
  /// poison comes long before. Not "none", because that exists from RabbitMQ 4.0 on only, and
  /// nothing means 20 there.
  static final int DELIVERY_LIMIT = 1_000_000;

  /// How long a new queue is left alone. RabbitMQ writes the directory of its quorum queues every
  /// half second; one that was made later than that before its node is killed comes back empty and
  /// without a leader, and what was confirmed in it is gone.
  private static final long SETTLE_NANOS = 1_000_000_000;

  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Names names;
  private final Delays delays;
  private final Duration limit;
  private final ReentrantLock lock = new ReentrantLock();

  /// What is known to be there: queues by name, and those whose delayed jobs find back.
  private final Set<String> queues = ConcurrentHashMap.newKeySet();

  private final Set<String> delayed = ConcurrentHashMap.newKeySet();
  private volatile int levels;
  private volatile boolean wayBack;

  /// What the broker refused, by queue.
  private final Map<String, String> refusals = new ConcurrentHashMap<>();

  Topology(Link link, RabbitUrl url, Environment.Clock clock, Duration limit) {
    this.link = link;
    this.clock = clock;
    this.url = url;
    this.limit = limit;
    names = new Names(url.prefix());
    delays = new Delays(url.prefix());
  }

  /// Makes sure that the lines and the dead-letter queue of a Sluice queue are there.
  ///
  /// @throws EngineUnavailableException with the reason, when they cannot be had
  void requireQueue(String queue) {
    if (!queues.contains(queue)) {
      declare(queue, names.line(queue, Priority.HIGH), channel -> declareQueue(channel, queue));
      queues.add(queue);
    }
  }

  /// Makes sure that jobs of a queue can be delayed by so many units.
  ///
  /// @throws EngineUnavailableException with the reason, when they cannot
  void requireDelays(String queue, long units) {
    requireQueue(queue);
    int needed = Delays.highestLevel(units) + 1;
    if (!delayed.contains(queue) || levels < needed) {
      declare(
          queue,
          delays.level(needed - 1),
          channel -> {
            declareWayBack(channel);
            bindLines(channel, queue);
            // From the lowest, so that a message finds every level below its own.
            for (int level = levels; level < needed; level++) {
              declareLevel(channel, level);
            }
          });
      levels = Math.max(levels, needed);
      delayed.add(queue);
    }
  }

  /// Forgets what is known to be there.
  void forget() {
    queues.clear();
    delayed.clear();
    levels = 0;
    wayBack = false;
  }

  /// Forgets that a queue is there.
  void forget(String queue) {
    queues.remove(queue);
    delayed.remove(queue);
  }

  /// What is wrong with a queue on the broker, in words.
  Optional<String> trouble() {
    return refusals.values().stream().findFirst();
  }

  @Nullable String trouble(String queue) {
    return refusals.get(queue);
  }

  private interface Declaration {
    void on(Channel channel) throws IOException;
  }

  /// @param last the queue that is declared last: where it is, nothing is new
  private void declare(String queue, String last, Declaration declaration) {
    takeTurn(queue);
    try (Link.Watch _ = link.watch()) {
      boolean isNew = !exists(last);
      Channel channel = open();
      try {
        declaration.on(channel);
        refusals.remove(queue);
        if (isNew) {
          settle();
        }
      } finally {
        close(channel);
      }
    } catch (IOException | AlreadyClosedException refused) {
      String words = "queue '" + queue + "': " + Sentences.of(refused, url);
      if (Sentences.replyCode(refused) != 0) {
        refusals.put(queue, words);
      }
      throw new EngineUnavailableException(words, refused);
    } finally {
      lock.unlock();
    }
  }

  private void takeTurn(String queue) {
    boolean interrupted = false;
    long left = limit.toNanos();
    boolean taken = false;
    try {
      taken = lock.tryLock(left, TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      interrupted = true;
      taken = lock.tryLock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!taken) {
      throw new EngineUnavailableException(
          "queue '" + queue + "': the broker did not answer in time while queues were declared");
    }
  }

  private boolean exists(String name) throws IOException {
    Channel channel = open();
    try {
      channel.queueDeclarePassive(name);
      return true;
    } catch (IOException missing) {
      if (Sentences.replyCode(missing) == 404) {
        return false;
      }
      throw missing;
    } finally {
      close(channel);
    }
  }

  private void settle() {
    boolean interrupted = false;
    long until = clock.monotonicNanos() + SETTLE_NANOS;
    for (long left = SETTLE_NANOS; left > 0; left = until - clock.monotonicNanos()) {
      LockSupport.parkNanos(this, left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Channel open() throws IOException {
    return link.connection()
        .openChannel()
        .orElseThrow(() -> new IOException("the broker gives no more channels"));
  }

  private static void close(Channel channel) throws IOException {
    if (channel.isOpen()) {
      channel.abort();
    }
  }

  private void declareQueue(Channel channel, String queue) throws IOException {
    channel.queueDeclare(names.dead(queue), true, false, false, quorum());
    for (Priority priority : Priority.values()) {
      channel.queueDeclare(
          names.line(queue, priority), true, false, false, line(names.dead(queue)));
    }
  }

  /// A line: the broker never drops what is in it.
  private static Map<String, Object> line(String dead) {
    Map<String, Object> arguments = quorum();
    arguments.putAll(deadLettering("", dead));
    return arguments;
  }

  private static Map<String, Object> quorum() {
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("x-queue-type", "quorum");
    arguments.put("x-delivery-limit", DELIVERY_LIMIT);
    return arguments;
  }

  /// Moved to where they go next, they are deleted here only when they have arrived there.
  private static Map<String, Object> deadLettering(String exchange, @Nullable String key) {
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("x-dead-letter-exchange", exchange);
    if (key != null) {
      arguments.put("x-dead-letter-routing-key", key);
    }
    arguments.put("x-dead-letter-strategy", "at-least-once");
    arguments.put("x-overflow", "reject-publish");
    return arguments;
  }

  private void declareWayBack(Channel channel) throws IOException {
    if (wayBack) {
      return;
    }
    channel.exchangeDeclare(delays.lost(), BuiltinExchangeType.FANOUT, true);
    channel.queueDeclare(delays.lost(), true, false, false, quorum());
    channel.queueBind(delays.lost(), delays.lost(), "");
    // What finds no line must not stay in the last level, where it would hold up all others.
    channel.exchangeDeclare(
        delays.due(),
        BuiltinExchangeType.TOPIC,
        true,
        false,
        Map.of("alternate-exchange", delays.lost()));
    wayBack = true;
  }

  private void bindLines(Channel channel, String queue) throws IOException {
    for (Priority priority : Priority.values()) {
      channel.queueBind(
          names.line(queue, priority), delays.due(), Delays.linePattern(queue, priority));
    }
  }

  private void declareLevel(Channel channel, int level) throws IOException {
    String name = delays.level(level);
    Map<String, Object> arguments = new HashMap<>(deadLettering(delays.after(level), null));
    arguments.put("x-queue-type", "quorum");
    arguments.put("x-message-ttl", Delays.ttlMillis(level));
    channel.exchangeDeclare(name, BuiltinExchangeType.TOPIC, true);
    channel.queueDeclare(name, true, false, false, arguments);
    channel.queueBind(name, name, Delays.pattern(level, 1));
    channel.exchangeBind(delays.after(level), name, Delays.pattern(level, 0));
  }
}
