package dev.sluice.server;

import dev.sluice.EnqueueOptions;
import dev.sluice.Sluice;
import dev.sluice.job.JobId;
import dev.sluice.job.Names;
import dev.sluice.job.Priority;
import io.helidon.http.Status;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/// A job as a producer asks for it: `{type?, payload, delay | runAt, priority, key, timeout,
/// maxAttempts, timeToStart, headers}`. Read in one pass, and the payload kept as the bytes that
/// came, so that no number changes its looks on the way.
///
/// Threading: immutable.
///
/// @param type the job's type; `default` when none is given
/// @param payload JSON, or nothing
/// @param options the rest
// An array and no wrapper: the payload of each enqueue passes here.
@SuppressWarnings("ArrayRecordComponent")
record JobRequest(String type, byte[] payload, EnqueueOptions options) {
  static final String DEFAULT_TYPE = "default";
  private static final byte[] NOTHING = {};

  JobRequest withPayload(byte[] value) {
    return new JobRequest(type, value, options);
  }

  JobRequest withOptions(EnqueueOptions value) {
    return new JobRequest(type, payload, value);
  }

  /// Whether the job of that id, kept for the same key, is the same job; one that is kept no longer
  /// is taken for it.
  boolean isSameAs(Sluice sluice, JobId id) {
    if (!sluice.canFind()) {
      // Then there is no way to tell.
      return true;
    }
    return sluice
        .find(id)
        .map(status -> status.view().job())
        .map(job -> job.type().equals(type) && Arrays.equals(job.payload(), payload))
        .orElse(true);
  }

  static Problem keyReused() {
    return Problem.of(
        Status.CONFLICT_409, "key-reused", "the job of this key has another type or payload");
  }

  /// Reads one.
  ///
  /// @throws ProblemException 400 when the bytes are no JSON
  /// @throws BadField when a value breaks a rule
  static JobRequest read(JsonMapper mapper, byte[] body, int from, int length) {
    try (JsonParser parser = mapper.createParser(body, from, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw Problem.of(Status.BAD_REQUEST_400, "malformed", "the body must be a JSON object")
            .exception();
      }
      Reader reader = new Reader(parser, body, from);
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        parser.nextToken();
        reader.field(name);
      }
      if (parser.nextToken() != null) {
        throw Problem.of(Status.BAD_REQUEST_400, "malformed", "something follows the JSON object")
            .exception();
      }
      return new JobRequest(reader.type, reader.payload, reader.options);
    } catch (JacksonException bad) {
      throw Call.malformed(bad);
    }
  }

  /// The fields read so far.
  private static final class Reader {
    private final JsonParser parser;
    private final byte[] body;
    private final int from;
    private String type = DEFAULT_TYPE;
    private byte[] payload = NOTHING;
    private EnqueueOptions options = EnqueueOptions.defaults();

    Reader(JsonParser parser, byte[] body, int from) {
      this.parser = parser;
      this.body = body;
      this.from = from;
    }

    void field(String name) {
      switch (name) {
        case "payload" -> payload = raw();
        case "type" -> {
          if (present()) {
            type = text("type", value -> Names.require("type", value));
          }
        }
        case "delay" -> option(name, Durations::parse, EnqueueOptions::withDelay);
        case "runAt" -> option(name, JobRequest::instant, EnqueueOptions::withRunAt);
        case "priority" -> option(name, JobRequest::priority, EnqueueOptions::withPriority);
        case "key" -> option(name, Function.identity(), EnqueueOptions::withKey);
        case "timeout" -> option(name, Durations::parse, EnqueueOptions::withTimeout);
        case "timeToStart" -> option(name, Durations::parse, EnqueueOptions::withTimeToStart);
        case "maxAttempts" -> maxAttempts();
        case "headers" -> headers();
        default ->
            throw new BadField(
                BadField.step(name),
                "is not known here; known are delay, headers, key, maxAttempts, payload, priority,"
                    + " runAt, timeToStart, timeout, type");
      }
    }

    private boolean present() {
      return parser.currentToken() != JsonToken.VALUE_NULL;
    }

    /// The bytes of the value that the parser stands at.
    private byte[] raw() {
      int begin = (int) parser.currentTokenLocation().getByteOffset();
      parser.skipChildren();
      parser.finishToken();
      int end = (int) parser.currentLocation().getByteOffset();
      if (begin < 0 || end < begin) {
        // The parser has found another encoding, and counts characters.
        throw Problem.of(Status.BAD_REQUEST_400, "malformed", "the body must be UTF-8").exception();
      }
      return Arrays.copyOfRange(body, from + begin, from + end);
    }

    private <T> T text(String name, Function<String, T> read) {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw new BadField("/" + name, "must be a text");
      }
      String text = parser.getString();
      return checked(name, () -> read.apply(text));
    }

    private <T> void option(
        String name,
        Function<String, T> read,
        java.util.function.BiFunction<EnqueueOptions, T, EnqueueOptions> with) {
      if (present()) {
        T value = text(name, read);
        options = checked(name, () -> with.apply(options, value));
      }
    }

    private void maxAttempts() {
      if (present()) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
            || parser.getNumberType() != JsonParser.NumberType.INT) {
          throw new BadField("/maxAttempts", "must be a whole number from 1 to 1000");
        }
        int value = parser.getIntValue();
        options = checked("maxAttempts", () -> options.withMaxAttempts(value));
      }
    }

    private void headers() {
      if (!present()) {
        return;
      }
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new BadField("/headers", "must be an object of texts");
      }
      Map<String, String> headers = new HashMap<>();
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        if (parser.nextToken() != JsonToken.VALUE_STRING) {
          throw new BadField("/headers" + BadField.step(name), "must be a text");
        }
        headers.put(name, parser.getString());
      }
      options = checked("headers", () -> options.withHeaders(headers));
    }

    private static <T> T checked(String name, java.util.function.Supplier<T> work) {
      try {
        return work.get();
      } catch (IllegalArgumentException bad) {
        throw new BadField("/" + name, String.valueOf(bad.getMessage()));
      }
    }
  }

  static Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException bad) {
      throw new IllegalArgumentException("must be a time like 2026-12-24T18:00:00Z", bad);
    }
  }

  static Priority priority(String text) {
    for (Priority priority : Priority.values()) {
      if (priority.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT))) {
        return priority;
      }
    }
    throw new IllegalArgumentException("must be low, normal or high");
  }
}
