package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class DecisionTest {
  private static final long NOW = 1_000_000;
  private static final long STARTED = 400_000;
  private static final QueuePolicy POLICY =
      QueuePolicy.defaults()
          .withRetry(new RetryPolicy(3, Duration.ofSeconds(10), 2, Duration.ofSeconds(15), 0.5));

  private static Claim claim(int attempt, int crashes, long epoch, JobOptions options) {
    JobId id = new JobId(7, 9);
    Job job = new Job(id, "q", "mail", new byte[0], Priority.NORMAL, 0, options);
    return new Claim(job, new Lease(id, epoch), attempt, crashes, 0, STARTED);
  }

  private static JobOptions options(long expiresAt, int maxAttempts) {
    return new JobOptions(0, null, Map.of(), expiresAt, 0, maxAttempts, null, null);
  }

  private static Settlement settle(Ending ending, int attempt, int ownAttempts) {
    return Decision.settle(
        claim(attempt, 0, attempt, options(0, ownAttempts)), ending, POLICY, NOW, () -> 0.5);
  }

  private static AttemptRecord record(int attempt, AttemptOutcome outcome, @Nullable String error) {
    return new AttemptRecord(
        attempt, outcome, error, Instant.ofEpochMilli(STARTED), Instant.ofEpochMilli(NOW));
  }

  private static Settlement again(long at, boolean refund, AttemptRecord record) {
    return new Settlement.RunAgain(at, refund, record);
  }

  private static Settlement exhausted(AttemptRecord record) {
    return new Settlement.Bury(DeathReason.EXHAUSTED, record);
  }

  private static Ending threw(Ending.@Nullable Interruption why) {
    return new Ending.Threw("boom", why);
  }

  private static Ending gaveUp(Ending.Interruption why) {
    return new Ending.Abandoned("deaf", why);
  }

  private static Arguments row(
      String what, Ending ending, int attempt, int ownAttempts, Settlement expected) {
    return Arguments.of(what, ending, attempt, ownAttempts, expected);
  }

  /// Pauses at random 0.5: 10 s and 15 s, shortened by a quarter.
  static Stream<Arguments> endings() {
    var failed1 = record(1, AttemptOutcome.FAILED, "boom");
    var failed3 = record(3, AttemptOutcome.FAILED, "boom");
    var late = record(1, AttemptOutcome.TIMED_OUT, "boom");
    var retryNow = new Ending.Returned(Outcome.retry(Duration.ZERO, "boom"));
    var retry = new Ending.Returned(Outcome.retry("boom"));
    return Stream.of(
        row("done", Ending.Returned.DONE, 1, 0, Settlement.Complete.INSTANCE),
        row("done at the last attempt", Ending.Returned.DONE, 3, 0, Settlement.Complete.INSTANCE),
        row("asks for a retry", retry, 1, 0, again(NOW + 7_500, false, failed1)),
        row("asks for a retry now", retryNow, 1, 0, again(NOW, false, failed1)),
        row("asks for a retry at the end", retry, 3, 0, exhausted(failed3)),
        row("asks for a retry now at the end", retryNow, 3, 0, exhausted(failed3)),
        row(
            "snoozes",
            new Ending.Returned(Outcome.snooze(Duration.ofSeconds(2))),
            1,
            0,
            again(NOW + 2_000, true, record(1, AttemptOutcome.SNOOZED, null))),
        row(
            "snoozes at the last attempt",
            new Ending.Returned(Outcome.snooze(Duration.ofSeconds(2))),
            3,
            0,
            again(NOW + 2_000, true, record(3, AttemptOutcome.SNOOZED, null))),
        row(
            "buries",
            new Ending.Returned(Outcome.bury("boom")),
            1,
            0,
            new Settlement.Bury(DeathReason.BURIED, failed1)),
        row("throws", threw(null), 1, 0, again(NOW + 7_500, false, failed1)),
        row(
            "throws again",
            threw(null),
            2,
            0,
            again(NOW + 11_250, false, record(2, AttemptOutcome.FAILED, "boom"))),
        row("throws at the end", threw(null), 3, 0, exhausted(failed3)),
        row("throws, one attempt of its own", threw(null), 1, 1, exhausted(failed1)),
        row(
            "throws, more attempts of its own",
            threw(null),
            3,
            4,
            again(NOW + 11_250, false, failed3)),
        row(
            "ran too long",
            threw(Ending.Interruption.TIMEOUT),
            1,
            0,
            again(NOW + 7_500, false, late)),
        row(
            "ran too long at the end",
            threw(Ending.Interruption.TIMEOUT),
            3,
            0,
            exhausted(record(3, AttemptOutcome.TIMED_OUT, "boom"))),
        row(
            "is cancelled",
            threw(Ending.Interruption.CANCEL),
            3,
            0,
            new Settlement.Stop(record(3, AttemptOutcome.CANCELLED, "boom"))),
        row("stops", threw(Ending.Interruption.STOPPING), 3, 0, Settlement.Release.INSTANCE),
        row(
            "lost its lease",
            threw(Ending.Interruption.LEASE_LOST),
            3,
            0,
            again(NOW, false, record(3, AttemptOutcome.LOST, "boom"))),
        row(
            "is a zombie after its timeout",
            gaveUp(Ending.Interruption.TIMEOUT),
            1,
            0,
            again(NOW + 7_500, false, record(1, AttemptOutcome.TIMED_OUT, "deaf"))),
        row(
            "is a zombie at the end",
            gaveUp(Ending.Interruption.TIMEOUT),
            3,
            0,
            exhausted(record(3, AttemptOutcome.TIMED_OUT, "deaf"))),
        row(
            "is a zombie after a cancel",
            gaveUp(Ending.Interruption.CANCEL),
            1,
            0,
            new Settlement.Stop(record(1, AttemptOutcome.CANCELLED, "deaf"))),
        row(
            "is of a type nobody handles",
            new Ending.Unhandled(),
            3,
            0,
            again(
                NOW + Decision.PARK_MILLIS,
                true,
                record(
                    3, AttemptOutcome.PARKED, "no handler is registered for the job type 'mail'"))),
        row(
            "is a firing of a changed schedule",
            new Ending.Withdrawn(),
            1,
            0,
            new Settlement.Stop(
                record(
                    1,
                    AttemptOutcome.CANCELLED,
                    "its schedule has changed since the firing was planned"))),
        row(
            "came too late",
            new Ending.Expired(),
            1,
            0,
            new Settlement.Bury(
                DeathReason.EXPIRED,
                record(1, AttemptOutcome.EXPIRED, "not started before 1970-01-01T00:00:00Z"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("endings")
  void everyEndingHasOneSettlement(
      String what, Ending ending, int attempt, int ownAttempts, Settlement expected) {
    assertThat(settle(ending, attempt, ownAttempts)).as(what).isEqualTo(expected);
  }

  @ParameterizedTest(name = "after {0} crashes with {1} allowed: {2}")
  @CsvSource({
    "0, 3, CRASH",
    "1, 3, CRASH",
    "2, 3, POISON",
    "3, 3, POISON",
    "0, 1, POISON",
    "98, 100, CRASH"
  })
  void aLeaseThatEndsWithoutAWordIsACrashAndOnceTooOftenPoison(
      int crashes, int allowed, Lifecycle expected) {
    Settlement settlement =
        Decision.reclaim(
            claim(1, crashes, 1, JobOptions.NONE), POLICY.withMaxCrashes(allowed), NOW);
    assertThat(settlement.step()).isEqualTo(expected);
  }

  @ParameterizedTest(name = "expires at {0}, attempt {1}, crashes {2}, epoch {3}: {4}")
  @CsvSource({
    "0, 1, 0, 1, false",
    "1000000, 1, 0, 1, true",
    "999999, 1, 0, 1, true",
    "1000001, 1, 0, 1, false",
    "999999, 2, 0, 2, false",
    "999999, 1, 1, 2, false",
    "999999, 1, 0, 2, false"
  })
  void onlyAJobThatWasNeverClaimedBeforeExpires(
      long expiresAt, int attempt, int crashes, long epoch, boolean expected) {
    Claim claim = claim(attempt, crashes, epoch, options(expiresAt, 0));
    assertThat(Decision.isExpired(claim, NOW)).isEqualTo(expected);
  }

  @ParameterizedTest(name = "parked {0} times, claimed {1} times: {2}")
  @CsvSource({"1, 2, true", "30, 31, true", "1, 3, false", "30, 40, false"})
  void aJobThatWasOnlyEverParkedStillExpires(int parked, long epoch, boolean expected) {
    Claim once = claim(1, 0, epoch, options(NOW - 1, 0));
    Claim claim = new Claim(once.job(), once.lease(), 1, 0, parked, STARTED);
    assertThat(Decision.isExpired(claim, NOW)).isEqualTo(expected);
  }

  @Test
  void theJobsOwnAttemptsCountBeforeTheQueues() {
    assertThat(Decision.maxAttempts(claim(1, 0, 1, options(0, 0)), POLICY)).isEqualTo(3);
    assertThat(Decision.maxAttempts(claim(1, 0, 1, options(0, 7)), POLICY)).isEqualTo(7);
  }

  @Test
  void aRetryAfterALongPauseIsNotShortenedByThePolicy() {
    Outcome inAWeek = new Outcome.Retry(Optional.of(Duration.ofDays(7)), "boom");
    assertThat(settle(new Ending.Returned(inAWeek), 1, 0))
        .isEqualTo(
            again(
                NOW + Duration.ofDays(7).toMillis(),
                false,
                record(1, AttemptOutcome.FAILED, "boom")));
  }
}
