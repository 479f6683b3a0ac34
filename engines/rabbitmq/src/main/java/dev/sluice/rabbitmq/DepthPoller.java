package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Asks the broker about once a second how much waits in the queues that are in use, and sooner
/// when a lot was admitted meanwhile. Looks also, less often, whether the ways of delayed jobs are
/// there.
///
/// Threading: a step machine in a loop of its own; [#ask] may be called by anybody.
final class DepthPoller {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final long SHORTEST_NANOS = 20_000_000;
  private static final long WAYS_NANOS = 10_000_000_000L;
  private static final long UNUSED_NANOS = 60_000_000_000L;

  private final Link link;
  private final Environment.Clock clock;
  private final Topology topology;
  private final Map<String, Load> loads;
  private final Names names;
  private final Set<String> asked = ConcurrentHashMap.newKeySet();
  private final Environment.Loop loop;

  /// Confined to the loop.
  private @Nullable Channel channel;

  private long nextRoundNanos;
  private long lastNanos;
  private long nextWaysNanos;

  DepthPoller(
      Link link,
      Environment environment,
      Topology topology,
      Map<String, Load> loads,
      String prefix) {
    this.link = link;
    this.clock = environment.clock();
    this.topology = topology;
    this.loads = loads;
    names = new Names(prefix);
    nextRoundNanos = clock.monotonicNanos();
    lastNanos = nextRoundNanos - SHORTEST_NANOS;
    nextWaysNanos = nextRoundNanos + WAYS_NANOS;
    loop = environment.threads().loop("sluice-rabbitmq-depth", this::step);
  }

  /// Wants the depth of a queue soon.
  void ask(String queue) {
    if (asked.add(queue)) {
      loop.wake();
    }
  }

  void close() {
    loop.stop();
  }

  private long step() {
    long now = clock.monotonicNanos();
    boolean round = nextRoundNanos - now <= 0;
    if (!link.isConnected() || (!round && asked.isEmpty())) {
      return Math.max(SHORTEST_NANOS, nextRoundNanos - now);
    }
    if (!round && now - lastNanos < SHORTEST_NANOS) {
      return SHORTEST_NANOS - (now - lastNanos);
    }
    if (round) {
      nextRoundNanos = now + INTERVAL_NANOS;
      requireWays(now);
    }
    for (Map.Entry<String, Load> entry : loads.entrySet()) {
      boolean wanted = asked.remove(entry.getKey());
      if (wanted || (round && entry.getValue().usedSince(now - UNUSED_NANOS))) {
        poll(entry.getKey(), entry.getValue());
      }
    }
    lastNanos = clock.monotonicNanos();
    return asked.isEmpty() ? Math.max(0, nextRoundNanos - lastNanos) : SHORTEST_NANOS;
  }

  private void poll(String queue, Load load) {
    load.beginDepth();
    try {
      long ready = 0;
      for (Priority priority : Priority.values()) {
        ready += depth(queue, names.line(queue, priority));
      }
      load.depth(ready, depth(queue, names.dead(queue)), clock.wallMillis());
    } catch (IOException | AlreadyClosedException | EngineUnavailableException failure) {
      letGo();
      LOG.log(Level.DEBUG, "the depth of the queue ''{0}'' is not known", queue);
    }
  }

  private long depth(String queue, String name) throws IOException {
    Channel open = channel != null && channel.isOpen() ? channel : link.openChannel();
    channel = open;
    try {
      return link.call(() -> open.queueDeclarePassive(name)).getMessageCount();
    } catch (IOException missing) {
      if (Sentences.replyCode(missing) != 404) {
        throw missing;
      }
      // The others of the queue are there all the same.
      topology.forget(queue);
      return 0;
    }
  }

  /// Only now and then: it is a question for each level and each exchange.
  private void requireWays(long now) {
    if (nextWaysNanos - now > 0) {
      return;
    }
    nextWaysNanos = now + WAYS_NANOS;
    Optional<String> used =
        loads.entrySet().stream()
            .filter(entry -> entry.getValue().usedSince(now - UNUSED_NANOS))
            .map(Map.Entry::getKey)
            .findFirst();
    try {
      used.ifPresent(topology::requireWays);
    } catch (AlreadyClosedException | EngineUnavailableException failure) {
      LOG.log(Level.DEBUG, "the ways of delayed jobs cannot be looked at", failure);
    }
  }

  /// A channel that owes an answer is good for nothing more.
  private void letGo() {
    Channel owing = channel;
    channel = null;
    if (owing != null) {
      link.abandon(owing);
    }
  }
}
