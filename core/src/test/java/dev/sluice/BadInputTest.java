package dev.sluice;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Bound;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Names;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every value out of its range is answered with one sentence: field, value, rule.
final class BadInputTest {
  private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);
  private static final QueuePolicy POLICY = QueuePolicy.defaults();
  private static final RetryPolicy RETRY = RetryPolicy.defaults();
  private static final EnqueueOptions OPTIONS = EnqueueOptions.defaults();

  private static final Limits SMALL = Limits.exact("e", true, 1, 1, Duration.ZERO);

  private static Arguments row(String sentence, ThrowingCallable call) {
    return Arguments.of(sentence, call);
  }

  static Stream<Arguments> policies() {
    return Stream.of(
        row("capacity.jobs: 0 must be at least 1", () -> POLICY.withCapacity(0)),
        row("capacity.bytes: 0 must be at least 1", () -> new Bound(1, 0)),
        row("concurrency: 0 must be between 1 and 1000000", () -> POLICY.withConcurrency(0)),
        row(
            "concurrency: 1000001 must be between 1 and 1000000",
            () -> POLICY.withConcurrency(1_000_001)),
        row(
            "timeout: PT0S must be between PT0.001S and PT8760H",
            () -> POLICY.withTimeout(Duration.ZERO)),
        row(
            "timeout: " + FOR_EVER + " must be between PT0.001S and PT8760H",
            () -> POLICY.withTimeout(FOR_EVER)),
        row(
            "grace: PT-1S must be between PT0S and PT1H",
            () -> POLICY.withGrace(Duration.ofSeconds(-1))),
        row(
            "lease: PT0.999S must be between PT1S and PT12H",
            () -> POLICY.withLease(Duration.ofMillis(999))),
        row(
            "time-to-start: PT0S must be between PT0.001S and PT87600H",
            () -> POLICY.withTimeToStart(Duration.ZERO)),
        row("max-crashes: 0 must be between 1 and 100", () -> POLICY.withMaxCrashes(0)),
        row("max-zombies: -1 must be between 0 and 100000", () -> POLICY.withMaxZombies(-1)),
        row("rate.permits: 0 must be between 1 and 1000000000", () -> Rate.perSecond(0)),
        row("rate.burst: 0 must be between 1 and 1000000000", () -> Rate.perSecond(1).withBurst(0)),
        row(
            "rate.per: PT0.0009S must be between 1 ms and 1 day",
            () -> new Rate(1, Duration.ofNanos(900_000), 1)),
        row(
            "rate.per: " + FOR_EVER + " must be between 1 ms and 1 day",
            () -> new Rate(1, FOR_EVER, 1)),
        row("rate: '10' must be like 10/s, 100/m or 5/h", () -> Rate.parse("10")),
        row("rate: '' must be like 10/s, 100/m or 5/h", () -> Rate.parse("")),
        row("rate: '-1/s' must be like 10/s, 100/m or 5/h", () -> Rate.parse("-1/s")),
        row("rate.permits: 0 must be between 1 and 1000000000", () -> Rate.parse("0/s")),
        row("retry.max-attempts: 0 must be between 1 and 1000", () -> RETRY.withMaxAttempts(0)),
        row(
            "retry.max-attempts: 1001 must be between 1 and 1000",
            () -> RETRY.withMaxAttempts(1001)),
        row(
            "retry.delay: PT-0.001S must be 0 to 365 days",
            () -> RETRY.withDelay(Duration.ofMillis(-1))),
        row("retry.multiplier: 0.9 must be between 1 and 100", () -> RETRY.withMultiplier(0.9)),
        row(
            "retry.multiplier: NaN must be between 1 and 100",
            () -> RETRY.withMultiplier(Double.NaN)),
        row(
            "retry.max-delay: PT4S must be between retry.delay and 365 days",
            () -> RETRY.withMaxDelay(Duration.ofSeconds(4))),
        row("retry.jitter: 1.1 must be between 0 and 1", () -> RETRY.withJitter(1.1)),
        row("retry.jitter: NaN must be between 0 and 1", () -> RETRY.withJitter(Double.NaN)),
        row(
            "retention.age: PT-1S must be between 0 and 3650 days",
            () -> new Keep(Duration.ofSeconds(-1), 1, 1)),
        row("retention.jobs: -1 must be at least 0", () -> new Keep(Duration.ZERO, -1, 1)),
        row("retention.bytes: -1 must be at least 0", () -> new Keep(Duration.ZERO, 1, -1)));
  }

  static Stream<Arguments> jobs() {
    String name = "a".repeat(129);
    return Stream.of(
        row(
            "delay: PT-1S must be between PT0S and PT87600H",
            () -> OPTIONS.withDelay(Duration.ofSeconds(-1))),
        row(
            "delay: cannot be combined with run-at",
            () -> OPTIONS.withDelay(Duration.ZERO).withRunAt(Instant.EPOCH)),
        row(
            "run-at: " + Instant.MAX + " must be from 1970 to before the year 10000",
            () -> OPTIONS.withRunAt(Instant.MAX)),
        row(
            "run-at: 1969-12-31T23:59:59Z must be from 1970 to before the year 10000",
            () -> OPTIONS.withRunAt(Instant.ofEpochSecond(-1))),
        row("key: must have 1 to 256 characters, has 0", () -> OPTIONS.withKey("")),
        row("key: must have 1 to 256 characters, has 257", () -> OPTIONS.withKey("k".repeat(257))),
        row("headers: 65 must be at most 64", () -> OPTIONS.withHeaders(headers(65))),
        row(
            "headers: must have 1 to 128 characters, has 0",
            () -> OPTIONS.withHeaders(Map.of("", "v"))),
        row(
            "headers: 'h' must have at most 8192 characters",
            () -> OPTIONS.withHeaders(Map.of("h", "v".repeat(8193)))),
        row(
            "timeout: PT0S must be between PT0.001S and PT8760H",
            () -> OPTIONS.withTimeout(Duration.ZERO)),
        row("max-attempts: 0 must be between 1 and 1000", () -> OPTIONS.withMaxAttempts(0)),
        row(
            "time-to-start: PT-1S must be between PT0.001S and PT87600H",
            () -> OPTIONS.withTimeToStart(Duration.ofSeconds(-1))),
        row(
            "job type: '' must be 1 to 128 characters of A-Z a-z 0-9 . _ -",
            () -> JobType.of("", Codec.string())),
        row(
            "queue: 'a b' must be 1 to 128 characters of A-Z a-z 0-9 . _ -",
            () -> JobType.of("mail", Codec.string()).on("a b")),
        row(
            "schedule: '"
                + "a".repeat(64)
                + "...' must be 1 to 128 characters of"
                + " A-Z a-z 0-9 . _ -",
            () -> Names.require("schedule", name)),
        row("job id: 'x' is not a UUID", () -> JobId.parse("x")),
        row("job id: '" + "z".repeat(36) + "' is not a UUID", () -> JobId.parse("z".repeat(36))),
        row(
            "job id: '" + "z".repeat(48) + "...' is not a UUID",
            () -> JobId.parse("z".repeat(1000))),
        row(
            "retry.after: PT-1S must be between 0 and 3650 days",
            () -> Outcome.retry(Duration.ofSeconds(-1), "")),
        row(
            "snooze.pause: " + FOR_EVER + " must be between 0 and 3650 days",
            () -> Outcome.snooze(FOR_EVER)));
  }

  static Stream<Arguments> contract() {
    return Stream.of(
        row(
            "claim: low 1 + normal 1 must fit in max 1",
            () -> new ClaimRequest("q", 1, 1, 1, Duration.ofSeconds(1))),
        row(
            "claim: low 0 + normal 0 must fit in max -1",
            () -> new ClaimRequest("q", -1, 0, 0, Duration.ofSeconds(1))),
        row("lease: PT0S must be positive", () -> new ClaimRequest("q", 1, 0, 0, Duration.ZERO)),
        row(
            "limits.batch: 0 must be at least 1",
            () -> Limits.exact("e", true, 0, 1, Duration.ZERO)),
        row(
            "limits.payload-bytes: 0 must be at least 1",
            () -> Limits.exact("e", true, 1, 0, Duration.ZERO)),
        row(
            "limits.delay: PT-1S must not be negative",
            () -> Limits.exact("e", true, 1, 1, Duration.ofSeconds(-1))),
        row("run-at-millis: -1 must be at least 0", () -> options(-1, 0, 0, 0)),
        row("expires-at-millis: -1 must be at least 0", () -> options(0, -1, 0, 0)),
        row("timeout-millis: -1 must be at least 0", () -> options(0, 0, -1, 0)),
        row("max-attempts: -1 must be at least 0", () -> options(0, 0, 0, -1)),
        row(
            "offers: 2 must be at most 1 in one call",
            () -> SMALL.requireBatch("offers", List.of(1, 2))),
        row("max: -1 must be at least 0", () -> Limits.requireMost(-1)),
        row("limit: 0 must be 1 to 1000", () -> Inspectable.requirePage(0)),
        row("limit: 1001 must be 1 to 1000", () -> Inspectable.requirePage(1001)));
  }

  private static JobOptions options(
      long runAtMillis, long expiresAtMillis, long timeoutMillis, int maxAttempts) {
    return new JobOptions(
        runAtMillis, null, Map.of(), expiresAtMillis, timeoutMillis, maxAttempts, null, null);
  }

  private static Map<String, String> headers(int count) {
    Map<String, String> headers = new HashMap<>();
    for (int i = 0; i < count; i++) {
      headers.put("h" + i, "");
    }
    return headers;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"policies", "jobs", "contract"})
  void isToldInOneSentence(String sentence, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(sentence);
  }
}
