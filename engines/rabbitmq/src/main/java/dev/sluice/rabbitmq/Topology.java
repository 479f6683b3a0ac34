package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Queues and exchanges on the broker, declared when they are first needed, and again after each
/// loss of the connection. Declaring what is there already does nothing.
///
/// Threading: thread-safe. `turn` lets one caller at a time declare a queue, and the ways of
/// delayed jobs; who knows that everything is there does not take it.
final class Topology {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");

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
  private final Names names;
  private final Delays delays;
  private final Consumer<String> beforeMaking;
  private final Consumer<String> afterMaking;
  private final Turn turn;

  /// What is known to be there.
  private final Set<String> queues = ConcurrentHashMap.newKeySet();

  /// Queues whose lines may not hang on the end of the delays any more.
  private final Set<String> unbound = ConcurrentHashMap.newKeySet();

  private volatile int levels;

  /// The levels that were ever needed: there may be jobs in all of them.
  private final AtomicInteger wanted = new AtomicInteger();

  private volatile boolean wayBack;

  private final Refusals refusals;

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
    this.url = url;
    refusals = new Refusals(clock);
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
          queue,
          () -> queues.contains(queue),
          () -> {
            boolean lines = exist(names.lines(queue));
            if (!lines) {
              beforeMaking.accept(queue);
            }
            return lines && exist(List.of(names.dead(queue)));
          },
          channel -> declareQueue(channel, queue),
          () -> {
            queues.add(queue);
            afterMaking.accept(queue);
          });
    }
  }

  /// Makes sure that jobs of a queue can be delayed by so many units.
  ///
  /// @throws EngineUnavailableException with the reason, when they cannot
  void requireDelays(String queue, long units) {
    requireQueue(queue);
    requireLevels(queue, Delays.highestLevel(units) + 1);
  }

  private void requireLevels(String queue, int needed) {
    wanted.accumulateAndGet(needed, Math::max);
    if (levels < needed) {
      declare(
          delays.due(),
          queue,
          () -> levels >= needed,
          () -> exist(levels(needed)),
          channel -> {
            // From the lowest, so that a message finds every level below its own.
            for (int level = levels; level < needed; level++) {
              declareLevel(channel, level);
            }
          },
          () -> levels = Math.max(levels, needed));
    }
  }

  private List<String> levels(int count) {
    return IntStream.range(0, count).mapToObj(level -> delays.level(count - 1 - level)).toList();
  }

  /// Looks whether the ways of delayed jobs are all there, and makes anew what is missing. Nobody
  /// else would notice a level in the middle, where jobs would stay, or that the exchange at the
  /// end has no lines.
  ///
  /// @param queue on whose behalf; it is not made, for it may be one that somebody only asks about
  /// @throws EngineUnavailableException with the reason, when they cannot be had
  void requireWays(String queue) {
    int needed = wanted.get();
    if (!wayBack && needed == 0 && unbound.isEmpty()) {
      return;
    }
    try {
      if (!areWaysThere()) {
        forgetWays();
      }
    } catch (IOException | AlreadyClosedException failure) {
      throw refused(queue, failure);
    }
    List.copyOf(unbound).forEach(this::bindAgain);
    if (needed > 0) {
      requireLevels(queue, needed);
    }
  }

  private void bindAgain(String queue) {
    try {
      // One that is gone itself is made by whoever uses it.
      if (exist(names.lines(queue))) {
        requireQueue(queue);
      }
      unbound.remove(queue);
    } catch (IOException | AlreadyClosedException | EngineUnavailableException failure) {
      // The next look comes soon, and the others are not to wait for this one.
      LOG.log(Level.DEBUG, "the way back to a queue is not known to be there", failure);
    }
  }

  private boolean areWaysThere() throws IOException {
    Channel channel = link.openChannel();
    try {
      if (wayBack) {
        var _ = link.call(() -> channel.exchangeDeclarePassive(delays.due()));
        requireBoth(channel, delays.lost());
      }
      for (String level : levels(levels)) {
        requireBoth(channel, level);
      }
      return true;
    } catch (IOException missing) {
      return !isMissing(missing);
    } finally {
      link.closeChannel(channel);
    }
  }

  private void requireBoth(Channel channel, String name) throws IOException {
    var _ = link.call(() -> channel.exchangeDeclarePassive(name));
    var _ = link.call(() -> channel.queueDeclarePassive(name));
  }

  /// Whether the broker said that something is not there.
  ///
  /// @throws IOException as it came, when it said anything else
  private static boolean isMissing(IOException failure) throws IOException {
    if (Sentences.replyCode(failure) == 404) {
      return true;
    }
    throw failure;
  }

  /// Forgets that the ways of delayed jobs are there, and with them that the lines hang on their
  /// end.
  void forgetWays() {
    unbound.addAll(queues);
    queues.clear();
    levels = 0;
    wayBack = false;
  }

  /// Forgets what is known to be there.
  void forget() {
    forgetWays();
    // Whoever is refused again hears it again; whoever does not ask again need not stay ill.
    refusals.clear();
  }

  /// Forgets that a queue is there.
  void forget(String queue) {
    queues.remove(queue);
  }

  /// What is wrong with a queue on the broker, in words.
  Optional<String> trouble() {
    return refusals.first();
  }

  private interface Declaration {
    void on(Declaring channel) throws IOException;
  }

  private interface Look {
    /// Whether all is there, so that nothing is new.
    boolean isThere() throws IOException;
  }

  /// @param known whether somebody else did it while this caller waited for its turn
  /// @param done takes down that it is there
  private void declare(
      String thing,
      String queue,
      BooleanSupplier known,
      Look look,
      Declaration declaration,
      Runnable done) {
    String otherwise =
        "queue '" + queue + "': the broker did not answer in time while queues were declared";
    try (Turn.Mine _ = turn.take(thing, otherwise)) {
      if (known.getAsBoolean()) {
        return;
      }
      boolean isNew = !look.isThere();
      if (!declareOnce(declaration)) {
        // What this hangs on was there once, and is to be made first.
        forgetWays();
        declareAgain(declaration);
      }
      refusals.remove(queue);
      if (isNew) {
        link.pause(SETTLE_NANOS);
      }
      done.run();
    } catch (IOException | AlreadyClosedException failure) {
      throw refused(queue, failure);
    }
  }

  private void declareAgain(Declaration declaration) throws IOException {
    boolean done =
        declareOnce(channel -> {
          declareWayBack(channel);
          declaration.on(channel);
        });
    if (!done) {
      throw new IOException("what it needs is deleted on the broker while it is used");
    }
  }

  /// @return whether all that it needs is there
  private boolean declareOnce(Declaration declaration) throws IOException {
    Channel channel = link.openChannel();
    try {
      declaration.on(new Declaring(link, channel));
      return true;
    } catch (IOException missing) {
      return !isMissing(missing);
    } finally {
      link.closeChannel(channel);
    }
  }

  private EngineUnavailableException refused(String queue, Exception failure) {
    String words = "queue '" + queue + "': " + Sentences.of(failure, url);
    if (REFUSALS.contains(Sentences.replyCode(failure))) {
      refusals.add(queue, words);
      return new EngineUnavailableException(Kind.REFUSING, words, failure);
    }
    return new EngineUnavailableException(words, failure);
  }

  private boolean exist(List<String> names) throws IOException {
    Channel channel = link.openChannel();
    try {
      for (String name : names) {
        var _ = link.call(() -> channel.queueDeclarePassive(name));
      }
      return true;
    } catch (IOException missing) {
      return !isMissing(missing);
    } finally {
      link.closeChannel(channel);
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
    // With a limit so high that a look at what waits here, as by a move, never sends it on early.
    Map<String, Object> arguments = quorum();
    arguments.putAll(deadLettering(delays.after(level), null));
    arguments.put("x-message-ttl", Delays.ttlMillis(level));
    channel.exchange(name, BuiltinExchangeType.TOPIC, Map.of());
    channel.queue(name, arguments);
    channel.bindQueue(name, name, Delays.pattern(level, 1));
    channel.bindExchange(delays.after(level), name, Delays.pattern(level, 0));
  }
}
