package dev.sluice.contract;

import dev.sluice.contract.Command.Ending;
import dev.sluice.contract.Command.Kind;
import dev.sluice.contract.Command.NewJob;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One engine on its way through a sequence of commands.
///
/// Threading: confined to the test.
final class CommandSession {
  /// Small pages, so that every sequence turns some.
  private static final int PAGE = 3;

  private final Engine engine;
  private final ManualEnvironment world;
  private final List<Claim> claims = new ArrayList<>();

  CommandSession(Engine engine, ManualEnvironment world) {
    this.engine = engine;
    this.world = world;
  }

  Engine engine() {
    return engine;
  }

  void remember(List<Claim> taken) {
    claims.addAll(taken);
  }

  /// The claim that a number stands for; empty as long as there is none at all.
  Optional<Claim> claim(int number) {
    return claims.isEmpty()
        ? Optional.empty()
        : Optional.of(claims.get(Math.floorMod(number, claims.size())));
  }

  Job draft(NewJob job) {
    long runAt = job.delayMillis() == 0 ? 0 : world.wallMillis() + job.delayMillis();
    return new JobDraft(Trial.newId(job.number()), world.wallMillis())
        .queue(job.queue())
        .priority(job.priority())
        .bytes(job.bytes())
        .key(job.key() == 0 ? null : "key-" + job.key())
        .runAt(runAt)
        .build();
  }

  Optional<Settle> settle(Ending ending) {
    return claim(ending.claim()).map(c -> settle(c, ending.kind(), ending.delayMillis()));
  }

  Settle settle(Claim claim, Kind kind, long delayMillis) {
    long at = world.wallMillis() + delayMillis;
    Settlement settlement =
        switch (kind) {
          case COMPLETE -> Settlement.Complete.INSTANCE;
          case RUN_AGAIN ->
              new Settlement.RunAgain(at, false, attempt(claim, AttemptOutcome.FAILED));
          case SNOOZE -> new Settlement.RunAgain(at, true, attempt(claim, AttemptOutcome.SNOOZED));
          case PARK -> new Settlement.RunAgain(at, true, attempt(claim, AttemptOutcome.PARKED));
          case BURY ->
              new Settlement.Bury(DeathReason.BURIED, attempt(claim, AttemptOutcome.FAILED));
          case EXPIRE ->
              new Settlement.Bury(DeathReason.EXPIRED, attempt(claim, AttemptOutcome.EXPIRED));
          case RELEASE -> Settlement.Release.INSTANCE;
          case STOP -> new Settlement.Stop(attempt(claim, AttemptOutcome.CANCELLED));
          case CRASH -> new Settlement.Crash(attempt(claim, AttemptOutcome.LOST));
          case POISON -> new Settlement.Poison(attempt(claim, AttemptOutcome.LOST));
        };
    return new Settle(claim.lease(), settlement);
  }

  private AttemptRecord attempt(Claim claim, AttemptOutcome outcome) {
    Instant start = Instant.ofEpochMilli(claim.startedAtMillis());
    Instant end = Instant.ofEpochMilli(world.wallMillis());
    return new AttemptRecord(claim.attempt(), outcome, "attempt " + claim.attempt(), start, end);
  }

  /// All that can be seen of the engine from outside, one line for each fact, without what the
  /// contract leaves open: `ahead` where jobs left the middle of a line, the order of jobs that
  /// ended together, the start of an attempt that is over.
  List<String> everythingSeen() {
    Inspectable inspectable = (Inspectable) engine;
    List<String> facts = new ArrayList<>();
    facts.add("queues " + inspectable.queues());
    for (String queue : CommandGenerator.QUEUES) {
      facts.add(queue + ": " + inspectable.counts(queue));
      for (int key = 1; key <= CommandGenerator.KEYS; key++) {
        Optional<JobView> holder = inspectable.findByKey(queue, "key-" + key);
        facts.add(queue + ": key " + key + " " + holder.map(JobView::id));
      }
      for (JobState state : JobState.values()) {
        List<JobView> views = Invariants.all(inspectable, queue, state, PAGE);
        var lines = views.stream().map(CommandSession::described);
        facts.addAll((state.isTerminal() ? lines.sorted() : lines).toList());
      }
    }
    return facts;
  }

  private static String described(JobView view) {
    boolean startMatters = view.state() == JobState.RUNNING || view.state() == JobState.SUCCEEDED;
    return String.join(
        ", ",
        view.job().toString(),
        view.state().toString(),
        "attempt " + view.attempt(),
        "crashes " + view.crashes(),
        "epoch " + view.epoch(),
        "due " + view.dueAt(),
        "started " + (startMatters ? view.startedAt() : "some time"),
        "finished " + view.finishedAt(),
        "died of " + view.deathReason(),
        "cancel " + view.cancelRequested(),
        "attempts " + view.attempts());
  }
}
