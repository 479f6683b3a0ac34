package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import java.time.Duration;
import java.time.Instant;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/// What an ended run means for its job: pure functions from a claim, its ending, the policy and the
/// time to a settlement. No clock, no I/O, no thread.
final class Decision {
  /// How long a job without a handler waits before it is offered again.
  static final long PARK_MILLIS = 30_000;

  private Decision() {}

  /// The settlement of a run that ended here.
  ///
  /// @param random draws evenly from 0 to 1, for the jitter of a retry
  static Settlement settle(
      Claim claim, Ending ending, QueuePolicy policy, long nowMillis, DoubleSupplier random) {
    return switch (ending) {
      case Ending.Returned(var outcome) -> returned(claim, outcome, policy, nowMillis, random);
      case Ending.Failed failed -> failed(claim, failed, policy, nowMillis, random);
      case Ending.Unhandled() ->
          new Settlement.RunAgain(
              nowMillis + PARK_MILLIS,
              true,
              attempt(
                  claim,
                  AttemptOutcome.PARKED,
                  "no handler is registered for the job type '" + claim.job().type() + "'",
                  nowMillis));
      case Ending.Withdrawn() ->
          new Settlement.Stop(
              attempt(
                  claim,
                  AttemptOutcome.CANCELLED,
                  "its schedule has changed since the firing was planned",
                  nowMillis));
      case Ending.Poisoned() ->
          new Settlement.Bury(DeathReason.POISON, lostBefore(claim, nowMillis));
      case Ending.Expired() ->
          new Settlement.Bury(
              DeathReason.EXPIRED,
              attempt(
                  claim,
                  AttemptOutcome.EXPIRED,
                  "not started before " + Instant.ofEpochMilli(expiresAt(claim)),
                  nowMillis));
    };
  }

  /// What becomes of a claim whose lease ended without a word.
  static Settlement reclaim(Claim claim, QueuePolicy policy, long nowMillis) {
    AttemptRecord lost = lost(claim, nowMillis);
    return claim.crashes() + 1 >= policy.maxCrashes()
        ? new Settlement.Poison(lost)
        : new Settlement.Crash(lost);
  }

  private static AttemptRecord lost(Claim claim, long nowMillis) {
    return attempt(claim, AttemptOutcome.LOST, "the worker ended without a word", nowMillis);
  }

  /// The attempt before, of which nobody has told how it ended: this one was not begun.
  private static AttemptRecord lostBefore(Claim claim, long nowMillis) {
    AttemptRecord lost = lost(claim, nowMillis);
    return new AttemptRecord(
        Math.max(1, lost.attempt() - 1),
        lost.outcome(),
        lost.error(),
        lost.startedAt(),
        lost.endedAt());
  }

  /// Whether the job must not be started any more. One that was started before came in time and is
  /// never too late: not after a snooze, a shutdown or an operator's retry, which all give attempts
  /// back, so it is the epoch that tells. Being parked is no start.
  static boolean isExpired(Claim claim, long nowMillis) {
    long expiresAt = expiresAt(claim);
    return expiresAt != 0 && expiresAt <= nowMillis && claim.lease().epoch() - claim.parked() == 1;
  }

  private static long expiresAt(Claim claim) {
    return claim.job().options().expiresAtMillis();
  }

  private static Settlement returned(
      Claim claim, Outcome outcome, QueuePolicy policy, long nowMillis, DoubleSupplier random) {
    return switch (outcome) {
      case Outcome.Done() -> Settlement.Complete.INSTANCE;
      case Outcome.Retry(var after, var note) ->
          failed(
              claim,
              AttemptOutcome.FAILED,
              note,
              after.map(Duration::toMillis).orElse(null),
              policy,
              nowMillis,
              random);
      case Outcome.Snooze(var pause) ->
          new Settlement.RunAgain(
              nowMillis + pause.toMillis(),
              true,
              attempt(claim, AttemptOutcome.SNOOZED, null, nowMillis));
      case Outcome.Bury(var note) ->
          new Settlement.Bury(
              DeathReason.BURIED, attempt(claim, AttemptOutcome.FAILED, note, nowMillis));
    };
  }

  private static Settlement failed(
      Claim claim,
      Ending.Failed failed,
      QueuePolicy policy,
      long nowMillis,
      DoubleSupplier random) {
    String error = failed.error();
    return switch (failed.interruption()) {
      case CANCEL ->
          new Settlement.Stop(attempt(claim, AttemptOutcome.CANCELLED, error, nowMillis));
      case STOPPING -> Settlement.Release.INSTANCE;
      case TIMEOUT ->
          failed(claim, AttemptOutcome.TIMED_OUT, error, null, policy, nowMillis, random);
      // Refused by the engine, unless it were the end that the reaper gave the job, which would
      // look
      // like that one told again: so never an end.
      case LEASE_LOST ->
          new Settlement.RunAgain(
              nowMillis, false, attempt(claim, AttemptOutcome.LOST, error, nowMillis));
      case null -> failed(claim, AttemptOutcome.FAILED, error, null, policy, nowMillis, random);
    };
  }

  private static Settlement failed(
      Claim claim,
      AttemptOutcome outcome,
      @Nullable String error,
      @Nullable Long pauseMillis,
      QueuePolicy policy,
      long nowMillis,
      DoubleSupplier random) {
    AttemptRecord attempt = attempt(claim, outcome, error, nowMillis);
    if (claim.attempt() >= maxAttempts(claim, policy)) {
      return new Settlement.Bury(DeathReason.EXHAUSTED, attempt);
    }
    long pause =
        pauseMillis != null
            ? pauseMillis
            : policy.retry().pauseMillis(claim.attempt(), random.getAsDouble());
    return new Settlement.RunAgain(nowMillis + pause, false, attempt);
  }

  static int maxAttempts(Claim claim, QueuePolicy policy) {
    int own = claim.job().options().maxAttempts();
    return own > 0 ? own : policy.retry().maxAttempts();
  }

  private static AttemptRecord attempt(
      Claim claim, AttemptOutcome outcome, @Nullable String error, long nowMillis) {
    return new AttemptRecord(
        claim.attempt(),
        outcome,
        error == null || error.length() <= Run.MAX_ERROR
            ? error
            : error.substring(0, Run.MAX_ERROR),
        Instant.ofEpochMilli(claim.startedAtMillis()),
        Instant.ofEpochMilli(nowMillis));
  }
}
