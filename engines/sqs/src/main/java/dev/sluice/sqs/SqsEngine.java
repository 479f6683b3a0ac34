package dev.sluice.sqs;

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
import dev.sluice.engine.Offer;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;

/// The engine that keeps its jobs in queues of AWS SQS. Accepted means that SQS answered for the
/// message. Two workers can hold one job: SQS delivers at least once, so handlers have to be
/// idempotent. Counts and bounds are about right, as the numbers of SQS are.
///
/// Threading: thread-safe. Calls to SQS are made on virtual threads named `sluice-sqs-...`; the
/// caller waits for them, at most 10 s in all.
public final class SqsEngine implements Engine, Countable, Redrivable, Exporting, Restoring {
  private static final int BATCH = 500;

  /// What is set aside in every message for headers, key, counters and the newest error.
  private static final int OVERHEAD_BYTES = 16 << 10;

  private final Limits limits;
  private final Service service;
  private final Ledger ledger = new Ledger();
  private final Batches batches;
  private final Gauge gauge;
  private final Offers offers;
  private final Restores restores;
  private final Settling settling;
  private final DeadLetters deadLetters;
  private final Exports exports;
  private final Map<String, SqsQueue> queues = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Environment.Loop loop;

  private SqsEngine(
      Address address,
      Environment environment,
      Tuning tuning,
      @Nullable AwsCredentialsProvider credentials) {
    limits = limits(address);
    service = new Service(address, environment, tuning, credentials);
    batches = new Batches(service);
    gauge = new Gauge(service, ledger, queues::values);
    offers = new Offers(service, ledger, batches, gauge);
    restores = new Restores(service, ledger, batches);
    settling = new Settling(service, ledger, batches);
    deadLetters = new DeadLetters(service, ledger, batches);
    exports = new Exports(service, batches);
    loop = environment.threads().loop("sluice-sqs", gauge);
  }

  /// Reads a URL and asks nothing of SQS.
  ///
  /// @throws IllegalArgumentException when it is not of the form that [#open(String)] tells
  public static void requireUrl(String url) {
    Address.parse(url);
  }

  /// Where the jobs of a URL are, as a text: two URLs with the same one mean the same queues,
  /// whatever else they say.
  ///
  /// @throws IllegalArgumentException when it is not of the form that [#open(String)] tells
  public static String place(String url) {
    return Address.parse(url).place();
  }

  /// Opens the engine in the machine's own world. Asks nothing of SQS yet: queues are found, and
  /// made where they are missing, when they are first used.
  ///
  /// @param url `sqs:REGION?endpoint=URL&prefix=NAME-&fifo=true&keys=carry&max-bytes=N`; all
  ///   options may be left out. Credentials come from the AWS SDK's default chain only
  /// @throws IllegalArgumentException when the URL is not of that form
  public static SqsEngine open(String url) {
    return open(url, Environment.system());
  }

  /// Opens the engine.
  ///
  /// @param environment clock, randomness and threads to use
  /// @throws IllegalArgumentException when the URL is not of the form that [#open(String)] tells
  public static SqsEngine open(String url, Environment environment) {
    return open(url, environment, Tuning.defaults(), null);
  }

  static SqsEngine open(
      String url,
      Environment environment,
      Tuning tuning,
      @Nullable AwsCredentialsProvider credentials) {
    Objects.requireNonNull(url, "url: must not be null");
    Objects.requireNonNull(environment, "environment: must not be null");
    return new SqsEngine(Address.parse(url), environment, tuning, credentials);
  }

  private static Limits limits(Address address) {
    // What is no text is sent as Base64, which makes four bytes of three: whatever the bytes are, a
    // payload of this size has room.
    int payload = (address.maxBytes() - OVERHEAD_BYTES) / 4 * 3;
    return new Limits(
        "sqs",
        true,
        true,
        false,
        false,
        false,
        false,
        keys(address),
        BATCH,
        payload,
        address.fifo() ? Duration.ZERO : Duration.ofMinutes(15),
        Duration.ofHours(12));
  }

  private static Limits.Keys keys(Address address) {
    if (address.fifo()) {
      return Limits.Keys.ORDERED;
    }
    return address.carriesKeys() ? Limits.Keys.CARRIED : Limits.Keys.REFUSED;
  }

  @Override
  public Limits limits() {
    return limits;
  }

  /// Finds the SQS queues of a queue, makes them when they are missing, and says in sentences what
  /// is not as this engine would have made it; empty when all is well.
  ///
  /// @throws IllegalArgumentException when SQS can have no queue of that name
  /// @throws EngineUnavailableException when SQS cannot be asked
  public List<String> check(String queue) {
    SqsQueue known = queue(queue);
    Patience patience = service.patience();
    return service.workers.one(
        "check", () -> known.topology.differences(patience), patience.deadlineNanos());
  }

  private SqsQueue queue(String name) {
    Objects.requireNonNull(name, "queue: must not be null");
    service.requireOpen();
    SqsQueue queue = queues.get(name);
    if (queue == null) {
      Topology topology = new Topology(service, QueueNames.of(service.address(), name));
      queue =
          queues.computeIfAbsent(name, _ -> new SqsQueue(name, topology, service, ledger, batches));
    }
    queue.usedNanos = service.clock().monotonicNanos();
    return queue;
  }

  @Override
  public void requireQueue(String name) {
    Objects.requireNonNull(name, "queue: must not be null");
    var _ = QueueNames.of(service.address(), name);
  }

  @Override
  public void requireHolds(Job job, long nowMillis) {
    limits.requireHolds(job, nowMillis);
    Outgoing.requireFits(job, service.address().maxBytes());
  }

  @Override
  public List<Admission> offer(List<Offer> some) {
    service.requireOpen();
    limits.requireBatch("offers", some);
    some.forEach(offer -> requireHolds(offer.job(), service.clock().wallMillis()));
    return offers.offer(some, this::queue);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    service.requireOpen();
    Limits.requireEach("requests", requests);
    List<Claim> claims = new ArrayList<>();
    for (ClaimRequest request : requests) {
      limits.requireKeeps(request.lease());
      claims.addAll(queue(request.queue()).receiver.claim(request.max(), request.lease()));
    }
    return new Claimed(claims, Claimed.NONE_DUE);
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    service.requireOpen();
    Limits.requireEach("leases", leases);
    Limits.requireLease("by", by);
    limits.requireKeeps(by);
    return settling.extend(leases, by);
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    service.requireOpen();
    limits.requireBatch("settles", settles);
    return settling.settle(settles);
  }

  @Override
  public void onWork(Runnable hint) {
    service.hints.onWork(Objects.requireNonNull(hint, "hint: must not be null"));
  }

  @Override
  public void onLost(Consumer<Lease> hint) {
    service.hints.onLost(Objects.requireNonNull(hint, "hint: must not be null"));
  }

  @Override
  public Optional<String> trouble() {
    return closed.get() ? Optional.of("the SQS engine is closed") : service.trouble.sentence();
  }

  @Override
  public List<String> queues() {
    service.requireOpen();
    return List.copyOf(gauge.names());
  }

  @Override
  public Counts counts(String queue) {
    return gauge.counts(queue(queue));
  }

  @Override
  public List<JobView> dead(String queue, int limit) {
    Inspectable.requirePage(limit);
    return onWorker(queue, known -> patience -> deadLetters.dead(known, limit, patience));
  }

  @Override
  public Map<JobId, Control> redrive(String queue, Set<JobId> ids, Bound bound) {
    Set<JobId> all = Set.copyOf(Objects.requireNonNull(ids, "ids: must not be null"));
    Objects.requireNonNull(bound, "bound: must not be null");
    return onWorker(queue, known -> patience -> deadLetters.redrive(known, all, bound, patience));
  }

  @Override
  public Set<JobId> forget(String queue, Set<JobId> ids) {
    Set<JobId> all = Set.copyOf(ids);
    return onWorker(queue, known -> patience -> deadLetters.forget(known, all, patience));
  }

  private <T> T onWorker(String name, Function<SqsQueue, Function<Patience, T>> action) {
    SqsQueue known = queue(name);
    Patience patience = service.patience();
    return service.workers.one(
        "look", () -> action.apply(known).apply(patience), patience.deadlineNanos());
  }

  @Override
  public List<Admission> restore(List<JobView> jobs) {
    service.requireOpen();
    // A due time of any distance is kept: what SQS cannot delay so long is sent on and on.
    limits.requireRestorable(jobs, Long.MAX_VALUE);
    jobs.forEach(view -> Outgoing.requireFits(view.job(), service.address().maxBytes()));
    return restores.restore(jobs, this::queue);
  }

  @Override
  public Handout export(String queue, int max) {
    Inspectable.requirePage(max);
    return onWorker(queue, known -> patience -> exports.next(known, max, patience));
  }

  @Override
  public boolean isThere(String queue) {
    return onWorker(
        queue, known -> patience -> known.topology.existing(false, patience).isPresent());
  }

  @Override
  public void exported(String queue, List<JobId> jobs) {
    limits.requireBatch("jobs", jobs);
    var _ =
        onWorker(
            queue,
            known ->
                patience -> {
                  exports.done(known, jobs, patience);
                  return true;
                });
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    Patience patience = new Patience(service.environment(), service.workers, Duration.ofSeconds(1));
    List<Supplier<Boolean>> tasks = new ArrayList<>();
    for (SqsQueue queue : queues.values()) {
      List<Received> rest = queue.receiver.stop();
      List<Batches.Visibility> running =
          ledger.running().stream()
              .filter(message -> message.queue == queue)
              .map(message -> new Batches.Visibility(message.receipt, 0))
              .toList();
      tasks.add(() -> {
        // Nobody can end these here any more, so others need not wait for their time to be over.
        batches.change(queue, false, running, patience);
        queue.receiver.giveBack(rest, patience);
        return true;
      });
    }
    try {
      giveBack(tasks, patience);
      // Nobody waits for these but a move that goes wrong, and what is cut off counts as crashed.
      Patience unhurried = service.patience();
      giveBack(
          List.of(() -> {
            exports.giveBack(unhurried);
            return true;
          }),
          unhurried);
    } finally {
      loop.stop();
      service.close();
    }
  }

  private void giveBack(List<Supplier<Boolean>> tasks, Patience patience) {
    if (tasks.isEmpty()) {
      return;
    }
    try {
      service.workers.all("give back", tasks, patience.deadlineNanos());
    } catch (EngineUnavailableException _) {
      // SQS shows the messages to others in any case, when their time is over.
    }
  }
}
