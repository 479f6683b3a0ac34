package dev.sluice.server;

import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// The answer lines of one batch, as bytes. Written by hand: there are hundreds of thousands each
/// second.
///
/// Threading: confined to one thread.
final class BulkAnswers {
  private static final byte[] ID = ascii("{\"id\":\"");
  private static final byte[] READY = ascii("\",\"state\":\"READY\"}\n");
  private static final byte[] SCHEDULED = ascii("\",\"state\":\"SCHEDULED\"}\n");
  private static final byte[] DUPLICATE = ascii("\",\"duplicate\":true}\n");
  private static final byte[] HEX = ascii("0123456789abcdef");

  private byte[] bytes = new byte[64 << 10];
  private int length;

  void accepted(JobId id, boolean scheduled) {
    id(id);
    put(scheduled ? SCHEDULED : READY);
  }

  void duplicate(JobId id) {
    id(id);
    put(DUPLICATE);
  }

  void refused(long line, Admission.Reason reason, Optional<Duration> retryAfter) {
    put(
        ascii(
            "{\"error\":{\"line\":"
                + line
                + ",\"status\":503,\"reason\":\""
                + EnqueueRoutes.word(reason)
                + "\",\"detail\":\""
                + reason.sentence()
                + "\""
                + retryAfter.map(time -> ",\"retryAfterMs\":" + time.toMillis()).orElse("")
                + "}}\n"));
  }

  void problem(long line, Problem problem, JsonMapper mapper) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("line", line);
    error.put("status", problem.status().code());
    error.put("reason", problem.reason());
    error.put("detail", problem.detail());
    if (problem.more().get("errors") instanceof List<?> errors
        && errors.getFirst() instanceof Map<?, ?> first) {
      error.put("pointer", first.get("pointer"));
    }
    if (problem.more().containsKey("id")) {
      error.put("id", problem.more().get("id"));
    }
    problem.retryAfterMillis().ifPresent(millis -> error.put(Problem.RETRY_AFTER, millis));
    put(mapper.writeValueAsBytes(Map.of("error", error)));
    room(1);
    bytes[length++] = '\n';
  }

  /// Writes them, and begins anew.
  void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, length);
    length = 0;
  }

  private void id(JobId id) {
    put(ID);
    room(36);
    hex(id.high(), 60, 8);
    bytes[length++] = '-';
    hex(id.high(), 28, 4);
    bytes[length++] = '-';
    hex(id.high(), 12, 4);
    bytes[length++] = '-';
    hex(id.low(), 60, 4);
    bytes[length++] = '-';
    hex(id.low(), 44, 12);
  }

  private void hex(long value, int shift, int digits) {
    for (int i = 0; i < digits; i++) {
      bytes[length++] = HEX[(int) (value >>> (shift - 4 * i)) & 0xF];
    }
  }

  private void put(byte[] more) {
    room(more.length);
    System.arraycopy(more, 0, bytes, length, more.length);
    length += more.length;
  }

  private void room(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
