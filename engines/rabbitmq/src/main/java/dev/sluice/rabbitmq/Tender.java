package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Lease;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.Leases.Held;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Looks after what the broker gives to this process: opens and closes consumers as the claims want
/// it, gives away what nobody claims, takes back claims whose deadline passed, and carries off what
/// is no job.
///
/// Threading: thread-safe. Each queue has a step machine in a loop of its own, which alone consumes
/// from it, so that a queue of which the broker says nothing keeps no other from its jobs.
final class Tender {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long TICK_NANOS = 250_000_000;
  private static final long ASLEEP_NANOS = 5_000_000_000L;
  private static final long PAUSE_NANOS = 500_000_000;

  /// How long a consumer that begins may take until others of its queue are claimed from.
  private static final long ANSWER_NANOS = 1_000_000_000;

  /// How often to look whether everything is quiet: what a queue gives while it hears that its
  /// consumer ends counts as failed.
  private static final long QUIET_LOOK_NANOS = 50_000_000;

  /// Most deliveries that are given away in one call.
  private static final int GIVEN_AT_ONCE = 500;

  /// Most sorts of messages that are no jobs of which the log tells.
  private static final int MOST_REASONS = 100;

  /// Who is told what comes in, and which claims were lost.
  interface Listener {
    void arrived();

    void lost(Lease lease);
  }

  private final Link link;
  private final RabbitUrl url;
  private final Environment environment;
  private final Topology topology;
  private final Settler settler;
  private final Leases leases;
  private final Function<String, Load> loads;
  private final Listener listener;
  private final Names names;
  private final Map<String, Queue> queues = new ConcurrentHashMap<>();
  private final Set<String> reasons = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;
  private volatile boolean closed;

  Tender(
      Link link,
      RabbitUrl url,
      Environment environment,
      Topology topology,
      Settler settler,
      Leases leases,
      Function<String, Load> loads,
      Listener listener) {
    this.link = link;
    this.url = url;
    this.environment = environment;
    this.topology = topology;
    this.settler = settler;
    this.leases = leases;
    this.loads = loads;
    this.listener = listener;
    names = new Names(url.prefix());
  }

  /// What is claimed of a queue; from the first call on it is looked after.
  Subscription subscription(String queue) {
    Queue tended = queues.computeIfAbsent(queue, Queue::new);
    if (closed) {
      // It came in beside the end.
      tended.loop.stop();
    }
    return tended.subscription;
  }

  void wake(String queue) {
    Queue tended = queues.get(queue);
    if (tended != null) {
      tended.loop.wake();
    }
  }

  /// Whether a claim of any queue would find more now that one has ended.
  boolean isWaitedFor() {
    return queues.values().stream().anyMatch(queue -> queue.subscription.isWaitedFor());
  }

  /// Ends the channels on which jobs of a queue come in, and so the leases that hang on them.
  void endSessions(String queue) {
    Queue tended = queues.get(queue);
    if (tended != null) {
      tended.subscription.sessions().stream()
          .filter(session -> !session.isEnded())
          .forEach(Session::abort);
    }
  }

  /// Why jobs of a queue do not come in, in words.
  Optional<String> trouble() {
    return queues.values().stream()
        .map(queue -> queue.failure)
        .filter(Objects::nonNull)
        .findFirst();
  }

  /// Gives away what was not claimed, as far as that goes in the time given, so that it does not
  /// count as failed.
  void giveEverythingBack(long nanos) {
    closing = true;
    queues.values().forEach(queue -> queue.loop.wake());
    long deadline = environment.clock().monotonicNanos() + nanos;
    try {
      for (Queue queue : queues.values()) {
        long left = deadline - environment.clock().monotonicNanos();
        if (!queue.ended.await(left, TimeUnit.NANOSECONDS)) {
          LOG.log(Level.DEBUG, "not everything of {0} was given back in time", queue.name);
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  void close() {
    closing = true;
    closed = true;
    queues.values().forEach(queue -> queue.loop.stop());
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

  private interface Attempt {
    void make() throws IOException;
  }

  private interface Deed<T> {
    void on(T one) throws IOException;
  }

  /// Does something with each, also with those after one where it fails.
  private static <T> void each(List<T> all, Deed<T> deed) throws IOException {
    Exception first = null;
    for (T one : all) {
      try {
        deed.on(one);
      } catch (IOException | AlreadyClosedException | EngineUnavailableException failure) {
        if (first == null) {
          first = failure;
        } else {
          first.addSuppressed(failure);
        }
      }
    }
    switch (first) {
      case null -> {}
      case IOException lost -> throw lost;
      case RuntimeException refused -> throw refused;
      default -> throw new IllegalStateException(first);
    }
  }

  /// One queue.
  ///
  /// Threading: a step machine; what the broker brings comes from threads of the client.
  private final class Queue implements Subscription.Listener {
    private final String name;
    private final Subscription subscription;
    private final List<Line> lines;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Environment.Loop loop;
    private volatile @Nullable String failure;

    /// Confined to the loop.
    private long pausedUntilNanos;

    Queue(String name) {
      this.name = name;
      long now = environment.clock().monotonicNanos();
      pausedUntilNanos = now;
      subscription = new Subscription(name, loads.apply(name), leases, this, now);
      lines =
          Subscription.HIGHEST_FIRST.stream()
              .map(priority ->
                  new Line(
                      link,
                      environment.threads(),
                      subscription,
                      priority,
                      names.line(name, priority)))
              .toList();
      loop = environment.threads().loop("sluice-rabbitmq-tender-" + name, this::step);
    }

    @Override
    public void arrived() {
      listener.arrived();
    }

    @Override
    public void changed() {
      loop.wake();
    }

    @Override
    public void ended(Session session) {
      leases.lose(session).forEach(listener::lost);
    }

    private long step() {
      if (ended.getCount() == 0) {
        return Environment.Step.WHEN_WOKEN;
      }
      // Asked once: what is true in the middle only would keep some of what is held.
      boolean last = closing;
      if (last && !isEverythingQuiet()) {
        return QUIET_LOOK_NANOS;
      }
      // What came until everything was quiet is given back in a second round.
      boolean stopped = subscription.sessions().stream().allMatch(Session::isStopped);
      long now = environment.clock().monotonicNanos();
      if (link.isConnected()) {
        takeBackExpired();
        tend(now, last);
      }
      if (last && stopped) {
        ended.countDown();
        return Environment.Step.WHEN_WOKEN;
      }
      return last ? QUIET_LOOK_NANOS : subscription.isAsleep(now) ? ASLEEP_NANOS : TICK_NANOS;
    }

    private boolean isEverythingQuiet() {
      return subscription.sessions().stream().allMatch(Session::isQuiet);
    }

    private void tend(long now, boolean last) {
      if (!last && pausedUntilNanos - now > 0) {
        return;
      }
      try {
        carryOff();
        if (last) {
          rest(true);
          return;
        }
        letRetiredGo();
        if (subscription.isIdle(now)) {
          rest(false);
        }
        consume(subscription.wanting(now));
        Optional<Line> overdue = lines.stream().filter(Line::isOverdue).findFirst();
        if (overdue.isPresent()) {
          tell("queue '" + name + "': its line '" + overdue.get().name() + "' does not answer");
        } else {
          failure = null;
        }
      } catch (EngineUnavailableException known) {
        failed(String.valueOf(known.getMessage()));
      } catch (IOException | AlreadyClosedException lost) {
        failed(Sentences.of(lost, url));
      }
    }

    private void failed(String why) {
      tell("queue '" + name + "' brings no jobs: " + why);
      pausedUntilNanos = environment.clock().monotonicNanos() + PAUSE_NANOS;
    }

    private void tell(String words) {
      if (link.isConnected() && !words.equals(failure)) {
        failure = words;
        LOG.log(Level.WARNING, words);
      }
    }

    /// Lets lines be consumed from, each by itself: those beside one that does not answer, too.
    private void consume(List<Priority> wanting) throws IOException {
      if (!subscription.retire(Session::isGone).isEmpty()) {
        // What is deleted is made anew, and nothing may be consumed from it on the old channel.
        topology.forget(name);
        letRetiredGo();
      }
      each(lines, line -> goOn(line, 0));
      List<Line> free =
          lines.stream()
              .filter(line -> wanting.contains(line.priority()) && line.isFree())
              .toList();
      if (free.isEmpty()) {
        return;
      }
      topology.requireQueue(name);
      subscription.beginPriming();
      try {
        each(free, this::begin);
        long until = environment.clock().monotonicNanos() + ANSWER_NANOS;
        each(free, line -> goOn(line, until - environment.clock().monotonicNanos()));
      } finally {
        subscription.endPriming();
      }
    }

    private void begin(Line line) throws IOException {
      orForget(line::begin);
    }

    private void goOn(Line line, long nanos) throws IOException {
      orForget(() -> line.goOn(nanos));
    }

    /// Does what can show that a line is missing.
    private void orForget(Attempt attempt) throws IOException {
      try {
        attempt.make();
      } catch (IOException failure) {
        if (Sentences.replyCode(failure) == 404) {
          topology.forget(name);
        }
        throw failure;
      }
    }

    /// Ends channels that were used before, when nothing more is held of what came on them: a lease
    /// hangs on its channel. One of a deleted line ends at once, with its leases: what came from it
    /// is no job any more.
    private void letRetiredGo() {
      for (Session old : subscription.retired()) {
        if (old.isGone()) {
          subscription.letGo(old);
          old.abort();
        } else if (old.isQuiet() && isSpent(old)) {
          subscription.letGo(old);
          environment.threads().handler("sluice-rabbitmq-end", old::abort);
        }
      }
    }

    /// In this order: what is claimed goes from the one to the other.
    private boolean isSpent(Session old) {
      return !subscription.holds(old) && !leases.holds(name, old);
    }

    /// Lets others have what waits here.
    private void rest(boolean last) throws IOException {
      each(subscription.sessions(), this::giveBack);
      if (last) {
        each(subscription.sessions(), this::stop);
      }
      letRetiredGo();
    }

    /// The line is asked for no more between the two steps: one that confirms the copies answers,
    /// and room that is made by letting go would be filled again.
    private void giveBack(Session session) {
      List<Delivery> waiting = subscription.drain(session);
      List<Delivery> kept = waiting;
      try {
        for (int from = 0; from < waiting.size(); from += GIVEN_AT_ONCE) {
          int to = Math.min(waiting.size(), from + GIVEN_AT_ONCE);
          List<Delivery> some = waiting.subList(from, to);
          Outbox.Sent sent = settler.copy(some);
          if (!sent.arrived().isEmpty()) {
            stop(session);
          }
          settler.acknowledge(session, some, sent);
          kept = new ArrayList<>(left(some, sent));
          kept.addAll(waiting.subList(to, waiting.size()));
          requireAll(sent);
        }
      } finally {
        subscription.putBack(kept);
      }
    }

    private void stop(Session session) {
      if (!session.isStopped()) {
        subscription.retire(one -> one == session);
        session.stop();
      }
    }

    private void carryOff() {
      for (Delivery over : subscription.drainOver()) {
        over.session().acknowledge(List.of(over.tag()));
      }
      List<Subscription.Foreign> strangers = subscription.drainForeign();
      if (strangers.isEmpty()) {
        return;
      }
      Outbox.Sent sent = null;
      try {
        sent = settler.bury(name, strangers);
      } finally {
        subscription.putBackForeign(sent == null ? strangers : left(strangers, sent));
      }
      requireAll(sent);
      for (Subscription.Foreign stranger : strangers) {
        if (reasons.size() < MOST_REASONS && reasons.add(stranger.reason())) {
          LOG.log(
              Level.WARNING,
              "a message in the queue ''{0}'' is no job and went to its dead-letter queue: {1}",
              name,
              stranger.reason());
        }
      }
    }

    private void takeBackExpired() {
      List<Held> expired = leases.expired(name, environment.clock().monotonicNanos());
      if (expired.isEmpty()) {
        return;
      }
      try {
        Outbox.Sent sent = settler.reclaim(expired);
        sent.arrived().stream().forEach(place -> listener.lost(expired.get(place).lease));
        requireAll(sent);
      } catch (EngineUnavailableException notNow) {
        LOG.log(Level.DEBUG, "claims whose deadline passed stay for now", notNow);
      }
    }
  }
}
