package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Queues and exchanges on the broker, declared when they are first needed, and again after each
/// loss of the connection. Declaring what is there already does nothing.
///
/// Threading: thread-safe. `turn` lets one caller declare at a time; who knows that everything is
/// there does not take it.
final class Topology {
  /// Redeliveries after which the broker itself moves a message to the dead. Sluice's own rule for
  /// poison comes long before. Not "none", because that exists from RabbitMQ 4.0 on only, and
  /// nothing means 20 there.
  static final int DELIVERY_LIMIT = 1_000_000;

  /// How long a new queue is left alone. RabbitMQ writes the directory of its quorum queues every
  /// half second; one that was made later than that before its node is killed comes back empty and
  /// without a leader, and what was confirmed in it is gone.
  private static final long SETTLE_NANOS = 1_000_000_000;

  /// Answers that stay as they are until somebody changes something on the broker: access refused,
  /// a queue that others hold, other arguments.
  private static final Set<Integer> REFUSALS = Set.of(403, 405, 406);

  private final Link link;
  private final RabbitUrl url;
  private final Environment.Clock clock;
  private final Names names;
  private final Delays delays;
  private final Consumer<String> beforeMaking;
  private final Consumer<String> afterMaking;
  private final Turn turn;

  /// What is known to be there.
  private final Set<String> queues = ConcurrentHashMap.newKeySet();

  private volatile int levels;
  private volatile boolean wayBack;

  /// What the broker refused, by queue.
  private final Map<String, String> refusals = new ConcurrentHashMap<>();

  /// @param beforeMaking is given a queue of which a line is missing, before it is made anew: who
  ///   consumed from what was there must not be given what comes into the new one, on a channel
  ///   where nobody hears of it
  /// @param afterMaking is given a queue whose lines are all there, each time they were declared
  Topology(
      Link link,
      RabbitUrl url,
      Environment.Clock clock,
      Duration limit,
      Consumer<String> beforeMaking,
      Consumer<String> afterMaking) {
    this.link = link;
    this.beforeMaking = beforeMaking;
    this.afterMaking = afterMaking;
    this.clock = clock;
    this.url = url;
    turn = new Turn(limit);
    names = new Names(url.prefix());
    delays = new Delays(url.prefix());
  }

  /// Makes sure that the lines and the dead-letter queue of a Sluice queue are there, and the way
  /// back of its delayed jobs: other processes may delay some, and take it that it is there still.
  ///
  /// @throws EngineUnavailableException with the reason, when they cannot be had
  void requireQueue(String queue) {
    if (!queues.contains(queue)) {
      declare(
          queue,
          names.all(queue),
          () -> beforeMaking.accept(queue),
          channel -> declareQueue(channel, queue));
      queues.add(queue);
      afterMaking.accept(queue);
    }
  }

  /// Makes sure that jobs of a queue can be delayed by so many units.
  ///
  /// @throws EngineUnavailableException with the reason, when they cannot
  void requireDelays(String queue, long units) {
    requireQueue(queue);
    int needed = Delays.highestLevel(units) + 1;
    if (levels < needed) {
      declare(
          queue,
          List.of(delays.level(needed - 1)),
          () -> {},
          channel -> {
            // From the lowest, so that a message finds every level below its own.
            for (int level = levels; level < needed; level++) {
              declareLevel(channel, level);
            }
          });
      levels = Math.max(levels, needed);
    }
  }

  /// Forgets what is known to be there.
  void forget() {
    queues.clear();
    levels = 0;
    wayBack = false;
    // Whoever is refused again hears it again; whoever does not ask again need not stay ill.
    refusals.clear();
  }

  /// Forgets that a queue is there.
  void forget(String queue) {
    queues.remove(queue);
  }

  /// What is wrong with a queue on the broker, in words.
  Optional<String> trouble() {
    return refusals.values().stream().findFirst();
  }

  @Nullable String trouble(String queue) {
    return refusals.get(queue);
  }

  private interface Declaration {
    void on(Declaring channel) throws IOException;
  }

  /// @param needed the queues that are declared: where they all are, nothing is new
  /// @param before is run when one of them is missing, before anything is made
  private void declare(
      String queue, List<String> needed, Runnable before, Declaration declaration) {
    String otherwise =
        "queue '" + queue + "': the broker did not answer in time while queues were declared";
    try (Turn.Mine _ = turn.take(otherwise)) {
      boolean isNew = !exist(needed);
      if (isNew) {
        before.run();
      }
      Channel channel = link.openChannel();
      try {
        declaration.on(new Declaring(link, channel));
        refusals.remove(queue);
        if (isNew) {
          settle();
        }
      } finally {
        link.closeChannel(channel);
      }
    } catch (IOException | AlreadyClosedException refused) {
      String words = "queue '" + queue + "': " + Sentences.of(refused, url);
      if (REFUSALS.contains(Sentences.replyCode(refused))) {
        refusals.put(queue, words);
        throw new EngineUnavailableException(Kind.REFUSING, words, refused);
      }
      throw new EngineUnavailableException(words, refused);
    }
  }

  private boolean exist(List<String> names) throws IOException {
    Channel channel = link.openChannel();
    try {
      for (String name : names) {
        var _ = link.call(() -> channel.queueDeclarePassive(name));
      }
      return true;
    } catch (IOException missing) {
      if (Sentences.replyCode(missing) == 404) {
        return false;
      }
      throw missing;
    } finally {
      link.closeChannel(channel);
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

  private void declareQueue(Declaring channel, String queue) throws IOException {
    channel.queue(names.dead(queue), quorum());
    declareWayBack(channel);
    for (Priority priority : Priority.values()) {
      channel.queue(names.line(queue, priority), line(names.dead(queue)));
      channel.bindQueue(
          names.line(queue, priority), delays.due(), Delays.linePattern(queue, priority));
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

  private void declareWayBack(Declaring channel) throws IOException {
    if (wayBack) {
      return;
    }
    channel.exchange(delays.lost(), BuiltinExchangeType.FANOUT, Map.of());
    channel.queue(delays.lost(), quorum());
    channel.bindQueue(delays.lost(), delays.lost(), "");
    // What finds no line must not stay in the last level, where it would hold up all others.
    channel.exchange(
        delays.due(), BuiltinExchangeType.TOPIC, Map.of("alternate-exchange", delays.lost()));
    wayBack = true;
  }

  private void declareLevel(Declaring channel, int level) throws IOException {
    String name = delays.level(level);
    Map<String, Object> arguments = new HashMap<>(deadLettering(delays.after(level), null));
    arguments.put("x-queue-type", "quorum");
    arguments.put("x-message-ttl", Delays.ttlMillis(level));
    channel.exchange(name, BuiltinExchangeType.TOPIC, Map.of());
    channel.queue(name, arguments);
    channel.bindQueue(name, name, Delays.pattern(level, 1));
    channel.bindExchange(delays.after(level), name, Delays.pattern(level, 0));
  }
}
