package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Asks the broker about once a second how much waits in the queues that are in use, and sooner
/// when a lot was admitted meanwhile. Looks also, less often, whether the ways of delayed jobs are
/// there.
///
/// Threading: thread-safe. Each queue has a step machine in a loop of its own, so that one of which
/// the broker says nothing leaves the depths of the others known.
final class DepthPoller {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long INTERVAL_NANOS = 1_000_000_000;
  private static final long SHORTEST_NANOS = 20_000_000;
  private static final long WAYS_NANOS = 10_000_000_000L;
  private static final long UNUSED_NANOS = 60_000_000_000L;

  private final Link link;
  private final Environment environment;
  private final Topology topology;
  private final Names names;
  private final Map<String, Queue> queues = new ConcurrentHashMap<>();
  private final Environment.Loop ways;
  private volatile boolean closed;

  DepthPoller(Link link, Environment environment, Topology topology, String prefix) {
    this.link = link;
    this.environment = environment;
    this.topology = topology;
    names = new Names(prefix);
    ways = environment.threads().loop("sluice-rabbitmq-ways", this::lookAtWays);
  }

  /// Asks about a queue from now on.
  void follow(String queue, Load load) {
    Queue followed = queues.computeIfAbsent(queue, _ -> new Queue(queue, load));
    if (closed) {
      // It came in beside the end.
      followed.loop.stop();
    }
  }

  /// Wants the depth of a queue that is followed soon.
  void ask(String queue) {
    Queue followed = queues.get(queue);
    if (followed != null && !followed.asked) {
      followed.asked = true;
      followed.loop.wake();
    }
  }

  void close() {
    closed = true;
    ways.stop();
    queues.values().forEach(queue -> queue.loop.stop());
  }

  /// Only now and then: it is a question for each level and each exchange.
  private long lookAtWays() {
    if (!link.isConnected()) {
      return INTERVAL_NANOS;
    }
    try {
      queues.values().stream()
          .filter(Queue::isUsed)
          .findFirst()
          .ifPresent(queue -> topology.requireWays(queue.name));
    } catch (AlreadyClosedException | EngineUnavailableException failure) {
      LOG.log(Level.DEBUG, "the ways of delayed jobs cannot be looked at", failure);
    }
    return WAYS_NANOS;
  }

  /// One queue.
  ///
  /// Threading: a step machine; `asked` may be set by anybody.
  private final class Queue {
    private final String name;
    private final Load load;
    private final Environment.Loop loop;
    private volatile boolean asked;

    /// Confined to the loop.
    private @Nullable Channel channel;

    private long nextRoundNanos;
    private long lastNanos;

    Queue(String name, Load load) {
      this.name = name;
      this.load = load;
      nextRoundNanos = environment.clock().monotonicNanos();
      lastNanos = nextRoundNanos - SHORTEST_NANOS;
      loop = environment.threads().loop("sluice-rabbitmq-depth-" + name, this::step);
    }

    boolean isUsed() {
      return load.usedSince(environment.clock().monotonicNanos() - UNUSED_NANOS);
    }

    private long step() {
      long now = environment.clock().monotonicNanos();
      boolean round = nextRoundNanos - now <= 0;
      if (!link.isConnected()) {
        return INTERVAL_NANOS;
      }
      if (!round && !asked) {
        return nextRoundNanos - now;
      }
      if (!round && now - lastNanos < SHORTEST_NANOS) {
        return SHORTEST_NANOS - (now - lastNanos);
      }
      boolean used = asked || isUsed();
      if (round) {
        nextRoundNanos = now + INTERVAL_NANOS;
      }
      if (used) {
        asked = false;
        poll();
      } else {
        letGo();
      }
      lastNanos = environment.clock().monotonicNanos();
      return asked ? SHORTEST_NANOS : Math.max(0, nextRoundNanos - lastNanos);
    }

    private void poll() {
      load.beginDepth();
      try {
        long ready = 0;
        for (Priority priority : Priority.values()) {
          ready += depth(names.line(name, priority));
        }
        load.depth(ready, depth(names.dead(name)), environment.clock().wallMillis());
      } catch (IOException | AlreadyClosedException | EngineUnavailableException failure) {
        letGo();
        LOG.log(Level.DEBUG, "the depth of the queue ''{0}'' is not known", name);
      }
    }

    private long depth(String line) throws IOException {
      Channel open = channel != null && channel.isOpen() ? channel : link.openChannel();
      channel = open;
      try {
        return link.call(() -> open.queueDeclarePassive(line)).getMessageCount();
      } catch (IOException missing) {
        if (Sentences.replyCode(missing) != 404) {
          throw missing;
        }
        // The others of the queue are there all the same.
        topology.forget(name);
        return 0;
      }
    }

    /// Without a wait: a channel that owes an answer is good for nothing more, and one of a queue
    /// that is not used is one too many.
    private void letGo() {
      Channel open = channel;
      channel = null;
      if (open != null) {
        link.abandon(open);
      }
    }
  }
}
