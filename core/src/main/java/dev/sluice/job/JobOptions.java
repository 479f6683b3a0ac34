package dev.sluice.job;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The parts of a job that most jobs do without. Millisecond values of 0 mean "not set".
///
/// Threading: immutable.
///
/// @param runAtMillis not before this wall-clock time, Unix milliseconds; 0 for at once
/// @param key idempotency key, unique in its queue while the first job of that key is kept
/// @param headers free text that travels with the job, trace context among it
/// @param expiresAtMillis not started after this wall-clock time, Unix milliseconds; 0 for never
/// @param timeoutMillis the longest one attempt may run; 0 for the queue's own
/// @param maxAttempts attempts before the job is dead; 0 for the queue's own
/// @param group jobs of one group belong together; stored, and not yet acted on
/// @param batch the batch the job is part of; stored, and not yet acted on
public record JobOptions(
    long runAtMillis,
    @Nullable String key,
    Map<String, String> headers,
    long expiresAtMillis,
    long timeoutMillis,
    int maxAttempts,
    @Nullable String group,
    @Nullable String batch) {

  /// No option set: the job of nearly every enqueue, shared so that it costs nothing.
  public static final JobOptions NONE = new JobOptions(0, null, Map.of(), 0, 0, 0, null, null);

  private static final int HEADER_BYTES = 8;

  public JobOptions {
    headers = copyOfHeaders(headers);
    requireNotNegative("run-at-millis", runAtMillis);
    requireNotNegative("expires-at-millis", expiresAtMillis);
    requireNotNegative("timeout-millis", timeoutMillis);
    requireNotNegative("max-attempts", maxAttempts);
  }

  private static void requireNotNegative(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + ": " + value + " must be at least 0");
    }
  }

  /// Returns a copy that nobody can change.
  public static Map<String, String> copyOfHeaders(Map<String, String> headers) {
    Objects.requireNonNull(headers, "headers: must not be null");
    headers.forEach((name, value) -> {
      Objects.requireNonNull(name, "headers: a name must not be null");
      Objects.requireNonNull(value, "headers: a value must not be null");
    });
    return Map.copyOf(headers);
  }

  /// What key and headers add to the size of a job: their UTF-8, and 8 bytes more for each header.
  public int bytes() {
    int bytes = key == null ? 0 : utf8(key);
    if (headers.isEmpty()) {
      return bytes;
    }
    for (Map.Entry<String, String> header : headers.entrySet()) {
      bytes += HEADER_BYTES + utf8(header.getKey()) + utf8(header.getValue());
    }
    return bytes;
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
