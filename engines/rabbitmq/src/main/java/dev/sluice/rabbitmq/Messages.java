package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.LongString;
import com.rabbitmq.client.impl.Frame;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a job looks like as a message, format 1: the body is the payload, `message-id` and `type`
/// are the job's, everything else is a header. What is not set is not written, so a plain job has
/// two headers.
///
/// | Header | Holds |
/// |---|---|
/// | `sluice` | the format, 1 |
/// | `created` | when it was handed over, Unix ms |
/// | `priority` | `HIGH` or `LOW`; without it NORMAL |
/// | `run-at`, `expires-at`, `timeout`, `max-attempts`, `key`, `group`, `batch` | options |
/// | `headers` | the job's own headers, a table |
/// | `trailer` | so many bytes at the end of the body are not payload but the job's headers, because they, or a name of one, are too large for the place above |
/// | `attempt`, `crashes`, `epoch`, `parked` | its life before this message |
/// | `last` | the newest attempt that did not succeed, a table |
/// | `death`, `died` | why and when it died |
///
/// Threading: all static, without state.
final class Messages {
  /// Longest text of an error that travels with a job, in characters.
  static final int MAX_ERROR = 4096;

  /// Headers of more bytes travel behind the payload. A message's header goes as one frame, of 128
  /// KiB by default, and what is written here beside them needs room as well.
  static final int MAX_HEADER_BYTES = 64 << 10;

  /// Longest reason why a message is none of Sluice's, in characters: it may quote from it.
  private static final int MAX_REASON = 1_024;

  private static final int MAX_NAME_BYTES = 255;
  private static final int FORMAT = 1;
  private static final int PERSISTENT = 2;

  private static final String DUE = "due";

  private Messages() {}

  /// A message that Sluice did not write, or not in a format that is known here.
  static final class ForeignMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    ForeignMessageException(String message) {
      super(message);
    }
  }

  /// @param dueMillis when its time comes, Unix milliseconds; 0 for at once
  static BasicProperties encode(Envelope envelope, long dueMillis) {
    Job job = envelope.job();
    Map<String, Object> headers = new HashMap<>(4);
    headers.put("sluice", FORMAT);
    headers.put("created", job.createdAtMillis());
    if (job.priority() != Priority.NORMAL) {
      headers.put("priority", job.priority().name());
    }
    if (!job.options().equals(JobOptions.NONE)) {
      putOptions(headers, job.options());
      if (needsTrailer(job.options())) {
        headers.put("trailer", Trailer.length(job.options().headers()));
      } else if (!job.options().headers().isEmpty()) {
        headers.put("headers", job.options().headers());
      }
    }
    put(headers, DUE, dueMillis);
    put(headers, "attempt", envelope.attempt());
    put(headers, "crashes", envelope.crashes());
    put(headers, "epoch", envelope.epoch());
    put(headers, "parked", envelope.parked());
    if (envelope.last() != null) {
      headers.put("last", record(envelope.last()));
    }
    if (envelope.death() != null) {
      headers.put("death", envelope.death().reason().name());
      headers.put("died", envelope.death().atMillis());
    }
    return properties(headers, job.id().toString(), job.type());
  }

  /// When the time of a delayed message comes, Unix milliseconds; 0 when it does not say so.
  static long dueMillis(BasicProperties properties) {
    Map<String, Object> headers = properties.getHeaders();
    return headers == null ? 0 : number(headers, DUE);
  }

  private static boolean needsTrailer(JobOptions options) {
    return options.bytes() > MAX_HEADER_BYTES
        || options.headers().keySet().stream().anyMatch(Messages::isLong);
  }

  /// Whether a name is longer than AMQP 0-9-1 lets the name of a field be.
  private static boolean isLong(String name) {
    // No character takes more than three bytes of UTF-8, of those that a String counts.
    return name.length() > MAX_NAME_BYTES / 3
        && name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES;
  }

  /// Checks that a job's message is no larger than brokers take.
  ///
  /// @throws IllegalArgumentException when it is
  static void requireFits(Job job, int maxBytes) {
    int bytes =
        job.payload().length
            + (needsTrailer(job.options()) ? Trailer.length(job.options().headers()) : 0);
    if (bytes > maxBytes) {
      throw new IllegalArgumentException(
          "payload: "
              + job.payload().length
              + " bytes become a message of "
              + bytes
              + " bytes with headers, which must be at most "
              + maxBytes
              + " for the engine 'rabbitmq'");
    }
  }

  /// The body of a message: the payload, and what was too large for the header.
  static byte[] body(Job job) {
    return needsTrailer(job.options())
        ? Trailer.append(job.payload(), job.options().headers())
        : job.payload();
  }

  private static BasicProperties properties(
      Map<String, Object> headers, @Nullable String id, @Nullable String type) {
    return new BasicProperties.Builder()
        .deliveryMode(PERSISTENT)
        .messageId(id)
        .type(type)
        .headers(headers)
        .build();
  }

  /// The properties of a message that cannot be read, on its way to the dead: what it says of
  /// itself, why, and its headers in a table of their own. There the broker does not read them: as
  /// headers some would lead it elsewhere, to `CC` among them.
  static BasicProperties rejected(BasicProperties foreign, String reason) {
    Map<String, Object> headers = new HashMap<>();
    headers.put("sluice-rejected", cut(reason, MAX_REASON));
    if (foreign.getHeaders() != null) {
      headers.put("headers", cut(foreign.getHeaders()));
    }
    return new BasicProperties.Builder()
        .deliveryMode(PERSISTENT)
        .contentType(shortOrNone(foreign.getContentType()))
        .contentEncoding(shortOrNone(foreign.getContentEncoding()))
        .correlationId(shortOrNone(foreign.getCorrelationId()))
        .messageId(shortOrNone(foreign.getMessageId()))
        .timestamp(foreign.getTimestamp())
        .type(shortOrNone(foreign.getType()))
        .appId(shortOrNone(foreign.getAppId()))
        .headers(headers)
        .build();
  }

  /// What was no UTF-8 is longer than it was when it came.
  private static @Nullable String shortOrNone(@Nullable String text) {
    return text == null || isLong(text) ? null : text;
  }

  /// Headers as they came, as far as they fit in one frame beside the others: of values that are
  /// larger than their share only the beginning is kept.
  private static Map<String, Object> cut(Map<String, Object> foreign) {
    if (size(foreign) <= MAX_HEADER_BYTES
        && foreign.keySet().stream().noneMatch(Messages::isLong)) {
      return foreign;
    }
    int left = MAX_HEADER_BYTES;
    List<String> names = new ArrayList<>();
    for (String name : foreign.keySet()) {
      int bytes = size(Map.of(name, ""));
      if (!isLong(name) && bytes <= left) {
        names.add(name);
        left -= bytes;
      }
    }
    int share = names.isEmpty() ? 0 : left / names.size();
    Map<String, Object> kept = new HashMap<>();
    for (String name : names) {
      Object value = foreign.get(name);
      if (size(Collections.singletonMap("", value)) > share) {
        // No character takes more than three bytes of UTF-8, of those that a String counts.
        value = cut(value instanceof LongString text ? text.toString() : "", share / 3);
      }
      kept.put(name, value);
    }
    return kept;
  }

  private static void putOptions(Map<String, Object> headers, JobOptions options) {
    put(headers, "run-at", options.runAtMillis());
    put(headers, "expires-at", options.expiresAtMillis());
    put(headers, "timeout", options.timeoutMillis());
    put(headers, "max-attempts", options.maxAttempts());
    put(headers, "key", options.key());
    put(headers, "group", options.group());
    put(headers, "batch", options.batch());
  }

  private static void put(Map<String, Object> headers, String name, long value) {
    if (value != 0) {
      headers.put(name, value);
    }
  }

  private static void put(Map<String, Object> headers, String name, @Nullable String value) {
    if (value != null) {
      headers.put(name, value);
    }
  }

  private static Map<String, Object> record(AttemptRecord attempt) {
    Map<String, Object> table = new HashMap<>();
    table.put("attempt", (long) attempt.attempt());
    table.put("outcome", attempt.outcome().name());
    String error = attempt.error();
    put(table, "error", error == null ? null : cut(error, MAX_ERROR));
    table.put("started", attempt.startedAt().toEpochMilli());
    table.put("ended", attempt.endedAt().toEpochMilli());
    return table;
  }

  private static int size(Map<String, Object> table) {
    try {
      return Math.toIntExact(Frame.tableSize(table));
    } catch (UnsupportedEncodingException noUtf8) {
      throw new IllegalStateException(noUtf8);
    }
  }

  private static String cut(String text, int most) {
    return text.length() <= most ? text : text.substring(0, most);
  }

  /// Reads a message of the queue `queue`.
  ///
  /// @throws ForeignMessageException with the reason, when it is none of Sluice's
  static Envelope decode(String queue, BasicProperties properties, byte[] body)
      throws ForeignMessageException {
    Envelope envelope = decodeUncounted(queue, properties, body);
    Object count = properties.getHeaders().get("x-delivery-count");
    return count instanceof Number times ? envelope.redelivered(times.intValue()) : envelope;
  }

  /// As [#decode], but leaves aside how often the broker gave the message out.
  static Envelope decodeUncounted(String queue, BasicProperties properties, byte[] body)
      throws ForeignMessageException {
    Map<String, Object> headers = properties.getHeaders();
    if (headers == null || !headers.containsKey("sluice")) {
      throw new ForeignMessageException("it has no header 'sluice'");
    }
    if (!(headers.get("sluice") instanceof Number format) || format.intValue() != FORMAT) {
      throw new ForeignMessageException("its format is not " + FORMAT);
    }
    try {
      return envelope(queue, properties, headers, body);
    } catch (IllegalArgumentException | NullPointerException | ArithmeticException broken) {
      throw new ForeignMessageException("a header of it cannot be read: " + broken.getMessage());
    }
  }

  private static Envelope envelope(
      String queue, BasicProperties properties, Map<String, Object> headers, byte[] body) {
    String type = properties.getType();
    if (type == null) {
      throw new IllegalArgumentException("type: must be set");
    }
    String priority = text(headers, "priority");
    int trailer = Math.toIntExact(number(headers, "trailer"));
    Job job =
        new Job(
            JobId.parse(properties.getMessageId()),
            queue,
            type,
            trailer == 0 ? body : Trailer.payload(body, trailer),
            priority == null ? Priority.NORMAL : Priority.valueOf(priority),
            number(headers, "created"),
            options(headers, trailer == 0 ? Map.of() : Trailer.headers(body, trailer)));
    String death = text(headers, "death");
    return new Envelope(
        job,
        Math.toIntExact(number(headers, "attempt")),
        Math.toIntExact(number(headers, "crashes")),
        number(headers, "epoch"),
        Math.toIntExact(number(headers, "parked")),
        headers.get("last") instanceof Map<?, ?> table ? record(table) : null,
        death == null
            ? null
            : new Envelope.Death(DeathReason.valueOf(death), number(headers, "died")));
  }

  private static JobOptions options(Map<String, Object> headers, Map<String, String> fromTrailer) {
    // With nothing but the two headers that every job has.
    if (headers.size() == 2 && headers.containsKey("created")) {
      return JobOptions.NONE;
    }
    JobOptions options =
        new JobOptions(
            number(headers, "run-at"),
            text(headers, "key"),
            headers.get("headers") instanceof Map<?, ?> table ? texts(table) : fromTrailer,
            number(headers, "expires-at"),
            number(headers, "timeout"),
            Math.toIntExact(number(headers, "max-attempts")),
            text(headers, "group"),
            text(headers, "batch"));
    return options.equals(JobOptions.NONE) ? JobOptions.NONE : options;
  }

  private static AttemptRecord record(Map<?, ?> table) {
    String outcome = text(table, "outcome");
    return new AttemptRecord(
        Math.toIntExact(number(table, "attempt")),
        AttemptOutcome.valueOf(outcome == null ? "" : outcome),
        text(table, "error"),
        Instant.ofEpochMilli(number(table, "started")),
        Instant.ofEpochMilli(number(table, "ended")));
  }

  private static Map<String, String> texts(Map<?, ?> table) {
    Map<String, String> texts = new HashMap<>();
    for (Object name : table.keySet()) {
      String value = text(table, name.toString());
      texts.put(name.toString(), value == null ? "" : value);
    }
    return texts;
  }

  private static @Nullable String text(Map<?, ?> table, String name) {
    Object value = table.get(name);
    return switch (value) {
      case null -> null;
      case LongString text -> text.toString();
      case String text -> text;
      default -> throw new IllegalArgumentException(name + ": must be a text");
    };
  }

  private static long number(Map<?, ?> table, String name) {
    Object value = table.get(name);
    return switch (value) {
      case null -> 0;
      case Number number -> number.longValue();
      default -> throw new IllegalArgumentException(name + ": must be a number");
    };
  }
}
