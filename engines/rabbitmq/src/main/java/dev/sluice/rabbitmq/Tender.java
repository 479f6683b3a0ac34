package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Lease;
import dev.sluice.rabbitmq.Leases.Held;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Looks after what the broker gives to this process: opens and closes consumers as the claims want
/// it, gives away what nobody claims, takes back claims whose deadline passed, and carries off what
/// is no job.
///
/// Threading: a step machine in a loop of its own, and the only one that consumes; [#close] may be
/// called by anybody.
final class Tender {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long TICK_NANOS = 250_000_000;
  private static final long PAUSE_NANOS = 500_000_000;

  /// Most deliveries that are given away in one call.
  private static final int GIVEN_AT_ONCE = 500;

  private final Link link;
  private final RabbitUrl url;
  private final Environment environment;
  private final Topology topology;
  private final Settler settler;
  private final Leases leases;
  private final Map<String, Subscription> subscriptions;
  private final Consumer<Lease> onLost;
  private final Names names;
  private final Map<String, String> failures = new ConcurrentHashMap<>();
  private final Map<String, Long> pauses = new ConcurrentHashMap<>();
  private final Set<String> strangeKinds = ConcurrentHashMap.newKeySet();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean closing;

  private final Environment.Loop loop;

  Tender(
      Link link,
      RabbitUrl url,
      Environment environment,
      Topology topology,
      Settler settler,
      Leases leases,
      Map<String, Subscription> subscriptions,
      Consumer<Lease> onLost) {
    this.link = link;
    this.url = url;
    this.environment = environment;
    this.topology = topology;
    this.settler = settler;
    this.leases = leases;
    this.subscriptions = subscriptions;
    this.onLost = onLost;
    names = new Names(url.prefix());
    loop = environment.threads().loop("sluice-rabbitmq-tender", this::step);
  }

  void wake() {
    loop.wake();
  }

  /// Why jobs of a queue do not come in, in words.
  Optional<String> trouble() {
    return failures.values().stream().findFirst();
  }

  /// Gives away what was not claimed, as far as that goes in the time given, so that it does not
  /// count as failed.
  void giveEverythingBack(long nanos) {
    closing = true;
    loop.wake();
    try {
      if (!ended.await(nanos, TimeUnit.NANOSECONDS)) {
        LOG.log(Level.DEBUG, "not everything was given back in time");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  void close() {
    closing = true;
    loop.stop();
  }

  private long step() {
    if (ended.getCount() == 0) {
      return Environment.Step.WHEN_WOKEN;
    }
    // Asked once: what is true in the middle only would let some queues keep what they hold.
    boolean last = closing;
    if (link.isConnected()) {
      subscriptions.values().forEach(subscription -> tend(subscription, last));
      takeBackExpired();
    }
    if (last) {
      ended.countDown();
      return Environment.Step.WHEN_WOKEN;
    }
    return TICK_NANOS;
  }

  private void tend(Subscription subscription, boolean last) {
    long now = environment.clock().monotonicNanos();
    Long pause = pauses.get(subscription.queue);
    if (!last && pause != null && pause - now > 0) {
      return;
    }
    try {
      carryOff(subscription);
      if (last) {
        rest(subscription);
        return;
      }
      switch (subscription.need(now)) {
        case NOTHING -> {}
        case SESSION -> subscribe(subscription);
        case PREFETCH -> changePrefetch(subscription);
        case REST -> rest(subscription);
      }
      failures.remove(subscription.queue);
      pauses.remove(subscription.queue);
    } catch (EngineUnavailableException known) {
      failed(subscription, String.valueOf(known.getMessage()));
    } catch (IOException | AlreadyClosedException failure) {
      failed(subscription, Sentences.of(failure, url));
    } catch (RuntimeException defect) {
      // What nobody foresaw in one queue must not keep the others from being looked after.
      LOG.log(Level.WARNING, "a defect in looking after the queue " + subscription.queue, defect);
      failed(subscription, Sentences.of(defect, url));
    }
  }

  private void failed(Subscription subscription, String why) {
    String words = "queue '" + subscription.queue + "' brings no jobs: " + why;
    if (link.isConnected() && !words.equals(failures.put(subscription.queue, words))) {
      LOG.log(Level.WARNING, words);
    }
    pauses.put(subscription.queue, environment.clock().monotonicNanos() + PAUSE_NANOS);
  }

  private void subscribe(Subscription subscription) throws IOException {
    Session old = subscription.session();
    if (old != null && !old.isEnded()) {
      // A line of it was deleted, or it broke. It ends at once, with its leases: what came from a
      // deleted line is no job any more, and as long as the channel lives the broker may give it
      // jobs of the new line, which nobody would hear of.
      old.abort();
      topology.forget(subscription.queue);
    }
    topology.requireQueue(subscription.queue);
    Session made = new Session(link.openChannel(), link, subscription);
    made.listen();
    subscription.use(made);
    consume(subscription, made);
  }

  private void consume(Subscription subscription, Session session) throws IOException {
    boolean consuming = false;
    try {
      session.consume(names, subscription.queue, subscription.nextPrefetch());
      consuming = true;
    } catch (IOException failure) {
      if (Sentences.replyCode(failure) == 404) {
        topology.forget(subscription.queue);
      }
      throw failure;
    } finally {
      if (!consuming) {
        abandon(subscription, session);
      }
    }
  }

  private void changePrefetch(Subscription subscription) throws IOException {
    Session session = subscription.session();
    if (session != null) {
      try {
        session.cancel();
      } catch (IOException failure) {
        abandon(subscription, session);
        throw failure;
      }
      consume(subscription, session);
    }
  }

  /// Gives up a channel that owes an answer: it is good for nothing but settlements.
  private void abandon(Subscription subscription, Session session) {
    subscription.cancelled(session);
    if (leases.count(subscription.queue) == 0) {
      environment.threads().handler("sluice-rabbitmq-abandon", session::abort);
    }
  }

  private void rest(Subscription subscription) throws IOException {
    Session session = subscription.session();
    if (session == null || session.isEnded()) {
      return;
    }
    session.cancel();
    List<Delivery> waiting = subscription.drain();
    List<Delivery> kept = waiting;
    try {
      for (int from = 0; from < waiting.size(); from += GIVEN_AT_ONCE) {
        int to = Math.min(waiting.size(), from + GIVEN_AT_ONCE);
        Outbox.Sent sent = settler.giveBack(waiting.subList(from, to));
        kept = new ArrayList<>(left(waiting.subList(from, to), sent));
        kept.addAll(waiting.subList(to, waiting.size()));
        requireAll(sent);
      }
    } finally {
      subscription.putBack(kept);
    }
  }

  private static <T> List<T> left(List<T> sent, Outbox.Sent fates) {
    return IntStream.range(0, sent.size())
        .filter(place -> !fates.arrived().get(place))
        .mapToObj(sent::get)
        .toList();
  }

  private static void requireAll(Outbox.Sent sent) {
    if (sent.failure() != null) {
      throw sent.failure();
    }
  }

  private void carryOff(Subscription subscription) {
    for (Delivery over : subscription.drainOver()) {
      over.session().acknowledge(List.of(over.tag()));
    }
    List<Subscription.Foreign> strangers = subscription.drainForeign();
    if (strangers.isEmpty()) {
      return;
    }
    Outbox.Sent sent = null;
    try {
      sent = settler.bury(subscription.queue, strangers);
    } finally {
      subscription.putBackForeign(sent == null ? strangers : left(strangers, sent));
    }
    requireAll(sent);
    for (Subscription.Foreign stranger : strangers) {
      if (strangeKinds.size() < 100 && strangeKinds.add(stranger.reason())) {
        LOG.log(
            Level.WARNING,
            "a message in the queue ''{0}'' is no job and went to its dead-letter queue: {1}",
            subscription.queue,
            stranger.reason());
      }
    }
  }

  private void takeBackExpired() {
    // Queue by queue, so that one that takes nothing keeps none of another.
    leases.expired(environment.clock().monotonicNanos()).stream()
        .collect(Collectors.groupingBy(held -> held.envelope.job().queue()))
        .values()
        .forEach(this::reclaim);
  }

  private void reclaim(List<Held> expired) {
    try {
      Outbox.Sent sent = settler.reclaim(expired);
      sent.arrived().stream().forEach(place -> onLost.accept(expired.get(place).lease));
      requireAll(sent);
    } catch (EngineUnavailableException notNow) {
      LOG.log(Level.DEBUG, "claims whose deadline passed stay for now", notNow);
    }
  }
}
