package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.impl.Frame;
import com.rabbitmq.client.impl.LongStringHelper;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.Messages.ForeignMessageException;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MessagesTest {
  private static final JobId ID = JobId.parse("01890a5d-ac96-774b-bcce-b302099a8057");

  private static Job job(Priority priority, JobOptions options) {
    return new Job(ID, "mail", "welcome", new byte[] {1, 2}, priority, 1_700_000_000_123L, options);
  }

  private static Envelope back(Envelope envelope) throws ForeignMessageException {
    return Messages.decode("mail", Messages.encode(envelope, 0), Messages.body(envelope.job()));
  }

  @Test
  void aPlainJobHasTwoHeaders() throws ForeignMessageException {
    Envelope envelope = Envelope.of(job(Priority.NORMAL, JobOptions.NONE));

    assertThat(Messages.encode(envelope, 0).getHeaders()).hasSize(2);
    assertThat(back(envelope)).isEqualTo(envelope);
    assertThat(back(envelope).job().options()).isSameAs(JobOptions.NONE);
  }

  @Test
  void aHeaderNameThatIsTooLongForAmqpTravelsBehindThePayload() throws ForeignMessageException {
    JobOptions options = new JobOptions(0, null, Map.of("漢".repeat(86), "v"), 0, 0, 0, null, null);
    Envelope envelope = Envelope.of(job(Priority.NORMAL, options));

    Envelope came = back(envelope);

    assertThat(Messages.encode(envelope, 0).getHeaders()).containsKey("trailer");
    assertThat(came.job().options()).isEqualTo(options);
    assertThat(came.job().payload()).isEqualTo(envelope.job().payload());
  }

  @Test
  void whatIsTooLargeWithItsHeadersIsRefused() {
    JobOptions heavy =
        new JobOptions(0, null, Map.of("a", "v".repeat(70_000)), 0, 0, 0, null, null);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> Messages.requireFits(job(Priority.NORMAL, heavy), 70_000))
        .withMessageStartingWith("payload: 2 bytes become a message of 700")
        .withMessageEndingWith("which must be at most 70000 for the engine 'rabbitmq'");
    Messages.requireFits(job(Priority.NORMAL, heavy), 71_000);
  }

  @Test
  void everythingComesBack() throws ForeignMessageException {
    AttemptRecord last =
        new AttemptRecord(
            3,
            AttemptOutcome.TIMED_OUT,
            "too slow",
            Instant.ofEpochMilli(5),
            Instant.ofEpochMilli(9));
    JobOptions options = new JobOptions(1, "k", Map.of("a", "b", "", ""), 2, 3, 4, "g", "b");
    Envelope envelope =
        new Envelope(
            job(Priority.LOW, options),
            3,
            2,
            9,
            1,
            last,
            new Envelope.Death(DeathReason.POISON, 77));

    Envelope came = back(envelope);

    assertThat(came).isEqualTo(envelope);
    assertThat(came.job().options()).isEqualTo(options);
    assertThat(came.job().priority()).isEqualTo(Priority.LOW);
    assertThat(came.job().payload()).containsExactly(1, 2);
    assertThat(came.job().createdAtMillis()).isEqualTo(1_700_000_000_123L);
  }

  @Test
  void headersThatAreTooLargeForAFrameTravelBehindThePayload() throws ForeignMessageException {
    Map<String, String> headers = new HashMap<>();
    for (int i = 0; i < 64; i++) {
      headers.put("header-" + i, "ü".repeat(8_192));
    }
    JobOptions options = new JobOptions(0, "k", headers, 0, 0, 0, null, null);
    Envelope envelope = Envelope.of(job(Priority.NORMAL, options));

    Envelope came = back(envelope);

    assertThat(Messages.encode(envelope, 0).getHeaders()).doesNotContainKey("headers");
    assertThat(came.job().options()).isEqualTo(options);
    assertThat(came.job().payload()).containsExactly(1, 2);
  }

  @Test
  void errorsAreCut() throws ForeignMessageException {
    AttemptRecord last =
        new AttemptRecord(
            1, AttemptOutcome.FAILED, "e".repeat(100_000), Instant.EPOCH, Instant.EPOCH);
    Envelope envelope =
        Envelope.of(job(Priority.NORMAL, JobOptions.NONE)).claimed(1).after(1, false, last);

    assertThat(back(envelope).last())
        .isNotNull()
        .extracting(AttemptRecord::error)
        .asString()
        .hasSize(Messages.MAX_ERROR);
  }

  @Test
  void redeliveriesCountAsClaimsThatCrashed() throws ForeignMessageException {
    Envelope envelope = new Envelope(job(Priority.NORMAL, JobOptions.NONE), 2, 1, 5, 0, null, null);
    Map<String, Object> headers = new HashMap<>(Messages.encode(envelope, 0).getHeaders());
    headers.put("x-delivery-count", 2L);
    BasicProperties properties = Messages.encode(envelope, 0).builder().headers(headers).build();

    Envelope came = Messages.decode("mail", properties, new byte[0]);

    assertThat(came.attempt()).isEqualTo(4);
    assertThat(came.crashes()).isEqualTo(3);
    assertThat(came.epoch()).isEqualTo(7);
    assertThat(Messages.decodeUncounted("mail", properties, new byte[0])).isEqualTo(envelope);
  }

  @Test
  void foreignMessagesSayWhy() {
    BasicProperties plain = Messages.encode(Envelope.of(job(Priority.NORMAL, JobOptions.NONE)), 0);

    foreign(new BasicProperties(), "no header 'sluice'");
    foreign(plain.builder().headers(Map.of("sluice", 2)).build(), "format");
    foreign(plain.builder().headers(Map.of("sluice", "one")).build(), "format");
    foreign(plain.builder().messageId("x").build(), "UUID");
    foreign(plain.builder().messageId(null).build(), "cannot be read");
    foreign(plain.builder().type(null).build(), "type");
    foreign(plain.builder().headers(Map.of("sluice", 1, "priority", "SOON")).build(), "read");
    foreign(plain.builder().headers(Map.of("sluice", 1, "attempt", 1L << 40)).build(), "read");
    foreign(plain.builder().headers(Map.of("sluice", 1, "attempt", "one")).build(), "number");
    foreign(plain.builder().headers(Map.of("sluice", 1, "timeout", -1)).build(), "timeout");
    foreign(plain.builder().headers(Map.of("sluice", 1, "trailer", 99)).build(), "trailer");
    foreign(plain.builder().headers(Map.of("sluice", 1, "last", Map.of())).build(), "read");
  }

  @Test
  void whatIsRejectedIsCutToWhatFits() throws IOException {
    Map<String, Object> headers = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      headers.put("large-" + i, LongStringHelper.asLongString("€".repeat(10_000)));
      headers.put("small-" + i, i);
    }
    headers.put("\uFFFD".repeat(200), 1);
    BasicProperties foreign =
        new BasicProperties.Builder()
            .type("\uFFFD".repeat(200))
            .appId("app")
            .headers(headers)
            .expiration("1000")
            .build();

    BasicProperties rejected = Messages.rejected(foreign, "x".repeat(100_000));

    assertThat(Frame.tableSize(rejected.getHeaders())).isLessThan(70_000);
    assertThat((Map<?, ?>) rejected.getHeaders().get("headers"))
        .hasSize(200)
        .anySatisfy((name, value) -> {
          assertThat(name).isEqualTo("large-7");
          assertThat(value.toString()).startsWith("€€€€");
        })
        .anySatisfy((_, value) -> assertThat(value).isEqualTo(7));
    assertThat(rejected.getType()).isNull();
    assertThat(rejected.getAppId()).isEqualTo("app");
    assertThat(rejected.getExpiration()).isNull();
  }

  private static void foreign(BasicProperties properties, String reason) {
    assertThatExceptionOfType(ForeignMessageException.class)
        .isThrownBy(() -> Messages.decode("mail", properties, new byte[] {0, 0, 0, 1}))
        .withMessageContaining(reason);
  }
}
