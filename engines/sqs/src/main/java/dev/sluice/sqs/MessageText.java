package dev.sluice.sqs;

import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The format of a message, version 1.
///
/// The body is the payload as it is when it is text that SQS allows, else its Base64. All else is
/// in one message attribute, `sluice`: `name=value` pairs, joined by `&` and percent-encoded, so
/// that it is ASCII whatever it says. A usual `traceparent` header is an attribute of its own,
/// where other tools find it.
///
/// Threading: immutable, no state.
final class MessageText {
  /// The attribute with everything but the payload.
  static final String ATTRIBUTE = "sluice";

  static final String TRACE = "traceparent";

  private static final String VERSION = "1";
  private static final String HEADER = "h.";
  private static final String TEXT = "text";
  private static final String NO_BODY = "-";
  private static final int LONGEST_TRACE = 128;
  private static final int LONGEST_ERROR = 1024;

  private MessageText() {}

  /// What a message consists of.
  ///
  /// @param body the message's body, never empty
  /// @param meta the attribute [#ATTRIBUTE]
  /// @param trace the attribute [#TRACE]; null for none
  record Parts(String body, String meta, @Nullable String trace) {
    /// What SQS counts: body, and name, type and value of each attribute.
    int bytes() {
      int bytes = utf8Length(body) + ATTRIBUTE.length() + "String".length() + meta.length();
      return trace == null ? bytes : bytes + TRACE.length() + "String".length() + trace.length();
    }
  }

  /// A message that is none of ours, or of a newer format.
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableException(String message) {
      super(message);
    }
  }

  static Parts write(Envelope envelope) {
    Job job = envelope.job();
    byte[] payload = job.payload();
    String text = payload.length == 0 ? NO_BODY : SqsText.decoded(payload);
    String body = text != null ? text : Base64.getEncoder().encodeToString(payload);
    String form = payload.length == 0 ? "empty" : text != null ? TEXT : "base64";
    String trace = job.options().headers().get(TRACE);
    if (trace != null && !isPlain(trace)) {
      trace = null;
    }
    return new Parts(body, meta(envelope, form, trace != null), trace);
  }

  private static String meta(Envelope envelope, String form, boolean traced) {
    Job job = envelope.job();
    JobOptions options = job.options();
    Pairs pairs = new Pairs();
    pairs.put("v", VERSION);
    pairs.put("id", job.id().toString());
    pairs.put("t", job.type());
    pairs.put("p", job.priority() == Priority.NORMAL ? null : job.priority().name());
    pairs.put("c", job.createdAtMillis());
    pairs.put("body", form.equals(TEXT) ? null : form);
    pairs.put("run", options.runAtMillis());
    pairs.put("key", options.key());
    pairs.put("expires", options.expiresAtMillis());
    pairs.put("timeout", options.timeoutMillis());
    pairs.put("max", options.maxAttempts());
    pairs.put("group", options.group());
    pairs.put("batch", options.batch());
    options
        .headers()
        .forEach((name, value) -> {
          if (!traced || !name.equals(TRACE)) {
            pairs.put(HEADER + name, value);
          }
        });
    pairs.put("due", envelope.dueMillis());
    pairs.put("attempt", envelope.attempt());
    pairs.put("crashes", envelope.crashes());
    pairs.put("epoch", envelope.epoch());
    pairs.put("parked", envelope.parked());
    AttemptRecord last = envelope.last();
    if (last != null) {
      pairs.put("last", last.attempt());
      pairs.put("outcome", last.outcome().name());
      pairs.put("started", last.startedAt().toEpochMilli());
      pairs.put("ended", last.endedAt().toEpochMilli());
      pairs.put("error", last.error() == null ? null : cut(last.error()));
    }
    DeathReason death = envelope.death();
    pairs.put("death", death == null ? null : death.name());
    pairs.put("died", envelope.diedMillis());
    return pairs.toString();
  }

  /// The error without its tail when it is long: a copy must not outgrow the limit of a message.
  private static String cut(String error) {
    String text = error;
    while (URLEncoder.encode(text, StandardCharsets.UTF_8).length() > LONGEST_ERROR) {
      int end = text.length() * 3 / 4;
      text = text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end);
    }
    return text.length() == error.length() ? error : text + "...";
  }

  /// Whether a trace context is short and of plain characters, as the standard says.
  private static boolean isPlain(String trace) {
    return !trace.isEmpty()
        && trace.length() <= LONGEST_TRACE
        && trace.chars().allMatch(c -> c > ' ' && c < 127);
  }

  /// Reads a message.
  ///
  /// @param queue the queue in which it lay, whatever it says itself: an operator may have moved it
  /// @throws UnreadableException when it is no message of ours
  static Envelope read(String queue, String body, @Nullable String meta, @Nullable String trace)
      throws UnreadableException {
    if (meta == null) {
      throw new UnreadableException("no attribute '" + ATTRIBUTE + "'");
    }
    try {
      return read(queue, body, Values.of(meta), trace);
    } catch (IllegalArgumentException | NullPointerException broken) {
      throw new UnreadableException("a broken attribute '" + ATTRIBUTE + "'");
    }
  }

  private static Envelope read(String queue, String body, Values values, @Nullable String trace)
      throws UnreadableException {
    String version = values.text("v");
    if (!VERSION.equals(version)) {
      throw new UnreadableException("the format of another version");
    }
    Map<String, String> headers = values.headers();
    if (trace != null) {
      headers.put(TRACE, trace);
    }
    JobOptions options =
        new JobOptions(
            values.number("run"),
            values.text("key"),
            headers,
            values.number("expires"),
            values.number("timeout"),
            Math.toIntExact(values.number("max")),
            values.text("group"),
            values.text("batch"));
    Job job =
        new Job(
            JobId.parse(values.required("id")),
            queue,
            values.required("t"),
            payload(body, values.text("body")),
            priority(values.text("p")),
            values.number("c"),
            options);
    String outcome = values.text("outcome");
    AttemptRecord last =
        outcome == null
            ? null
            : new AttemptRecord(
                Math.toIntExact(values.number("last")),
                AttemptOutcome.valueOf(outcome),
                values.text("error"),
                Instant.ofEpochMilli(values.number("started")),
                Instant.ofEpochMilli(values.number("ended")));
    String death = values.text("death");
    return new Envelope(
        job,
        values.number("due"),
        Math.toIntExact(values.number("attempt")),
        Math.toIntExact(values.number("crashes")),
        values.number("epoch"),
        Math.toIntExact(values.number("parked")),
        last,
        death == null ? null : DeathReason.valueOf(death),
        values.number("died"));
  }

  private static Priority priority(@Nullable String name) {
    return name == null ? Priority.NORMAL : Priority.valueOf(name);
  }

  private static byte[] payload(String body, @Nullable String form) throws UnreadableException {
    return switch (form == null ? TEXT : form) {
      case "empty" -> new byte[0];
      case TEXT -> body.getBytes(StandardCharsets.UTF_8);
      case "base64" -> Base64.getDecoder().decode(body);
      default -> throw new UnreadableException("a body of an unknown form");
    };
  }

  /// How long a text is in UTF-8.
  static int utf8Length(String text) {
    int bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        // A pair of surrogates is two characters and four bytes.
        bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
      }
    }
    return bytes;
  }

  /// Pairs to be written; what is null or 0 is left out.
  private static final class Pairs {
    private final StringBuilder text = new StringBuilder(256);

    void put(String name, @Nullable String value) {
      if (value == null) {
        return;
      }
      if (!text.isEmpty()) {
        text.append('&');
      }
      text.append(encoded(name)).append('=').append(encoded(value));
    }

    void put(String name, long value) {
      if (value != 0) {
        put(name, Long.toString(value));
      }
    }

    private static String encoded(String value) {
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        boolean plain =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
        if (!plain) {
          return URLEncoder.encode(value, StandardCharsets.UTF_8);
        }
      }
      return value;
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }

  /// Pairs that were read.
  private record Values(Map<String, String> map) {
    static Values of(String meta) {
      Map<String, String> map = new HashMap<>();
      for (String pair : meta.split("&", -1)) {
        int equals = pair.indexOf('=');
        if (equals < 0) {
          throw new IllegalArgumentException("not a pair");
        }
        map.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1)));
      }
      return new Values(map);
    }

    private static String decoded(String text) {
      return text.indexOf('%') < 0 && text.indexOf('+') < 0
          ? text
          : URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Nullable String text(String name) {
      return map.get(name);
    }

    String required(String name) {
      return Objects.requireNonNull(map.get(name));
    }

    long number(String name) {
      String value = map.get(name);
      return value == null ? 0 : Long.parseLong(value);
    }

    Map<String, String> headers() {
      Map<String, String> headers = new HashMap<>();
      map.forEach((name, value) -> {
        if (name.startsWith(HEADER)) {
          headers.put(name.substring(HEADER.length()), value);
        }
      });
      return headers;
    }
  }
}
