package dev.sluice.app.remote;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.ObjectNode;

/// What is said of a job beside its payload.
///
/// Threading: confined to the main thread.
final class JobOptions {
  /// Which jobs of a queue start first.
  enum Importance {
    LOW,
    NORMAL,
    HIGH
  }

  @Option(names = "--type", paramLabel = "TYPE", description = "What kind of job it is.")
  private @Nullable String type;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "A second job with this key is answered with the first one.")
  private @Nullable String key;

  @Option(
      names = "--delay",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "Starts no earlier than in this time: 30s, 2h.")
  private @Nullable Duration delay;

  @Option(
      names = "--run-at",
      paramLabel = "INSTANT",
      converter = Times.InstantReader.class,
      description = "Starts no earlier than then: 2026-12-24T18:00:00Z.")
  private @Nullable Instant runAt;

  @Option(names = "--priority", paramLabel = "P", description = "low, normal or high.")
  private @Nullable Importance priority;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      description = "How long an attempt may take.")
  private @Nullable Duration timeout;

  @Option(names = "--max-attempts", paramLabel = "N", description = "How often it is tried.")
  private @Nullable Integer maxAttempts;

  @Option(
      names = "--header",
      paramLabel = "NAME=TEXT",
      converter = Header.Reader.class,
      description = "Goes with the job.")
  private List<Header> headers = new ArrayList<>();

  /// A header of a job.
  record Header(String name, String text) {
    /// Reads `NAME=TEXT`.
    static final class Reader implements ITypeConverter<Header> {
      @Override
      public Header convert(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
          throw new TypeConversionException("'" + text + "' must be like NAME=TEXT");
        }
        return new Header(text.substring(0, equals), text.substring(equals + 1));
      }
    }
  }

  /// What is wrong with the options together; null when nothing is.
  @Nullable String contradiction() {
    return delay != null && runAt != null ? "delay: cannot be given together with --run-at" : null;
  }

  boolean hasKey() {
    return key != null;
  }

  /// Writes the options into a job that does not say otherwise itself.
  void into(ObjectNode job) {
    put(job, "type", type);
    put(job, "key", key);
    if (!job.has("delay") && !job.has("runAt")) {
      put(job, "delay", delay == null ? null : Times.exact(delay));
      put(job, "runAt", runAt == null ? null : runAt.toString());
    }
    put(job, "priority", priority == null ? null : priority.name().toLowerCase(Locale.ROOT));
    put(job, "timeout", timeout == null ? null : Times.exact(timeout));
    if (maxAttempts != null && !job.has("maxAttempts")) {
      job.put("maxAttempts", maxAttempts);
    }
    if (!headers.isEmpty() && !job.has("headers")) {
      ObjectNode node = job.putObject("headers");
      headers.forEach(header -> node.put(header.name(), header.text()));
    }
  }

  private static void put(ObjectNode job, String name, @Nullable String value) {
    if (value != null && !job.has(name)) {
      job.put(name, value);
    }
  }
}
