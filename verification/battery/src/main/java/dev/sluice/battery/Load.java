package dev.sluice.battery;

import dev.sluice.Codec;
import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.RetryPolicy;
import dev.sluice.engine.Retention;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/// What the victims work on: one queue, one job type, and payloads that carry their own checksum.
///
/// Threading: immutable.
final class Load {
  static final String QUEUE = "battery";
  static final int CAPACITY = 500;
  static final int CONCURRENCY = 8;
  static final int MAX_ATTEMPTS = 4;
  static final JobType<String> WORK = new JobType<>("work", Codec.string(), QUEUE);

  private static final int SUM_DIGITS = 8;
  private static final int MAX_FILLER = 400;
  private static final Retention.Keep FOR_EVER =
      new Retention.Keep(Duration.ofDays(3650), Long.MAX_VALUE, Long.MAX_VALUE);

  private Load() {}

  /// Retries come soon, so that a drain is short; nothing that ended is ever deleted.
  static QueuePolicy policy() {
    return QueuePolicy.defaults()
        .withCapacity(CAPACITY)
        .withConcurrency(CONCURRENCY)
        .withRetry(
            RetryPolicy.defaults()
                .withMaxAttempts(MAX_ATTEMPTS)
                .withDelay(Duration.ofMillis(20))
                .withMaxDelay(Duration.ofMillis(200)))
        .withRetention(new Retention(FOR_EVER, FOR_EVER));
  }

  /// A payload of random length.
  static String payload(RandomGenerator random) {
    String text = Long.toHexString(random.nextLong()) + ".".repeat(random.nextInt(MAX_FILLER));
    return sum(text) + text;
  }

  /// Whether a payload is whole.
  static boolean isWhole(String payload) {
    return payload.length() > SUM_DIGITS
        && payload.substring(0, SUM_DIGITS).equals(sum(payload.substring(SUM_DIGITS)));
  }

  private static String sum(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return String.format("%08x", crc.getValue());
  }
}
