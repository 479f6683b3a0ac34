package dev.sluice.server;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.Schedule;
import dev.sluice.cron.CronSchedule;
import dev.sluice.job.Names;
import dev.sluice.job.Priority;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A recurring job as it was asked for: `{queue, type, payload, cron + zone | every, missed,
/// options {priority, timeout, maxAttempts, timeToStart, headers}}`.
///
/// Threading: immutable.
///
/// @param document as it was sent, which is what is kept
/// @param timing when it fires, in the words of the document
record ScheduleSpec(
    JsonNode document,
    Map<String, String> timing,
    Schedule schedule,
    Schedule.Missed missed,
    NewJob<byte[]> job) {
  private static final Duration LONGEST = Duration.ofDays(3650);

  /// Reads one.
  ///
  /// @param after a firing must follow this time
  /// @throws BadField when a value breaks a rule
  static ScheduleSpec read(JsonNode document, JsonMapper mapper, int maxPayload, Instant after) {
    Fields fields = new Fields(document, "");
    String queue = name(fields, "queue", JobType.DEFAULT_QUEUE);
    String type = name(fields, "type", JobRequest.DEFAULT_TYPE);
    byte[] payload = fields.node("payload").map(mapper::writeValueAsBytes).orElse(new byte[0]);
    if (payload.length > maxPayload) {
      throw new BadField(fields.at("payload"), "must have at most " + maxPayload + " bytes");
    }
    Map<String, String> timing = new LinkedHashMap<>();
    Schedule schedule = schedule(fields, timing);
    if (schedule.next(after).isEmpty()) {
      throw new BadField(fields.at("cron"), "must fire some time, this one never does");
    }
    Schedule.Missed missed =
        fields.text("missed", ScheduleSpec::missed).orElse(Schedule.Missed.RUN_ONE);
    EnqueueOptions options =
        fields.object("options").map(it -> options(it, missed)).orElseGet(EnqueueOptions::defaults);
    fields.done();
    NewJob<byte[]> job = new NewJob<>(new JobType<>(type, Codec.bytes(), queue), payload, options);
    return new ScheduleSpec(document, timing, schedule, missed, job);
  }

  private static String name(Fields fields, String field, String usual) {
    return fields
        .text(field)
        .map(text -> {
          try {
            return Names.require(field, text);
          } catch (IllegalArgumentException _) {
            throw new BadField(
                fields.at(field), "must be 1 to 128 characters of A-Z a-z 0-9 . _ -");
          }
        })
        .orElse(usual);
  }

  private static Schedule schedule(Fields fields, Map<String, String> timing) {
    Optional<String> cron = fields.text("cron");
    Optional<ZoneId> zone = fields.text("zone", ScheduleSpec::zone);
    Optional<Duration> every = fields.duration("every", Duration.ofSeconds(1), LONGEST);
    if (cron.isPresent() == every.isPresent()) {
      throw new BadField(
          cron.isPresent() ? fields.at("every") : "",
          cron.isPresent()
              ? "cannot be combined with cron"
              : "must say when it fires: cron or every");
    }
    if (every.isPresent()) {
      if (zone.isPresent()) {
        throw new BadField(fields.at("zone"), "cannot be combined with every");
      }
      timing.put("every", Durations.text(every.get()));
      return Schedule.every(every.get());
    }
    ZoneId where = zone.orElse(ZoneId.of("UTC"));
    timing.put("cron", cron.get());
    timing.put("zone", where.getId());
    try {
      return CronSchedule.parse(cron.get(), where);
    } catch (IllegalArgumentException unfit) {
      throw new BadField(fields.at("cron"), BadField.ruleOf("cron", unfit));
    }
  }

  private static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException unknown) {
      throw new IllegalArgumentException("must be a zone like UTC or Europe/Vienna", unknown);
    }
  }

  private static Schedule.Missed missed(String text) {
    return switch (text) {
      case "run-one" -> Schedule.Missed.RUN_ONE;
      case "skip" -> Schedule.Missed.SKIP;
      default -> throw new IllegalArgumentException("must be run-one or skip");
    };
  }

  private static EnqueueOptions options(Fields fields, Schedule.Missed missed) {
    EnqueueOptions options = EnqueueOptions.defaults();
    Optional<Priority> priority = fields.text("priority", JobRequest::priority);
    if (priority.isPresent()) {
      options = options.withPriority(priority.get());
    }
    Optional<Duration> timeout =
        fields.duration("timeout", Duration.ofMillis(1), Duration.ofDays(365));
    if (timeout.isPresent()) {
      options = options.withTimeout(timeout.get());
    }
    Optional<Long> maxAttempts = fields.whole("maxAttempts", 1, 1000);
    if (maxAttempts.isPresent()) {
      options = options.withMaxAttempts(maxAttempts.get().intValue());
    }
    Optional<Duration> timeToStart = fields.duration("timeToStart", Duration.ofMillis(1), LONGEST);
    if (timeToStart.isPresent()) {
      if (missed == Schedule.Missed.SKIP) {
        throw new BadField(
            fields.at("timeToStart"), "cannot be set when missed firings are skipped");
      }
      options = options.withTimeToStart(timeToStart.get());
    }
    Optional<Map<String, String>> headers = fields.texts("headers");
    if (headers.isPresent()) {
      EnqueueOptions before = options;
      options = fields.checked("headers", () -> before.withHeaders(headers.get()));
    }
    fields.done();
    return options;
  }

  String queue() {
    return job.type().queue();
  }

  /// As it is shown.
  ///
  /// @param payloads whether payload and headers may be seen
  Map<String, Object> json(String name, Instant now, boolean payloads) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put("queue", queue());
    json.put("type", job.type().name());
    if (payloads && document.hasNonNull("payload")) {
      json.put("payload", document.get("payload"));
    }
    json.put("payloadBytes", job.payload().length);
    json.putAll(timing);
    json.put("missed", missed == Schedule.Missed.SKIP ? "skip" : "run-one");
    json.put("options", shown(payloads));
    schedule.next(now).ifPresent(next -> json.put("nextAt", next.toString()));
    return json;
  }

  private Map<String, Object> shown(boolean payloads) {
    EnqueueOptions options = job.options();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("priority", options.priority().name().toLowerCase(Locale.ROOT));
    options.timeout().ifPresent(it -> json.put("timeout", Durations.text(it)));
    options.maxAttempts().ifPresent(it -> json.put("maxAttempts", it));
    options.timeToStart().ifPresent(it -> json.put("timeToStart", Durations.text(it)));
    if (payloads && !options.headers().isEmpty()) {
      json.put("headers", options.headers());
    }
    return json;
  }
}
