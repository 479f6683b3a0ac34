package dev.sluice;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The chore that fires schedules. The next firing of each schedule waits in the queue as an
/// ordinary scheduled job whose key is the schedule's name and the firing time: the queue is what
/// remembers over a restart, and the key is what keeps two processes from firing twice.
///
/// A schedule that changed leaves a firing of its old self behind; [#isWithdrawn] recognises it by
/// asking the schedule of today whether it fires at that time.
///
/// Threading: [#step] is confined to the keeper; everything else is thread-safe.
final class Recurring implements Environment.Step {
  private static final System.Logger LOG = System.getLogger("dev.sluice.schedule");
  private static final long INTERVAL_MILLIS = 1000;
  private static final long INTERVAL_NANOS = INTERVAL_MILLIS * 1_000_000;
  private static final String NAME_HEADER = "sluice-schedule";
  private static final String FIRING_HEADER = "sluice-firing";

  /// Since when the schedule that planned a firing had been in force, Unix milliseconds: a process
  /// that still has the old schedule must not withdraw what the new one planned.
  private static final String SINCE_HEADER = "sluice-since";

  /// A firing of a schedule that skips what it missed must start within this time.
  private static final Duration SKIP_AFTER = Duration.ofMinutes(1);

  private final Environment.Clock clock;
  private final Function<NewJob<?>, Admission> enqueue;

  /// What the firing does, in short: a schedule that was given another queue, type, payload or
  /// options withdraws what it had planned before.
  private static final String DIGEST_HEADER = "sluice-job";

  private final Consumer<JobId> cancel;
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private volatile Runnable wake = () -> {};

  /// @param enqueue hands over a firing
  /// @param cancel takes one back
  Recurring(
      Environment.Clock clock, Function<NewJob<?>, Admission> enqueue, Consumer<JobId> cancel) {
    this.clock = clock;
    this.enqueue = enqueue;
    this.cancel = cancel;
  }

  void connect(Runnable wakeUp) {
    wake = wakeUp;
  }

  /// Puts a schedule in force, in place of an earlier one of that name.
  void put(String name, Schedule schedule, NewJob<?> job, Schedule.Missed missed) {
    Entry entry = new Entry(name, schedule, job, missed, clock.wallMillis(), digest(job));
    // What a firing cannot be made of is told now, and not each second from the keeper.
    var _ = firing(entry, Instant.EPOCH);
    entries.put(name, entry);
    wake.run();
  }

  private static <T> String digest(NewJob<T> job) {
    EnqueueOptions options = job.options();
    String rest =
        job.type().name()
            + '\n'
            + options.queue().orElse(job.type().queue())
            + '\n'
            + options.priority()
            + '\n'
            + options.timeout()
            + '\n'
            + options.maxAttempts()
            + '\n'
            + new TreeMap<>(options.headers());
    byte[] payload = job.type().codec().encode(job.payload());
    byte[] front = rest.getBytes(StandardCharsets.UTF_8);
    byte[] whole = Arrays.copyOf(front, front.length + payload.length);
    System.arraycopy(payload, 0, whole, front.length, payload.length);
    return UUID.nameUUIDFromBytes(whole).toString();
  }

  /// Takes a schedule out of force.
  ///
  /// @return the firing that waits in the queue; empty when there is none or no such schedule
  Optional<JobId> remove(String name) {
    Entry entry = entries.remove(name);
    return entry == null ? Optional.empty() : Optional.ofNullable(entry.waiting);
  }

  List<String> names() {
    return entries.keySet().stream().sorted().toList();
  }

  /// A schedule that fires into that queue, if there is one.
  Optional<String> into(String queue) {
    return entries.values().stream()
        .filter(entry -> entry.job.options().queue().orElse(entry.job.type().queue()).equals(queue))
        .map(entry -> entry.name)
        .sorted()
        .findFirst();
  }

  /// Whether a claimed job is a firing that its schedule, as it is now, would not make.
  boolean isWithdrawn(Job job) {
    Map<String, String> headers = job.options().headers();
    String name = headers.isEmpty() ? null : headers.get(NAME_HEADER);
    Entry entry = name == null ? null : entries.get(name);
    if (entry == null) {
      return false;
    }
    try {
      long planner = Long.parseLong(headers.getOrDefault(SINCE_HEADER, ""));
      Instant firing =
          Instant.ofEpochMilli(Long.parseLong(headers.getOrDefault(FIRING_HEADER, "")));
      return planner <= entry.sinceMillis
          && (!entry.digest.equals(headers.get(DIGEST_HEADER))
              || !next(entry, firing.minusMillis(1)).equals(Optional.of(firing)));
    } catch (Throwable unclear) {
      // Headers that a producer made up, or a schedule that throws: no reason to drop a job.
      LOG.log(System.Logger.Level.WARNING, "cannot tell whether " + job + " is withdrawn", unclear);
      return false;
    }
  }

  /// Queues know milliseconds, so a firing within one is at its beginning.
  private static Optional<Instant> next(Entry entry, Instant after) {
    return entry.schedule.next(after).map(firing -> firing.truncatedTo(ChronoUnit.MILLIS));
  }

  @Override
  public long step() {
    for (Entry entry : entries.values()) {
      try {
        advance(entry);
      } catch (EngineUnavailableException unavailable) {
        throw unavailable;
      } catch (Throwable unfit) {
        // The user's schedule or codec; the other schedules go on.
        LOG.log(System.Logger.Level.ERROR, "schedule '" + entry.name + "' cannot fire: " + unfit);
      }
    }
    return nanosToNextFiring();
  }

  /// Waking up at the firing itself leaves its whole period to plan the one after it.
  private long nanosToNextFiring() {
    long nowMillis = clock.wallMillis();
    long wait = INTERVAL_NANOS;
    for (Entry entry : entries.values()) {
      Instant planned = entry.planned;
      long left = planned == null ? 0 : planned.toEpochMilli() - nowMillis;
      if (left > 0 && left < INTERVAL_MILLIS) {
        wait = Math.min(wait, left * 1_000_000);
      }
    }
    return wait;
  }

  private void advance(Entry entry) {
    Instant now = Instant.ofEpochMilli(clock.wallMillis());
    if (entry.pending == null) {
      Instant planned = entry.planned;
      if (planned != null && now.isBefore(planned)) {
        return;
      }
      entry.pending = next(entry, now).orElse(null);
    }
    Instant firing = entry.pending;
    if (firing != null && handOver(entry, firing)) {
      entry.planned = firing;
      entry.pending = null;
    }
  }

  /// Puts one firing into the queue; false when the queue has no room for it now.
  private boolean handOver(Entry entry, Instant firing) {
    Admission admission = enqueue.apply(firing(entry, firing));
    boolean taken = take(entry, admission);
    if (taken) {
      entry.refused = null;
    }
    JobId id = entry.waiting;
    if (taken && id != null && !entries.containsKey(entry.name)) {
      // Unscheduled while it was being handed over, by somebody who could not see the id yet.
      cancel.accept(id);
    }
    return taken;
  }

  private static boolean take(Entry entry, Admission admission) {
    return switch (admission) {
      case Admission.Accepted(var id) -> {
        entry.waiting = id;
        yield true;
      }
      case Admission.Duplicate(var id) -> {
        entry.waiting = id;
        yield true;
      }
      case Admission.Refused(var reason, _) -> {
        if (entry.refused != reason) {
          LOG.log(
              System.Logger.Level.WARNING,
              "schedule '" + entry.name + "' waits to fire: " + reason.sentence());
          entry.refused = reason;
        }
        yield false;
      }
    };
  }

  private static <T> NewJob<T> firing(Entry entry, Instant firing) {
    // The entry holds one type and its payload together, so the cast is the one it was made with.
    @SuppressWarnings("unchecked")
    NewJob<T> job = (NewJob<T>) entry.job;
    Map<String, String> headers = new HashMap<>(job.options().headers());
    headers.put(NAME_HEADER, entry.name);
    headers.put(FIRING_HEADER, Long.toString(firing.toEpochMilli()));
    headers.put(DIGEST_HEADER, entry.digest);
    headers.put(SINCE_HEADER, Long.toString(entry.sinceMillis));
    EnqueueOptions options =
        job.options()
            .withRunAt(firing)
            .withKey("schedule:" + entry.name + "@" + firing + "#" + entry.digest)
            .withHeaders(headers);
    if (entry.missed == Schedule.Missed.SKIP) {
      options = options.withTimeToStart(SKIP_AFTER);
    }
    return new NewJob<>(job.type(), job.payload(), options);
  }

  /// One schedule in force.
  ///
  /// Threading: `pending`, `planned` and `refused` are the keeper's, `waiting` is written by it.
  private static final class Entry {
    final String name;
    final Schedule schedule;
    final NewJob<?> job;
    final Schedule.Missed missed;
    final long sinceMillis;
    final String digest;

    /// The firing that has to get into the queue.
    @Nullable Instant pending;

    /// The newest firing that got into the queue.
    @Nullable Instant planned;

    volatile @Nullable JobId waiting;

    /// Why the firing that has to get in did not, so that it is said once.
    Admission.@Nullable Reason refused;

    Entry(
        String name,
        Schedule schedule,
        NewJob<?> job,
        Schedule.Missed missed,
        long sinceMillis,
        String digest) {
      this.name = name;
      this.schedule = schedule;
      this.job = job;
      this.missed = missed;
      this.sinceMillis = sinceMillis;
      this.digest = digest;
    }
  }
}
