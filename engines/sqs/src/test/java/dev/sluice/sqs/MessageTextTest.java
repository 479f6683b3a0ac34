package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The format of messages.
final class MessageTextTest {

  private static Envelope envelope(byte[] payload, JobOptions options) {
    Job job =
        new Job(Desk.newId(), "mail", "welcome-email", payload, Priority.NORMAL, 1_700, options);
    return new Envelope(
        job,
        5_000,
        3,
        1,
        7,
        2,
        new AttemptRecord(
            3,
            AttemptOutcome.FAILED,
            "Grüße & 100% = ☃",
            Instant.ofEpochMilli(1),
            Instant.ofEpochMilli(2)),
        DeathReason.EXHAUSTED,
        9_000);
  }

  private static Envelope there(Envelope envelope) throws Exception {
    MessageText.Parts parts = MessageText.write(envelope);
    return MessageText.read("mail", parts.body(), parts.meta(), parts.trace());
  }

  @Test
  void everythingComesBack() throws Exception {
    JobOptions options =
        new JobOptions(
            5_000,
            "order/1 & 2=3",
            Map.of("traceparent", "00-abc-def-01", "a b", "ü=&%", "empty", ""),
            6_000,
            7_000,
            8,
            "group",
            "batch");
    Envelope sent = envelope("{\"to\":\"ü\"}".getBytes(StandardCharsets.UTF_8), options);
    Envelope back = there(sent);

    assertThat(back).usingRecursiveComparison().isEqualTo(sent);
    assertThat(back.job().options()).isEqualTo(options);
    assertThat(MessageText.write(sent).trace()).isEqualTo("00-abc-def-01");
    assertThat(MessageText.write(sent).body()).isEqualTo("{\"to\":\"ü\"}");
  }

  @Test
  void anyBytesComeBack() throws Exception {
    Random random = new Random(7);
    for (int n = 0; n < 2_000; n++) {
      byte[] payload = new byte[random.nextInt(40)];
      random.nextBytes(payload);
      if (n % 2 == 0) {
        for (int i = 0; i < payload.length; i++) {
          payload[i] &= 0x7f;
        }
      }
      assertThat(there(envelope(payload, JobOptions.NONE)).job().payload()).isEqualTo(payload);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "\u0000", "\uFFFE", "\uFFFF", "a\u0007b", "\t\r\n", "😀", "\u0085"})
  void textThatSqsDoesNotTakeIsBase64(String text) throws Exception {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    Envelope envelope = envelope(payload, JobOptions.NONE);

    assertThat(there(envelope).job().payload()).isEqualTo(payload);
    assertThat(MessageText.write(envelope).body())
        .matches("[\\t\\n\\r\\x{20}-\\x{D7FF}\\x{E000}-\\x{FFFD}\\x{10000}-\\x{10FFFF}]+");
  }

  @Test
  void theSizeIsThatOfTheUtf8() {
    for (String text : new String[] {"", "abc", "äö", "☃", "😀", "a😀☃ä"}) {
      assertThat(MessageText.utf8Length(text))
          .isEqualTo(text.getBytes(StandardCharsets.UTF_8).length);
    }
  }

  @Test
  void aLongErrorIsCut() throws Exception {
    Envelope envelope = envelope(new byte[0], JobOptions.NONE);
    AttemptRecord last =
        new AttemptRecord(
            1, AttemptOutcome.FAILED, "☃😀".repeat(5_000), Instant.EPOCH, Instant.EPOCH);
    Envelope cut = there(new Envelope(envelope.job(), 0, 1, 0, 1, 0, last, null, 0));

    assertThat(cut.last()).isNotNull();
    assertThat(cut.last().error()).startsWith("☃😀☃").endsWith("...").hasSizeLessThan(1_024);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "x", "v=2&id=1", "v=1", "v=1&id=5", "v=%zz", "v=1&id=&t=&p=&body="})
  void whatIsNotOursIsSaidToBe(String meta) {
    assertThatExceptionOfType(MessageText.UnreadableException.class)
        .isThrownBy(() -> MessageText.read("mail", "secret", meta, null))
        .satisfies(thrown -> assertThat(thrown.getMessage()).doesNotContain("secret"));
  }
}
