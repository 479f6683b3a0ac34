package dev.sluice.sqs;

import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The step machine that asks SQS how deep the queues in use are, gives back what lies in buffers,
/// and notices leases that are over.
///
/// Threading: [#step] is confined to its loop and starts calls without waiting for them; the rest
/// is thread-safe.
final class Gauge implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  /// A queue that nobody asked for anything this long is not looked at.
  private static final long IN_USE_NANOS = 60_000_000_000L;

  private static final long NAMES_NANOS = 30_000_000_000L;

  private final Service service;
  private final Ledger ledger;
  private final Supplier<Collection<SqsQueue>> queues;
  private final Set<SqsQueue> looking = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean naming = new AtomicBoolean();
  private volatile Set<String> named = Set.of();
  private volatile long namedNanos;
  private volatile boolean namesAsked;

  Gauge(Service service, Ledger ledger, Supplier<Collection<SqsQueue>> queues) {
    this.service = service;
    this.ledger = ledger;
    this.queues = queues;
  }

  @Override
  public long step() {
    long now = service.clock().monotonicNanos();
    ledger.expired(now).forEach(service.hints::lost);
    for (SqsQueue queue : queues.get()) {
      queue.receiver.tend();
      if (queue.exists && now - queue.usedNanos < IN_USE_NANOS && looking.add(queue)) {
        var _ =
            service.workers.start(
                "tend",
                () -> {
                  try {
                    looked(queue);
                  } catch (EngineUnavailableException _) {
                    // It is in the trouble already, and the next look comes.
                  } finally {
                    looking.remove(queue);
                  }
                });
      }
    }
    return service.tuning().look().toNanos();
  }

  private void looked(SqsQueue queue) {
    Patience patience = service.patience();
    var _ =
        service.workers.one(
            "look",
            () -> {
              look(queue, false, patience);
              return true;
            },
            patience.deadlineNanos());
  }

  /// Asks for the depth.
  ///
  /// @param make whether the queue is made when it is missing
  void look(SqsQueue queue, boolean make, Patience patience) {
    Optional<String> url =
        make
            ? Optional.of(queue.topology.url(false, patience))
            : queue.topology.existing(false, patience);
    if (url.isEmpty()) {
      queue.exists = false;
      queue.depth = SqsQueue.Depth.NONE;
      return;
    }
    long mark = queue.admissions.mark();
    try {
      Map<QueueAttributeName, String> main = queue.topology.attributes(url.get(), patience);
      SqsQueue.Depth depth =
          new SqsQueue.Depth(
              number(main, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES),
              number(main, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE),
              number(main, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED),
              queue.depth.dead());
      queue.admissions.correct(depth.visible() + depth.delayed() + queue.receiver.buffered(), mark);
      queue.depth = depth;
      queue.exists = true;
      // What hinders the look at the dead says nothing of those that live.
      queue.depth = depth.withDead(dead(queue, patience));
      queue.looked = true;
    } catch (Service.QueueGoneException _) {
      queue.topology.gone(false, url.get());
    }
  }

  /// How many are in the dead-letter queue; none when it is missing.
  private static long dead(SqsQueue queue, Patience patience) {
    Optional<String> url = queue.topology.existing(true, patience);
    if (url.isEmpty()) {
      return 0;
    }
    try {
      Map<QueueAttributeName, String> dead = queue.topology.attributes(url.get(), patience);
      // Whoever looks at the dead, or hands them over, has them in flight for a while.
      return number(dead, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES)
          + number(dead, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE);
    } catch (Service.QueueGoneException _) {
      queue.topology.gone(true, url.get());
      return 0;
    }
  }

  private static long number(Map<QueueAttributeName, String> all, QueueAttributeName name) {
    String value = all.get(name);
    return value == null ? 0 : Long.parseLong(value);
  }

  /// What the newest look showed.
  Counts counts(SqsQueue queue) {
    if (!queue.looked) {
      looked(queue);
    }
    SqsQueue.Depth depth = queue.depth;
    long buffered = queue.receiver.buffered();
    return new Counts(
        depth.delayed(),
        depth.visible() + Math.min(buffered, depth.inFlight()),
        Math.max(0, depth.inFlight() - buffered),
        0,
        depth.dead(),
        0,
        queue.exists ? queue.admissions.bytes() : 0,
        0,
        false);
  }

  /// The queues that are known to be there: those in use here, and what SQS lists under the prefix.
  Set<String> names() {
    Set<String> names = new TreeSet<>();
    for (SqsQueue queue : queues.get()) {
      if (queue.exists) {
        names.add(queue.name());
      }
    }
    long now = service.clock().monotonicNanos();
    if (!namesAsked) {
      listed();
    } else if (now - namedNanos > NAMES_NANOS && naming.compareAndSet(false, true)) {
      var _ =
          service.workers.start(
              "list",
              () -> {
                try {
                  listed();
                } finally {
                  naming.set(false);
                }
              });
    }
    names.addAll(named);
    return names;
  }

  private void listed() {
    long deadline = service.patience().deadlineNanos();
    var _ = service.workers.one("list", this::list, deadline);
  }

  private boolean list() {
    namedNanos = service.clock().monotonicNanos();
    namesAsked = true;
    if (service.address().prefix().isEmpty()) {
      // All queues of the account, and no way to tell which are ours.
      return true;
    }
    try {
      Set<String> all = new HashSet<>();
      service
          .client()
          .listQueuesPaginator(
              request -> request.queueNamePrefix(service.address().prefix()).maxResults(1000))
          .queueUrls()
          .forEach(url -> all.add(url.substring(url.lastIndexOf('/') + 1)));
      Set<String> found = new TreeSet<>();
      for (String sqsName : all) {
        QueueNames.queueOf(service.address(), sqsName)
            .filter(queue -> all.contains(QueueNames.of(service.address(), queue).dead()))
            .ifPresent(found::add);
      }
      named = found;
    } catch (RuntimeException unlisted) {
      // The right to list is needed for nothing else, so its lack is no trouble.
      LOG.log(System.Logger.Level.DEBUG, "cannot list the queues: " + Failure.of(unlisted).words());
    }
    return true;
  }
}
