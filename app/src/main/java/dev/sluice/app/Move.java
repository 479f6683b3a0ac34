package dev.sluice.app;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Exporting;
import dev.sluice.engine.Exporting.Handout;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Limits.Keys;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Redrivable;
import dev.sluice.engine.Restoring;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Names;
import dev.sluice.job.SluiceException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Moves waiting, scheduled and dead jobs from one engine to another: each is kept by the target
/// before the source lets go of it, so a kill at any point loses none, and the next run goes on. A
/// target that knows its jobs by id answers those that came before the kill as duplicates.
///
/// Threading: confined to the command's thread.
final class Move {
  private static final int STEP = 500;

  /// How many jobs of a run are remembered at least, to notice that they come again.
  private static final int FIRST = 10_000;

  /// How long to wait for jobs that the source counts and does not hand out yet.
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /// What helps where keys are refused.
  private static final String CARRY =
      "; with keys=carry in its URL the target takes keys along as labels";

  /// Brokers tell about once a second how much they hold.
  private static final long PAUSE_NANOS = 1_200_000_000;

  private final Engine source;
  private final Engine target;
  private final Exporting exporting;
  private final Restoring restoring;
  private final Countable there;
  private final Countable here;
  private final Environment.Clock clock;
  private final ProgressBar progress;

  /// What became of one queue.
  ///
  /// @param moved jobs that the target took from this run, by the state in which they were
  /// @param already jobs that the target had from an earlier run
  /// @param strangers messages that are no jobs and stay in the source
  /// @param left what the source still counts, the strangers among them
  /// @param taken whether somebody takes jobs in the source and may hold some, which it does not
  ///   count
  /// @param arrived what the target counts
  record Moved(
      String queue,
      Map<JobState, Long> moved,
      long already,
      long strangers,
      Counts left,
      boolean taken,
      Counts arrived) {
    /// Whether no job is left in the source.
    boolean isAll() {
      return kept(left) <= strangers && !taken;
    }

    long sum() {
      return Move.sum(moved);
    }

    /// Whether the source held nothing of this name, as far as anybody can tell.
    boolean isNothing() {
      return !taken && sum() + already + strangers + kept(left) == 0;
    }
  }

  /// @throws IllegalArgumentException when one of the engines cannot do its part
  Move(Engine source, Engine target, Environment.Clock clock, ProgressBar progress) {
    this.source = source;
    this.target = target;
    this.clock = clock;
    this.progress = progress;
    if (!(source instanceof Exporting from) || !(source instanceof Countable counted)) {
      throw new IllegalArgumentException("from: " + cannot(source, "hands its jobs over"));
    }
    if (!(target instanceof Restoring to) || !(target instanceof Countable counts)) {
      throw new IllegalArgumentException("to: " + cannot(target, "takes jobs over"));
    }
    exporting = from;
    restoring = to;
    there = counted;
    here = counts;
  }

  private static String cannot(Engine engine, String what) {
    return "'"
        + engine.limits().engine()
        + "' must be an engine that "
        + what
        + "; jobs in memory end with their process";
  }

  /// The queues to move: those that are named, or else all of the source.
  ///
  /// @throws IllegalArgumentException when the source cannot have one of them, or cannot list them
  List<String> queues(List<String> named) {
    named.forEach(name -> source.requireQueue(Names.require("queue", name)));
    if (!(source instanceof Inspectable listed)) {
      if (named.isEmpty()) {
        throw new IllegalArgumentException(
            "queue: must be given, the engine '"
                + source.limits().engine()
                + "' cannot list its queues");
      }
      return named;
    }
    List<String> known = listed.queues();
    for (String queue : named) {
      if (!known.contains(queue)) {
        throw new IllegalArgumentException(
            "queue: '"
                + queue
                + "' must be one of the source: "
                + (known.isEmpty() ? "it has none" : String.join(", ", known)));
      }
    }
    return named.isEmpty() ? known : named;
  }

  /// Whether the source has a queue of that name, though it may be empty.
  boolean isThere(String queue) {
    return exporting.isThere(queue);
  }

  /// Makes sure that nobody takes jobs of the queues meanwhile, as far as the source can tell.
  ///
  /// @throws SluiceException when somebody does
  void requireIdle(List<String> queues) {
    for (String queue : queues) {
      if (exporting.isTaken(queue)) {
        throw new SluiceException(
            "queue '" + queue + "' cannot move: somebody takes jobs of it; stop that first");
      }
    }
  }

  /// Makes sure that the target can hold every job, as far as the source can show them.
  ///
  /// @throws SluiceException when it cannot; then nothing was moved
  void check(List<String> queues) {
    for (String queue : queues) {
      try {
        target.requireQueue(queue);
      } catch (IllegalArgumentException unfit) {
        throw new SluiceException(
            "queue '" + queue + "' cannot move: " + unfit.getMessage(), unfit);
      }
    }
    if (source instanceof Redrivable broker) {
      // The waiting ones come out of their queue to be seen, so they are looked at step by step.
      requireKeys();
      for (String queue : queues) {
        broker.dead(queue, Inspectable.MAX_PAGE).forEach(this::check);
      }
    }
    if (!(source instanceof Inspectable shown)) {
      return;
    }
    for (String queue : queues) {
      for (JobState state : List.of(JobState.READY, JobState.SCHEDULED, JobState.DEAD)) {
        String cursor = null;
        do {
          Inspectable.Page page = shown.list(queue, state, STEP, cursor);
          page.jobs().forEach(this::check);
          cursor = page.next();
        } while (cursor != null);
      }
    }
  }

  /// Where jobs of the source may have keys, and cannot be looked at all beforehand.
  private void requireKeys() {
    if (source.limits().keys() != Keys.REFUSED && target.limits().keys() == Keys.REFUSED) {
      throw new SluiceException(
          "nothing can move: jobs of the source may have keys, which would make nothing unique there"
              + CARRY);
    }
  }

  private void check(JobView job) {
    String key = job.job().options().key();
    if (key != null && target.limits().keys() == Keys.REFUSED) {
      throw new SluiceException(
          cannotMove(job) + "its key '" + key + "' would make nothing unique there" + CARRY);
    }
    try {
      // Its time may be any: the limit is for jobs that are new.
      target.requireHolds(job.job(), Long.MAX_VALUE);
    } catch (IllegalArgumentException unfit) {
      throw new SluiceException(cannotMove(job) + unfit.getMessage(), unfit);
    }
    if (key != null && target instanceof Inspectable known) {
      known
          .findByKey(job.job().queue(), key)
          .filter(other -> !other.id().equals(job.id()))
          .ifPresent(other -> {
            throw taken(job, other.id());
          });
    }
  }

  private static String cannotMove(JobView job) {
    return "job " + job.id() + " of queue '" + job.job().queue() + "' cannot move: ";
  }

  private static SluiceException taken(JobView job, JobId other) {
    return new SluiceException(
        cannotMove(job)
            + "its key belongs to job "
            + other
            + " in the target; delete one of them and run this again");
  }

  /// Jobs that a process was working on when it ended wait again, with one crash more.
  ///
  /// @return how many
  long takeBack() {
    if (!(source instanceof Reclaiming reclaiming)) {
      return 0;
    }
    long taken = 0;
    List<Claim> lost = reclaiming.expired(STEP);
    while (!lost.isEmpty()) {
      Instant now = Instant.ofEpochMilli(clock.wallMillis());
      source.settle(lost.stream().map(claim -> crash(claim, now)).toList());
      taken += lost.size();
      lost = reclaiming.expired(STEP);
    }
    return taken;
  }

  private static Settle crash(Claim claim, Instant now) {
    return new Settle(
        claim.lease(),
        new Settlement.Crash(
            new AttemptRecord(
                claim.attempt(),
                AttemptOutcome.LOST,
                "the worker ended without a word",
                Instant.ofEpochMilli(claim.startedAtMillis()),
                now)));
  }

  /// Moves one queue.
  ///
  /// @throws SluiceException when a job cannot be moved; those before it have been, and it says how
  ///   many
  Moved move(String queue) {
    Map<JobState, Long> moved = new EnumMap<>(JobState.class);
    try {
      return move(queue, moved);
    } catch (SluiceException stopped) {
      progress.clear();
      long sum = sum(moved);
      throw sum == 0
          ? stopped
          : new SluiceException(
              stopped.getMessage() + "; taken by the target before that: " + sum, stopped);
    }
  }

  private Moved move(String queue, Map<JobState, Long> moved) {
    long all = movable(there.counts(queue));
    Set<JobId> first = new HashSet<>();
    long done = 0;
    long already = 0;
    int step = Math.min(STEP, Math.min(source.limits().batch(), target.limits().batch()));
    Handout handout = next(queue, step);
    while (!handout.jobs().isEmpty()) {
      List<JobView> next = handout.jobs();
      if (target.limits().brokered()) {
        requireNoCircle(queue, first, next);
      }
      if (!(source instanceof Inspectable)) {
        next.forEach(this::check);
      }
      Restored restored = restore(queue, next);
      List<JobId> ids = new ArrayList<>(next.size());
      @Nullable SluiceException stop = restored.failure();
      for (int i = 0; i < next.size(); i++) {
        JobView job = next.get(i);
        @Nullable SluiceException refused = null;
        switch (restored.answers().get(i).orElse(null)) {
          case null -> {}
          case Admission.Accepted _ -> {
            moved.merge(job.state(), 1L, Long::sum);
            ids.add(job.id());
          }
          case Admission.Duplicate(var id) when id.equals(job.id()) -> {
            already++;
            ids.add(id);
          }
          case Admission.Duplicate(var id) -> refused = taken(job, id);
          case Admission.Refused(var reason, _) ->
              refused = new SluiceException(cannotMove(job) + reason.sentence());
        }
        stop = stop == null ? refused : stop;
      }
      letGo(queue, ids, stop);
      done += next.size();
      progress.show(queue, done, Math.max(all, done));
      handout = next(queue, step);
    }
    progress.clear();
    if (done > 0 && target.limits().brokered()) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return new Moved(
        queue,
        moved,
        already,
        handout.strangers(),
        there.counts(queue),
        exporting.isTaken(queue),
        here.counts(queue));
  }

  private static long sum(Map<JobState, Long> moved) {
    return moved.values().stream().mapToLong(Long::longValue).sum();
  }

  /// A broker that is the source by another name would be moved round and round. The first jobs of
  /// the run are enough to notice, for sooner or later they come again.
  private static void requireNoCircle(String queue, Set<JobId> first, List<JobView> next) {
    for (JobView job : next) {
      if (first.contains(job.id())) {
        throw new SluiceException(
            "job "
                + job.id()
                + " of queue '"
                + queue
                + "' came a second time: if from and to are not the same place, run this again");
      }
    }
    if (first.size() < FIRST) {
      next.forEach(job -> first.add(job.id()));
    }
  }

  /// Has the source let go of what the target has.
  ///
  /// @param stop why this is the last step; null when it is not, as far as the target goes
  private void letGo(String queue, List<JobId> ids, @Nullable SluiceException stop) {
    try {
      exporting.exported(queue, ids);
    } catch (SluiceException failure) {
      if (stop == null) {
        throw failure;
      }
      stop.addSuppressed(failure);
    }
    if (stop != null) {
      throw stop;
    }
  }

  /// What the target answered.
  ///
  /// @param answers in the order of the jobs; empty where nobody knows
  /// @param failure why it did not answer for all; null when it did
  private record Restored(List<Optional<Admission>> answers, @Nullable SluiceException failure) {}

  private Restored restore(String queue, List<JobView> jobs) {
    try {
      return new Restored(restoring.restore(jobs).stream().map(Optional::of).toList(), null);
    } catch (PartlyTakenException partly) {
      return new Restored(partly.answers(), partly);
    } catch (IllegalArgumentException unfit) {
      throw new SluiceException("queue '" + queue + "' cannot move: " + unfit.getMessage(), unfit);
    }
  }

  /// What comes next; waits a while for what the source counts and does not hand out yet, because
  /// it is on its way from a broker.
  private Handout next(String queue, int step) {
    // What goes from one place on a broker to another is in neither for a moment.
    int looks = source.limits().brokered() ? 2 : 1;
    long begun = clock.monotonicNanos();
    Handout next = exporting.export(queue, step);
    for (int empty = 1; next.jobs().isEmpty(); empty++) {
      boolean counted = kept(there.counts(queue)) > next.strangers();
      if (counted ? clock.monotonicNanos() - begun >= PATIENCE.toNanos() : empty >= looks) {
        return next;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
      next = exporting.export(queue, step);
    }
    return next;
  }

  /// What is in the source: the movable jobs, and those that a broker keeps from others, because a
  /// worker or a move that was killed has received them.
  private static long kept(Counts counts) {
    return movable(counts) + counts.running();
  }

  private static long movable(Counts counts) {
    return counts.waiting() + counts.dead();
  }

  /// A count of an engine, with `~` when it is near the truth only.
  static String shown(Limits limits, long count) {
    return (limits.exactCounts() ? "" : "~") + count;
  }
}
