package dev.sluice;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Writes into the log what somebody has to look after, also where nobody listens: jobs that are
/// dead, and jobs that nobody here can run.
///
/// Threading: thread-safe.
final class EndLog {
  private static final System.Logger LOG = System.getLogger("dev.sluice.jobs");

  private EndLog() {}

  /// How an attempt ended, for each settlement that was recorded.
  static void settled(Claim claim, Settlement settlement) {
    switch (settlement) {
      case Settlement.Bury bury ->
          dead(
              claim,
              bury.isUnstarted() ? before(claim) : claim.attempt(),
              bury.reason(),
              bury.attempt());
      case Settlement.Poison(var attempt) ->
          dead(claim, claim.attempt(), DeathReason.POISON, attempt);
      case Settlement.RunAgain again when again.parks() ->
          warn(claim, before(claim), "parked", again.attempt());
      case Settlement.RunAgain _,
          Settlement.Complete _,
          Settlement.Release _,
          Settlement.Stop _,
          Settlement.Crash _ -> {}
    }
  }

  /// The attempts before a claim that started nothing.
  private static int before(Claim claim) {
    return claim.attempt() - 1;
  }

  private static void dead(
      Claim claim, int attempts, DeathReason reason, @Nullable AttemptRecord attempt) {
    warn(claim, attempts, "dead (" + reason.name().toLowerCase(Locale.ROOT) + ")", attempt);
  }

  private static void warn(
      Claim claim, int attempts, String what, @Nullable AttemptRecord attempt) {
    String why = attempt == null ? "" : Objects.requireNonNullElse(attempt.error(), "");
    LOG.log(
        System.Logger.Level.WARNING,
        "job "
            + claim.job().id()
            + " of queue '"
            + claim.job().queue()
            + "', type '"
            + claim.job().type()
            + "', is "
            + what
            + (attempts == 0 ? " before it was started: " : " after attempt " + attempts + ": ")
            + why.lines().findFirst().orElse(""));
  }

  /// How many jobs of workers that are gone wait again.
  static void tookBack(int jobs) {
    LOG.log(
        System.Logger.Level.INFO,
        jobs == 1
            ? "1 job, whose worker ended without a word, waits again"
            : jobs + " jobs, whose workers ended without a word, wait again");
  }
}
