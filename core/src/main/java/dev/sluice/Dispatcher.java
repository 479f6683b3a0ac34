package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The step machine that claims what may start and starts it. Hints from the engine and freed slots
/// wake it; besides, it looks by itself once a second, so a lost hint costs a second and no more.
///
/// Threading: [#step] is confined to the dispatcher's loop, [#hasFreeSlot] is thread-safe.
final class Dispatcher implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.dispatcher");

  /// Looking without being told.
  private static final long POLL_NANOS = 1_000_000_000L;

  /// Most jobs of one queue in one claim: enough to make a commit cheap, few enough to let other
  /// queues and the producers have their turn.
  private static final int MOST_AT_ONCE = 1024;

  private final Engine engine;
  private final Environment environment;
  private final Map<String, QueueRuntime> queues;
  private final Map<String, Registration<?>> registrations;
  private final Runs runs;
  private final Settler settler;
  private final Listeners listeners;
  private final Recurring recurring;
  private final int most;

  /// Whether the last claim failed, so that an outage is logged twice and not once a second.
  private boolean failing;

  /// @param queues the queues to work on
  Dispatcher(
      Engine engine,
      Environment environment,
      Map<String, QueueRuntime> queues,
      Map<String, Registration<?>> registrations,
      Runs runs,
      Settler settler,
      Listeners listeners,
      Recurring recurring) {
    this.engine = engine;
    this.environment = environment;
    this.queues = queues;
    this.registrations = registrations;
    this.runs = runs;
    this.settler = settler;
    this.listeners = listeners;
    this.recurring = recurring;
    this.most = Math.min(MOST_AT_ONCE, engine.limits().batch());
  }

  @Override
  public long step() {
    long now = environment.clock().monotonicNanos();
    Map<String, ClaimRequest> requests = new LinkedHashMap<>();
    long wait = POLL_NANOS;
    for (QueueRuntime queue : queues.values()) {
      int startable = queue.startable(most, now);
      if (startable > 0) {
        requests.put(queue.name(), queue.request(startable));
      } else if (queue.freeSlots() > 0) {
        wait = Math.min(wait, queue.nanosToToken(now));
      }
    }
    if (requests.isEmpty()) {
      return wait;
    }
    Claimed claimed;
    try {
      claimed = engine.claim(List.copyOf(requests.values()));
    } catch (EngineUnavailableException unavailable) {
      if (!failing) {
        LOG.log(System.Logger.Level.WARNING, "cannot claim jobs: " + unavailable.getMessage());
      }
      failing = true;
      return POLL_NANOS;
    }
    if (failing) {
      LOG.log(System.Logger.Level.INFO, "can claim jobs again");
      failing = false;
    }
    if (claimed.claims().isEmpty()) {
      return Math.min(wait, nanosUntil(claimed.nextDueMillis()));
    }
    start(claimed.claims(), requests, environment.clock().monotonicNanos());
    return AT_ONCE;
  }

  /// Whether a slot is free anywhere, so that a hint of work is worth a wake-up. When none is, the
  /// slot that is freed next wakes the dispatcher, after the work came and so not in vain.
  ///
  /// Threading: any thread may ask.
  boolean hasFreeSlot() {
    for (QueueRuntime queue : queues.values()) {
      if (queue.freeSlots() > 0) {
        return true;
      }
    }
    return false;
  }

  private long nanosUntil(long wallMillis) {
    long millis = wallMillis - environment.clock().wallMillis();
    return wallMillis == Claimed.NONE_DUE || millis > 1000
        ? POLL_NANOS
        : Math.max(1, millis) * 1_000_000;
  }

  private void start(List<Claim> claims, Map<String, ClaimRequest> requests, long now) {
    List<Run> started = new ArrayList<>(claims.size());
    int from = 0;
    while (from < claims.size()) {
      String name = claims.get(from).job().queue();
      int to = from + 1;
      while (to < claims.size() && claims.get(to).job().queue().equals(name)) {
        to++;
      }
      QueueRuntime queue = known(queues.get(name), name);
      ClaimRequest request = known(requests.get(name), name);
      for (Claim claim : claims.subList(from, to)) {
        Registration<?> registration = registrations.get(claim.job().type());
        started.add(new Run(claim, queue, registration, settler, request.lease(), now));
      }
      // Last, so that what fails above has taken no slot.
      queue.claimed(request, to - from, now);
      from = to;
    }
    runs.add(started);
    started.forEach(this::launch);
  }

  private static <T> T known(@Nullable T found, String queue) {
    if (found == null) {
      throw new IllegalStateException("the engine gave a job of queue '" + queue + "', not asked");
    }
    return found;
  }

  /// A run that was claimed holds a slot and a lease, so whatever goes wrong here ends it.
  private void launch(Run run) {
    try {
      route(run);
    } catch (Throwable failure) {
      run.endUnstarted(new Ending.Threw("could not be started: " + failure, null));
    }
  }

  private void route(Run run) {
    if (Decision.isExpired(run.claim, run.claim.startedAtMillis())) {
      run.endUnstarted(new Ending.Expired());
    } else if (run.isUnhandled()) {
      run.endUnstarted(new Ending.Unhandled());
    } else if (recurring.isWithdrawn(run.claim.job())) {
      run.endUnstarted(new Ending.Withdrawn());
    } else {
      if (!listeners.isEmpty()) {
        listeners.tell(new JobEvent.Started(run.claim.job(), run.attempt()));
      }
      run.startedOn(environment.threads().handler(run.queue.nextHandlerName(), run));
    }
  }
}
