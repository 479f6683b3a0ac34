package dev.sluice.rabbitmq;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Limits.Keys;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import dev.sluice.rabbitmq.Leases.Held;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Jobs in the quorum queues of a RabbitMQ broker, shared by any number of processes. Accepted
/// means that the broker has confirmed the message and found a queue for it.
///
/// Two connections: one that sends, which the broker blocks when it is short of memory or disk, and
/// one for everything else. Both come back by themselves. What was claimed on a connection that is
/// lost is given to others, so two workers may hold one job.
///
/// Threading: thread-safe. Verbs block for the broker, at most for the time limit and a second; the
/// first use of a queue may take three seconds more.
public final class RabbitEngine implements Engine, Countable, Redrivable, Exporting, Restoring {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration FAR = Duration.ofDays(3_650);
  private static final int BATCH = 1_000;
  private static final int PAYLOAD_BYTES = 16 << 20;
  private static final long GIVE_BACK_NANOS = 1_500_000_000;
  private static final long FIRST_COUNT_NANOS = 2_000_000_000;
  private static final String CLOSED = "the RabbitMQ engine is closed";

  private final Limits limits;
  private final Environment.Clock clock;
  private final Environment.Threads threads;
  private final Link sending;
  private final Link control;
  private final Topology topology;
  private final Leases leases = new Leases();
  private final Map<String, Load> loads = new ConcurrentHashMap<>();
  private final Intake intake;
  private final Settler settler;
  private final DeadLetters deadLetters;
  private final Exports exports;
  private final Strays strays;
  private final Tender tender;
  private final DepthPoller depths;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable Runnable workHint;
  private volatile @Nullable Consumer<Lease> lostHint;

  private RabbitEngine(RabbitUrl url, Environment environment, Duration limit) {
    clock = environment.clock();
    limits = limits(url);
    Transport transport = Transport.of(url);
    sending = new Link("sending", url, transport, environment, limit, () -> {});
    control = new Link("control", url, transport, environment, limit, this::reconnected);
    threads = environment.threads();
    topology = new Topology(control, url, clock, limit, this::endSessions, this::bringStrays);
    Outbox outbox =
        new Outbox(new Publisher(sending, url, environment, limit), topology, clock, url.prefix());
    settler = new Settler(leases, outbox, this::load, clock);
    deadLetters = new DeadLetters(control, url, clock, limit, outbox, this::load);
    exports = new Exports(control, url, clock, limit);
    strays = new Strays(control, url, limit, outbox, this::load);
    open();
    tender =
        new Tender(
            control, url, environment, topology, settler, leases, this::load, new Arrivals());
    depths = new DepthPoller(control, environment, topology, url.prefix());
    intake = new Intake(outbox, topology, this::load, depths, clock);
  }

  private void open() {
    boolean opened = false;
    try {
      control.open();
      sending.open();
      opened = true;
    } finally {
      if (!opened) {
        control.close();
        sending.close();
      }
    }
  }

  private void endSessions(String queue) {
    tender.endSessions(queue);
  }

  private void bringStrays(String queue) {
    threads.handler(
        "sluice-rabbitmq-strays",
        () -> {
          try {
            strays.takeBack(queue);
          } catch (EngineUnavailableException notNow) {
            LOG.log(Level.DEBUG, "strays stay for now", notNow);
          }
        });
  }

  private void reconnected() {
    // It may be another broker now, or the same one without its data.
    topology.forget();
  }

  private static Limits limits(RabbitUrl url) {
    return new Limits(
        "rabbitmq",
        true,
        true,
        false,
        false,
        false,
        true,
        url.carriesKeys() ? Keys.CARRIED : Keys.REFUSED,
        BATCH,
        PAYLOAD_BYTES,
        FAR,
        FAR);
  }

  /// Reads a URL and connects to nothing.
  ///
  /// @throws IllegalArgumentException when it is not of the form that [#open(String)] tells; its
  ///   message holds no password
  public static void requireUrl(String url) {
    RabbitUrl.parse(url);
  }

  /// Where the jobs of a URL are, as a text without a login: two URLs with the same one mean the
  /// same queues, whatever else they say.
  ///
  /// @throws IllegalArgumentException when it is not of the form that [#open(String)] tells
  public static String place(String url) {
    RabbitUrl at = RabbitUrl.parse(url);
    return "amqp "
        + at.host().toLowerCase(Locale.ROOT)
        + ":"
        + at.port()
        + " "
        + at.vhost()
        + " "
        + at.prefix();
  }

  /// Connects to the broker of a URL.
  ///
  /// @param url `amqp[s]://user:password@host:port/vhost`, with the options `keys` (`refuse`, the
  ///   default, or `carry`), `prefix` (of the names on the broker, `sluice.` by default) and `ca`
  ///   (a file with certificates in PEM that are trusted instead of the JVM's, with `amqps`)
  /// @throws IllegalArgumentException when the URL is not of that form, or the file of no use
  /// @throws EngineUnavailableException when there is no connection to be had, with the reason
  public static RabbitEngine open(String url) {
    return open(url, Environment.system());
  }

  /// As [#open(String)].
  public static RabbitEngine open(URI url) {
    return new RabbitEngine(RabbitUrl.of(url), Environment.system(), LIMIT);
  }

  /// As [#open(String)], with a world to live in. Delays go by its wall clock and the broker's own
  /// time.
  public static RabbitEngine open(String url, Environment environment) {
    return open(url, environment, LIMIT);
  }

  /// As [#open(String, Environment)].
  ///
  /// @param limit the longest time for an answer of the broker
  static RabbitEngine open(String url, Environment environment, Duration limit) {
    Objects.requireNonNull(environment, "environment: must not be null");
    return new RabbitEngine(RabbitUrl.parse(url), environment, limit);
  }

  @Override
  public Limits limits() {
    return limits;
  }

  /// Makes the queues of a queue on the broker where they are missing, and says in sentences what
  /// keeps it from that: missing rights, a queue with other arguments. Also says how many jobs
  /// belong to queues that are gone. Empty when all is well.
  public List<String> check(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    requireOpen();
    try {
      topology.requireQueue(queue);
      topology.requireWays(queue);
      long left = strays.takeBack(queue);
      return left == 0 ? List.of() : List.of(strays.sentence(left));
    } catch (EngineUnavailableException unfit) {
      return List.of(String.valueOf(unfit.getMessage()));
    }
  }

  @Override
  public void requireHolds(Job job, long nowMillis) {
    limits.requireHolds(job, nowMillis);
    Messages.requireFits(job, PAYLOAD_BYTES);
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    limits.requireBatch("offers", offers);
    offers.forEach(offer -> requireHolds(offer.job(), clock.wallMillis()));
    requireOpen();
    return intake.offer(offers);
  }

  @Override
  public List<Admission> restore(List<JobView> jobs) {
    // Its time may be any: the limit is for jobs that are new.
    limits.requireRestorable(jobs, Long.MAX_VALUE);
    jobs.forEach(view -> Messages.requireFits(view.job(), PAYLOAD_BYTES));
    requireOpen();
    return intake.restore(jobs);
  }

  @Override
  public Handout export(String queue, int max) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Inspectable.requirePage(max);
    requireOpen();
    return exports.next(queue, max);
  }

  @Override
  public void exported(String queue, List<JobId> jobs) {
    Objects.requireNonNull(queue, "queue: must not be null");
    limits.requireBatch("jobs", jobs);
    requireOpen();
    exports.done(queue, jobs);
    depths.ask(queue);
  }

  @Override
  public boolean isThere(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    requireOpen();
    return exports.isThere(queue);
  }

  @Override
  public boolean isTaken(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    requireOpen();
    return exports.isTaken(queue);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    Limits.requireEach("requests", requests);
    requireOpen();
    long now = clock.monotonicNanos();
    long nowMillis = clock.wallMillis();
    List<Held> claimed = new ArrayList<>();
    for (ClaimRequest request : requests) {
      Subscription subscription = tender.subscription(request.queue());
      load(request.queue()).use(now);
      if (subscription.claim(request, now, now + nanos(request.lease()), claimed)) {
        tender.wake(request.queue());
      }
    }
    return new Claimed(
        claimed.stream().map(held -> claim(held, nowMillis)).toList(), Claimed.NONE_DUE);
  }

  private static Claim claim(Held held, long nowMillis) {
    Envelope envelope = held.envelope;
    return new Claim(
        envelope.job(),
        held.lease,
        envelope.attempt(),
        envelope.crashes(),
        envelope.parked(),
        nowMillis);
  }

  private static long nanos(Duration lease) {
    return (lease.compareTo(FAR) > 0 ? FAR : lease).toNanos();
  }

  @Override
  public List<Extension> extend(List<Lease> asked, Duration by) {
    Limits.requireEach("leases", asked);
    Limits.requireLease("by", by);
    requireOpen();
    long deadline = clock.monotonicNanos() + nanos(by);
    return asked.stream().map(lease -> leases.extend(lease, deadline)).toList();
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    limits.requireBatch("settles", settles);
    requireOpen();
    List<Settled> answers = settler.settle(settles);
    if (tender.isWaitedFor()) {
      tellWork();
    }
    return answers;
  }

  @Override
  public List<String> queues() {
    requireOpen();
    return loads.keySet().stream().sorted().toList();
  }

  @Override
  public Counts counts(String queue) {
    Objects.requireNonNull(queue, "queue: must not be null");
    requireOpen();
    boolean known = loads.containsKey(queue);
    Load load = load(queue);
    load.use(clock.monotonicNanos());
    if (!known) {
      depths.ask(queue);
    }
    load.awaitDepth(FIRST_COUNT_NANOS);
    Load.Depth depth = load.known(clock.wallMillis());
    return new Counts(
        depth.scheduled(),
        depth.ready(),
        leases.count(queue),
        0,
        depth.dead(),
        0,
        depth.bytes(),
        0,
        false);
  }

  @Override
  public List<JobView> dead(String queue, int limit) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Inspectable.requirePage(limit);
    requireOpen();
    return deadLetters.oldest(queue, limit);
  }

  @Override
  public Map<JobId, Control> redrive(String queue, Set<JobId> ids, Bound bound) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(ids, "ids: must not be null");
    Objects.requireNonNull(bound, "bound: must not be null");
    requireOpen();
    return ids.isEmpty() ? Map.of() : deadLetters.redrive(queue, ids, bound);
  }

  @Override
  public Set<JobId> forget(String queue, Set<JobId> ids) {
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(ids, "ids: must not be null");
    requireOpen();
    return ids.isEmpty() ? Set.of() : deadLetters.forget(queue, ids);
  }

  @Override
  public void onWork(Runnable hint) {
    workHint = Objects.requireNonNull(hint, "hint: must not be null");
  }

  @Override
  public void onLost(Consumer<Lease> hint) {
    lostHint = Objects.requireNonNull(hint, "hint: must not be null");
  }

  private void tellWork() {
    Runnable hint = workHint;
    if (hint != null && !closed.get()) {
      hint.run();
    }
  }

  private void tellLost(Lease lease) {
    Consumer<Lease> hint = lostHint;
    if (hint != null && !closed.get()) {
      hint.accept(lease);
    }
  }

  @Override
  public Optional<String> trouble() {
    if (closed.get()) {
      return Optional.of(CLOSED);
    }
    return control.trouble().or(sending::trouble).or(topology::trouble).or(tender::trouble);
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new EngineUnavailableException(CLOSED);
    }
  }

  private Load load(String queue) {
    Load known = loads.get(queue);
    if (known != null) {
      return known;
    }
    Load load = loads.computeIfAbsent(queue, _ -> new Load(clock.monotonicNanos()));
    depths.follow(queue, load);
    return load;
  }

  /// Gives jobs that nobody claimed back to the broker and ends the connections. Claims that are
  /// still held are given to others by the broker, with one crash more. Takes a few seconds at
  /// most; after jobs were handed over, as long as a verb.
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (control.isConnected() && sending.isConnected() && sending.blocked() == null) {
        tender.giveEverythingBack(GIVE_BACK_NANOS);
      }
      exports.close(intake::restore);
    } finally {
      control.close();
      sending.close();
      tender.close();
      depths.close();
    }
  }

  /// Threading: as the engine.
  private final class Arrivals implements Tender.Listener {
    @Override
    public void arrived() {
      tellWork();
    }

    @Override
    public void lost(Lease lease) {
      tellLost(lease);
    }
  }
}
