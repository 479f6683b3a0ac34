package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Asks the broker about once a second how much waits in the queues that are in use, and sooner
/// when a lot was admitted meanwhile.
///
/// Threading: a step machine in a loop of its own; [#ask] may be called by anybody.
final class DepthPoller {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final long SHORTEST_NANOS = 20_000_000;
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
        ready += depth(names.line(queue, priority));
      }
      load.depth(ready, depth(names.dead(queue)), clock.wallMillis());
    } catch (IOException | AlreadyClosedException | EngineUnavailableException failure) {
      letGo();
      if (Sentences.replyCode(failure) == 404) {
        topology.forget(queue);
        load.depth(0, 0, clock.wallMillis());
      } else {
        LOG.log(Level.DEBUG, "the depth of the queue ''{0}'' is not known", queue);
      }
    }
  }

  private long depth(String name) throws IOException {
    Channel open = channel != null && channel.isOpen() ? channel : link.openChannel();
    channel = open;
    return link.call(() -> open.queueDeclarePassive(name)).getMessageCount();
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
