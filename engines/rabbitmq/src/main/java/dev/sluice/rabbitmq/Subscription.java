package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.Leases.Held;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What the broker has given to this process of one queue, and how much more it shall give.
///
/// The broker sends up to the prefetch of each line ahead of the claims. The prefetch is what the
/// claims of the last seconds asked for together with what they held, so a process whose slots are
/// taken by jobs of a line is sent no more of it.
///
/// Threading: thread-safe. `lock` is held for memory work only; in it, the locks of the leases and
/// of the load may be taken.
final class Subscription implements Session.Receiver {
  /// Most unsettled deliveries of one line, for the sake of memory.
  private static final int MAX_PREFETCH = 2_000;

  private static final long WINDOW_NANOS = 10_000_000_000L;

  /// After so long without a claim, others shall have what waits here.
  private static final long IDLE_NANOS = 5_000_000_000L;

  static final List<Priority> HIGHEST_FIRST = List.of(Priority.values()).reversed();

  /// Who is told what comes in.
  interface Listener {
    void arrived();

    void changed();

    void ended(Session session);
  }

  /// A message that is no job, and why.
  @SuppressWarnings("ArrayRecordComponent")
  record Foreign(
      Session session, long tag, BasicProperties properties, byte[] body, String reason) {}

  final String queue;
  private final Load load;
  private final Leases leases;
  private final Listener listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Priority, Deque<Delivery>> buffers = new EnumMap<>(Priority.class);
  private final Deque<Foreign> foreign = new ArrayDeque<>();

  /// Copies of jobs that have ended here: to be acknowledged.
  private final List<Delivery> over = new ArrayList<>();

  /// Those that consume.
  private final Map<Priority, Session> sessions = new EnumMap<>(Priority.class);

  /// Sessions that consume no more: good for nothing but what was delivered on them.
  private final List<Session> retired = new ArrayList<>();

  /// Whether lines are being asked for the first time and not all have answered: what is here may
  /// be of a lower priority than what comes next.
  private boolean priming;

  /// The most that was wanted at once, in this window and in the one before.
  private int wanted;

  private int wantedBefore;
  private long windowNanos;
  private long claimedNanos;

  /// Whether a delivery was passed over because its job is held already.
  private boolean passedOver;

  Subscription(String queue, Load load, Leases leases, Listener listener, long nowNanos) {
    this.queue = queue;
    this.load = load;
    this.leases = leases;
    this.listener = listener;
    windowNanos = nowNanos;
    claimedNanos = nowNanos;
    for (Priority priority : Priority.values()) {
      buffers.put(priority, new ArrayDeque<>());
    }
  }

  @Override
  public void delivered(Session on, long tag, BasicProperties properties, byte[] body) {
    Delivery delivery = null;
    Foreign stranger = null;
    try {
      Envelope envelope = Messages.decode(queue, properties, body);
      delivery = new Delivery(on, tag, on.priority, envelope);
    } catch (ForeignMessageException unreadable) {
      String reason = String.valueOf(unreadable.getMessage());
      stranger = new Foreign(on, tag, properties, body, reason);
    }
    lock.lock();
    try {
      if (on.isEnded()) {
        return;
      }
      if (delivery != null) {
        buffer(on.priority).add(delivery);
        load.delivered(delivery.envelope().job().bytes());
      } else if (stranger != null) {
        foreign.add(stranger);
      }
    } finally {
      lock.unlock();
    }
    if (delivery != null) {
      listener.arrived();
    } else {
      listener.changed();
    }
  }

  private Deque<Delivery> buffer(Priority priority) {
    return buffers.computeIfAbsent(priority, _ -> new ArrayDeque<>());
  }

  @Override
  public void cancelled() {
    listener.changed();
  }

  @Override
  public void ended(Session on) {
    lock.lock();
    try {
      for (Deque<Delivery> buffer : buffers.values()) {
        buffer.removeIf(delivery -> {
          boolean lost = delivery.session() == on;
          if (lost) {
            load.unbuffered(delivery.envelope().job().bytes());
          }
          return lost;
        });
      }
      retired.remove(on);
      sessions.remove(on.priority, on);
      over.removeIf(copy -> copy.session() == on);
      foreign.removeIf(stranger -> stranger.session() == on);
    } finally {
      lock.unlock();
    }
    listener.ended(on);
    listener.changed();
  }

  /// Claims what is here, in the order of the memory engine, and remembers what was wanted.
  ///
  /// @return whether the broker should be asked for more than it was
  boolean claim(ClaimRequest request, long nowNanos, long deadlineNanos, List<Held> claims) {
    if (request.max() == 0) {
      // Only asks to move what is due, which the broker does by itself.
      return false;
    }
    lock.lock();
    try {
      want(leases.count(queue) + request.max(), nowNanos);
      passedOver = false;
      if (priming) {
        return false;
      }
      int low = buffer(Priority.LOW).size();
      int normal = buffer(Priority.NORMAL).size();
      int fromLow = Math.min(request.low(), low);
      int fromNormal = Math.min(request.normal(), normal);
      int left = request.max() - fromLow - fromNormal;
      left -= take(Priority.HIGH, left, deadlineNanos, claims);
      int moreNormal = Math.min(left, normal - fromNormal);
      left -= moreNormal;
      int moreLow = Math.min(left, low - fromLow);
      take(Priority.NORMAL, fromNormal + moreNormal, deadlineNanos, claims);
      take(Priority.LOW, fromLow + moreLow, deadlineNanos, claims);
      return !over.isEmpty()
          || HIGHEST_FIRST.stream().anyMatch(line -> wants(sessions.get(line), true));
    } finally {
      lock.unlock();
    }
  }

  private int take(Priority priority, int count, long deadlineNanos, List<Held> claims) {
    Deque<Delivery> buffer = buffer(priority);
    List<Delivery> passed = new ArrayList<>();
    int taken = 0;
    while (taken < count && !buffer.isEmpty()) {
      Delivery delivery = buffer.remove();
      if (!delivery.session().isPrimed()) {
        // Whoever claims is told when it has.
        passed.add(delivery);
        continue;
      }
      if (leases.isOver(delivery)) {
        load.unbuffered(delivery.envelope().job().bytes());
        over.add(delivery);
        continue;
      }
      Held claim = leases.hold(delivery, deadlineNanos);
      if (claim == null) {
        passed.add(delivery);
        passedOver = true;
        continue;
      }
      load.unbuffered(delivery.envelope().job().bytes());
      claims.add(claim);
      taken++;
    }
    passed.reversed().forEach(buffer::addFirst);
    return taken;
  }

  private void want(int count, long nowNanos) {
    claimedNanos = nowNanos;
    if (nowNanos - windowNanos > WINDOW_NANOS) {
      wantedBefore = wanted;
      wanted = 0;
      windowNanos = nowNanos;
    }
    wanted = Math.max(wanted, count);
  }

  private int target() {
    return Math.min(MAX_PREFETCH, Math.max(wanted, wantedBefore));
  }

  /// Whether a claim would find more now that a claim of this queue has ended.
  boolean isWaitedFor() {
    lock.lock();
    try {
      return passedOver;
    } finally {
      lock.unlock();
    }
  }

  /// Whether nobody claims, and others should have what waits here.
  boolean isIdle(long nowNanos) {
    lock.lock();
    try {
      return !isClaimed(nowNanos) && buffered() > 0;
    } finally {
      lock.unlock();
    }
  }

  /// Whether there is nothing to look after. A claim wants consumers, and tells so.
  boolean isAsleep(long nowNanos) {
    lock.lock();
    try {
      return sessions.isEmpty() && retired.isEmpty() && buffered() == 0 && !isClaimed(nowNanos);
    } finally {
      lock.unlock();
    }
  }

  private boolean isClaimed(long nowNanos) {
    return nowNanos - claimedNanos < IDLE_NANOS;
  }

  /// The lines of which the broker should give more, or less, than it does; the highest first.
  List<Priority> wanting(long nowNanos) {
    lock.lock();
    try {
      boolean claimed = isClaimed(nowNanos);
      return HIGHEST_FIRST.stream().filter(line -> wants(sessions.get(line), claimed)).toList();
    } finally {
      lock.unlock();
    }
  }

  /// Growing is wanted at once; shrinking only when it saves a lot.
  private boolean wants(@Nullable Session current, boolean claimed) {
    if (current == null || !current.isConsuming()) {
      return claimed;
    }
    return target() > current.prefetch || (claimed && target() < current.prefetch / 2);
  }

  /// Lets no job be claimed until all lines have been asked, if none is consumed from yet.
  void beginPriming() {
    lock.lock();
    try {
      priming = sessions.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  void endPriming() {
    lock.lock();
    try {
      priming = false;
    } finally {
      lock.unlock();
    }
    listener.arrived();
  }

  private int buffered() {
    return buffers.values().stream().mapToInt(Deque::size).sum();
  }

  /// How many unsettled deliveries of each line the broker should be asked for.
  int wantedPrefetch() {
    lock.lock();
    try {
      return Math.max(1, target());
    } finally {
      lock.unlock();
    }
  }

  /// Goes over to a new channel of its line. What was delivered on the old one stays, and can be
  /// settled.
  ///
  /// @return the old one, if it has not ended
  Optional<Session> use(Session made) {
    Session old;
    lock.lock();
    try {
      old = sessions.put(made.priority, made);
      if (made.isEnded()) {
        sessions.remove(made.priority);
      }
      if (old != null && !old.isEnded()) {
        retired.add(old);
      }
    } finally {
      lock.unlock();
    }
    // What came before could not be claimed.
    listener.arrived();
    return Optional.ofNullable(old).filter(session -> !session.isEnded());
  }

  /// Goes over to no channel where that is so.
  ///
  /// @return the old ones that have not ended
  List<Session> retire(Predicate<Session> which) {
    lock.lock();
    try {
      List<Session> old = sessions.values().stream().filter(which).toList();
      sessions.values().removeAll(old);
      List<Session> alive = old.stream().filter(session -> !session.isEnded()).toList();
      retired.addAll(alive);
      return alive;
    } finally {
      lock.unlock();
    }
  }

  /// All on which something may be delivered, those of the highest line first.
  List<Session> sessions() {
    lock.lock();
    try {
      List<Session> all = new ArrayList<>(retired);
      all.addAll(sessions.values());
      return all.reversed();
    } finally {
      lock.unlock();
    }
  }

  /// The sessions that were used before and have not ended.
  List<Session> retired() {
    lock.lock();
    try {
      return List.copyOf(retired);
    } finally {
      lock.unlock();
    }
  }

  void letGo(Session old) {
    lock.lock();
    try {
      retired.remove(old);
    } finally {
      lock.unlock();
    }
  }

  /// Whether something waits here that was delivered on this session.
  boolean holds(Session on) {
    lock.lock();
    try {
      return buffer(on.priority).stream().anyMatch(delivery -> delivery.session() == on)
          || over.stream().anyMatch(copy -> copy.session() == on)
          || foreign.stream().anyMatch(stranger -> stranger.session() == on);
    } finally {
      lock.unlock();
    }
  }

  /// Takes the jobs that wait here and were delivered on this session.
  List<Delivery> drain(Session on) {
    lock.lock();
    try {
      Deque<Delivery> buffer = buffer(on.priority);
      List<Delivery> drained =
          buffer.stream().filter(delivery -> delivery.session() == on).toList();
      buffer.removeIf(delivery -> delivery.session() == on);
      return drained;
    } finally {
      lock.unlock();
    }
  }

  /// Takes the copies of jobs that have ended here.
  List<Delivery> drainOver() {
    lock.lock();
    try {
      List<Delivery> all = List.copyOf(over);
      over.clear();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /// Puts back what could not be given away. That is no claim: it is tried again, and meanwhile the
  /// broker gives nothing more.
  void putBack(List<Delivery> deliveries) {
    lock.lock();
    try {
      for (Delivery delivery : deliveries.reversed()) {
        if (delivery.session().isEnded()) {
          load.unbuffered(delivery.envelope().job().bytes());
        } else {
          buffer(delivery.priority()).addFirst(delivery);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /// Takes what was no job.
  List<Foreign> drainForeign() {
    lock.lock();
    try {
      List<Foreign> all = new ArrayList<>(foreign);
      foreign.clear();
      return all;
    } finally {
      lock.unlock();
    }
  }

  void putBackForeign(List<Foreign> strangers) {
    lock.lock();
    try {
      strangers.stream().filter(stranger -> !stranger.session().isEnded()).forEach(foreign::add);
    } finally {
      lock.unlock();
    }
  }
}
