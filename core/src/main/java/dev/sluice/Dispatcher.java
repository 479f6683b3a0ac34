package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

  /// The type of whatever a queue's own handler is given.
  private static final JobType<byte[]> ANY = JobType.of("any", Codec.bytes());

  private final Engine engine;
  private final Environment environment;
  private final Queues queues;
  private final Map<String, Registration<?>> registrations;
  private final Runs runs;
  private final Settler settler;
  private final Listeners listeners;
  private final Recurring recurring;
  private final int most;

  /// Whether the last claim failed, so that an outage is logged twice and not once a second.
  private boolean failing;

  /// @param registrations handlers by job type; queues that go by type are left alone without any
  Dispatcher(
      Engine engine,
      Environment environment,
      Queues queues,
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
    Map<String, Ask> asks = new LinkedHashMap<>();
    try {
      long wait = ask(asks, now);
      return asks.isEmpty() ? wait : Math.min(wait, claim(asks));
    } finally {
      for (Ask ask : asks.values()) {
        ask.queue.pulls.served(ask.pulls);
      }
    }
  }

  /// What is asked of one queue, and for whom.
  ///
  /// @param pulls the workers elsewhere that it is asked for; empty when a handler here does it
  private record Ask(QueueRuntime queue, ClaimRequest request, List<Pull> pulls) {
    void give(PulledRun run) {
      for (Pull pull : pulls) {
        if (pull.given.size() < pull.max) {
          pull.given.add(run);
          return;
        }
      }
      throw new IllegalStateException("more jobs of '" + queue.name() + "' than asked for");
    }
  }

  /// Collects what to ask for.
  ///
  /// @return nanoseconds until the rate lets more start
  private long ask(Map<String, Ask> asks, long now) {
    long wait = POLL_NANOS;
    for (QueueRuntime queue : queues.all()) {
      Delivery delivery = queue.delivery();
      boolean pulled = delivery instanceof Delivery.Pull;
      if (!pulled) {
        // Those who asked before the delivery was changed.
        queue.pulls.sendAway();
      }
      if (!queue.isWanted() || (delivery instanceof Delivery.ByType && registrations.isEmpty())) {
        continue;
      }
      int startable = queue.startable(most, now);
      if (pulled) {
        // Also when nothing may start: those who do not want to wait are told so.
        askForPulls(asks, queue, startable);
      }
      if (startable == 0) {
        wait = queue.freeSlots() == 0 ? wait : Math.min(wait, queue.nanosToToken(now));
      } else if (!pulled) {
        ClaimRequest request = queue.request(startable, queue.policy().lease());
        asks.put(queue.name(), new Ask(queue, request, List.of()));
      }
    }
    return wait;
  }

  private static void askForPulls(Map<String, Ask> asks, QueueRuntime queue, int startable) {
    List<Pull> pulls = queue.pulls.serve(startable);
    if (!pulls.isEmpty()) {
      long wanted = pulls.stream().mapToLong(pull -> pull.max).sum();
      int max = (int) Math.min(startable, wanted);
      ClaimRequest request = queue.request(max, pulls.getFirst().lease);
      asks.put(queue.name(), new Ask(queue, request, pulls));
    }
  }

  /// Claims and starts.
  ///
  /// @return nanoseconds until the next step is wanted
  private long claim(Map<String, Ask> asks) {
    Claimed claimed;
    try {
      claimed = engine.claim(asks.values().stream().map(Ask::request).toList());
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
      return nanosUntil(claimed.nextDueMillis());
    }
    start(claimed.claims(), asks, environment.clock().monotonicNanos());
    return AT_ONCE;
  }

  /// Whether a slot is free anywhere, so that a hint of work is worth a wake-up. When none is, the
  /// slot that is freed next wakes the dispatcher, after the work came and so not in vain.
  ///
  /// Threading: any thread may ask.
  boolean hasFreeSlot() {
    for (QueueRuntime queue : queues.all()) {
      if (queue.isWanted() && queue.freeSlots() > 0) {
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

  private void start(List<Claim> claims, Map<String, Ask> asks, long now) {
    List<Run> started = new ArrayList<>(claims.size());
    Map<Ask, Integer> counts = new LinkedHashMap<>();
    int from = 0;
    while (from < claims.size()) {
      String name = claims.get(from).job().queue();
      int to = from + 1;
      while (to < claims.size() && claims.get(to).job().queue().equals(name)) {
        to++;
      }
      Ask ask = asked(asks, name);
      for (Claim claim : claims.subList(from, to)) {
        started.add(run(claim, ask, now));
      }
      counts.merge(ask, to - from, Integer::sum);
      from = to;
    }
    // After all of them, so that what fails above has taken no slot.
    counts.forEach((ask, count) -> ask.queue.claimed(ask.request, count, now));
    runs.add(started);
    for (Run run : started) {
      launch(run, asks);
    }
  }

  private Run run(Claim claim, Ask ask, long now) {
    Duration lease = ask.request.lease();
    return switch (ask.queue.delivery()) {
      // Whoever asked for it gets it, also when the delivery has just changed.
      case Delivery _ when !ask.pulls.isEmpty() ->
          new PulledRun(claim, ask.queue, settler, lease, now);
      case Delivery.To(var handler) ->
          new HandlerRun(claim, ask.queue, new Registration<>(ANY, handler), settler, lease, now);
      case Delivery.ByType(), Delivery.Pull() ->
          new HandlerRun(
              claim, ask.queue, registrations.get(claim.job().type()), settler, lease, now);
    };
  }

  private static Ask asked(Map<String, Ask> asks, String queue) {
    Ask ask = asks.get(queue);
    if (ask == null) {
      throw new IllegalStateException("the engine gave a job of queue '" + queue + "', not asked");
    }
    return ask;
  }

  /// A run that was claimed holds a slot and a lease, so whatever goes wrong here ends it.
  private void launch(Run run, Map<String, Ask> asks) {
    try {
      route(run, asks);
    } catch (Throwable failure) {
      run.endOrDiscard(new Ending.Threw("could not be started: " + failure, null));
    }
  }

  private void route(Run run, Map<String, Ask> asks) {
    if (Decision.isExpired(run.claim, run.claim.startedAtMillis())) {
      run.endOrDiscard(new Ending.Expired());
    } else if (engine.limits().brokered()
        && run.claim.crashes() >= run.queue.policy().maxCrashes()) {
      run.endOrDiscard(new Ending.Poisoned());
    } else if (run instanceof HandlerRun handled && handled.isUnhandled()) {
      run.endOrDiscard(new Ending.Unhandled());
    } else if (recurring.isWithdrawn(run.claim.job())) {
      run.endOrDiscard(new Ending.Withdrawn());
    } else {
      if (!listeners.isEmpty()) {
        listeners.tell(new JobEvent.Started(run.claim.job(), run.attempt()));
      }
      switch (run) {
        case HandlerRun handled ->
            handled.startedOn(environment.threads().handler(run.queue.nextHandlerName(), handled));
        case PulledRun pulled -> asked(asks, run.claim.job().queue()).give(pulled);
      }
    }
  }
}
