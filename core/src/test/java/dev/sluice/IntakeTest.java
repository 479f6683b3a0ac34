package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Limits;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

final class IntakeTest {
  private static final long NOW = 1_000_000;
  private static final JobType<String> MAIL = JobType.of("mail", Codec.string());
  private static final Limits LIMITS = Limits.exact("small", false, 10, 4, Duration.ofMinutes(15));

  private static Job job(EnqueueOptions options, QueuePolicy policy, String payload) {
    QueueRuntime queue = new QueueRuntime("default", policy, Delivery.byType(), 0);
    return Intake.job(
        new JobId(1, 2), queue, new NewJob<>(MAIL, payload, options), NOW, OfferOnly.none(LIMITS));
  }

  private static JobOptions options(EnqueueOptions options) {
    return job(options, QueuePolicy.defaults(), "x").options();
  }

  @Test
  void aJobWithoutOptionsSharesTheOneObjectForNone() {
    assertThat(options(EnqueueOptions.defaults())).isSameAs(JobOptions.NONE);
  }

  @Test
  void everyOptionArrives() {
    EnqueueOptions all =
        EnqueueOptions.defaults()
            .withDelay(Duration.ofSeconds(3))
            .withKey("k")
            .withHeaders(Map.of("a", "b"))
            .withTimeout(Duration.ofSeconds(4))
            .withMaxAttempts(5)
            .withTimeToStart(Duration.ofSeconds(6));
    assertThat(options(all))
        .isEqualTo(
            new JobOptions(NOW + 3_000, "k", Map.of("a", "b"), NOW + 9_000, 4_000, 5, null, null));
  }

  @Test
  void theQueuesTimeToStartHoldsUnlessTheJobHasItsOwn() {
    QueuePolicy policy = QueuePolicy.defaults().withTimeToStart(Duration.ofSeconds(1));
    EnqueueOptions own = EnqueueOptions.defaults().withTimeToStart(Duration.ofSeconds(2));
    assertThat(job(EnqueueOptions.defaults(), policy, "x").options().expiresAtMillis())
        .isEqualTo(NOW + 1_000);
    assertThat(job(own, policy, "x").options().expiresAtMillis()).isEqualTo(NOW + 2_000);
  }

  @Test
  void timeToStartCountsFromWhenTheJobMayStart() {
    EnqueueOptions base = EnqueueOptions.defaults().withTimeToStart(Duration.ofSeconds(1));
    assertThat(options(base.withRunAt(Instant.ofEpochMilli(5))).expiresAtMillis())
        .isEqualTo(NOW + 1_000);
    assertThat(options(base.withRunAt(Instant.ofEpochMilli(NOW + 7))).expiresAtMillis())
        .isEqualTo(NOW + 1_007);
  }

  @Test
  void whatTheEngineCannotHoldIsRefusedInASentence() {
    assertThatThrownBy(() -> job(EnqueueOptions.defaults(), QueuePolicy.defaults(), "12345"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("payload: 5 bytes must be at most 4 for the engine 'small'");
    assertThatThrownBy(() -> options(EnqueueOptions.defaults().withDelay(Duration.ofMinutes(16))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "run-at: 1970-01-01T00:32:40Z must be at most PT15M from now for the engine 'small'");
  }

  @Test
  void whatTheEngineWouldIgnoreIsRefusedInASentence() {
    Limits plain =
        new Limits(
            "plain",
            true,
            false,
            false,
            false,
            false,
            false,
            Limits.Keys.REFUSED,
            10,
            4,
            Duration.ZERO,
            Duration.ofHours(12));
    QueueRuntime queue = new QueueRuntime("default", QueuePolicy.defaults(), Delivery.byType(), 0);
    EnqueueOptions base = EnqueueOptions.defaults();
    assertThatThrownBy(() -> intake(queue, base.withPriority(Priority.HIGH), plain))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("priority: HIGH must be NORMAL for the engine 'plain'");
    assertThatThrownBy(() -> intake(queue, base.withKey("k"), plain))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "key: 'k' must not be set, it would make nothing unique for the engine 'plain'");
    assertThat(intake(queue, base, plain).priority()).isEqualTo(Priority.NORMAL);
  }

  private static Job intake(QueueRuntime queue, EnqueueOptions options, Limits limits) {
    return Intake.job(
        new JobId(1, 2), queue, new NewJob<>(MAIL, "x", options), NOW, OfferOnly.none(limits));
  }

  @Test
  void aCodecThatFailsIsToldWithTheTypesName() {
    assertThatThrownBy(() ->
            encode(_ -> {
              throw new IllegalStateException("no");
            }))
        .isInstanceOf(CodecException.class)
        .hasMessage(
            "the payload of a 'odd' job cannot be encoded: java.lang.IllegalStateException: no");
    CodecException own = new CodecException("my own words");
    assertThatThrownBy(() ->
            encode(_ -> {
              throw own;
            }))
        .isSameAs(own);
  }

  @Test
  @SuppressWarnings("NullAway") // What a codec compiled without null checks can do.
  void aCodecThatMakesNothingIsToldSo() {
    assertThatThrownBy(() -> encode(_ -> null))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining("the codec made no bytes");
  }

  private static void encode(Function<String, byte[]> encoder) {
    JobType<String> odd = JobType.of("odd", Codec.of(encoder, _ -> ""));
    QueueRuntime queue = new QueueRuntime("default", QueuePolicy.defaults(), Delivery.byType(), 0);
    Intake.job(new JobId(1, 2), queue, NewJob.of(odd, "x"), NOW, OfferOnly.none(LIMITS));
  }
}
