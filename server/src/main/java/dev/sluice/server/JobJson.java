package dev.sluice.server;

import dev.sluice.JobStatus;
import dev.sluice.RunningJob;
import dev.sluice.engine.Environment;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.Job;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// A job as people and programs are shown it. What an attempt left as its error is whatever
/// handler, worker or receiver wrote, perhaps the payload, and is shown as that is.
///
/// Threading: immutable.
final class JobJson {
  private final JsonMapper mapper;
  private final Environment.Clock clock;

  JobJson(JsonMapper mapper, Environment.Clock clock) {
    this.mapper = mapper;
    this.clock = clock;
  }

  /// @param payload whether payload, headers and the errors of attempts are shown
  Map<String, Object> of(JobStatus status, boolean payload) {
    Map<String, Object> json = of(status.view(), status.eta(), payload);
    status.running().ifPresent(running -> json.put("running", running(running)));
    return json;
  }

  /// @param payload whether payload, headers and the errors of attempts are shown
  Map<String, Object> of(JobView view, boolean payload) {
    return of(view, Optional.empty(), payload);
  }

  private Map<String, Object> of(JobView view, Optional<Duration> eta, boolean payload) {
    Job job = view.job();
    JobOptions options = job.options();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", job.id().toString());
    json.put("queue", job.queue());
    json.put("type", job.type());
    json.put("state", view.state().name());
    put(json, "deathReason", view.deathReason() == null ? null : view.deathReason().name());
    json.put("priority", job.priority().name().toLowerCase(Locale.ROOT));
    put(json, "key", options.key());
    json.put("attempt", view.attempt());
    if (options.maxAttempts() > 0) {
      json.put("maxAttempts", options.maxAttempts());
    }
    json.put("crashes", view.crashes());
    if (options.timeoutMillis() > 0) {
      json.put("timeout", Durations.text(Duration.ofMillis(options.timeoutMillis())));
    }
    json.put("createdAt", text(job.createdAtMillis()));
    put(json, "dueAt", view.dueAt());
    if (options.expiresAtMillis() > 0) {
      json.put("expiresAt", text(options.expiresAtMillis()));
    }
    put(json, "startedAt", view.startedAt());
    put(json, "finishedAt", view.finishedAt());
    if (view.cancelRequested()) {
      json.put("cancelRequested", true);
    }
    if (view.ahead() >= 0) {
      json.put("position", view.ahead() + 1);
    }
    eta.ifPresent(wait -> json.put("eta", text(clock.wallMillis() + wait.toMillis())));
    json.put("payloadBytes", job.payload().length);
    if (payload) {
      content(json, job);
    }
    json.put(
        "attempts", view.attempts().stream().map(attempt -> attempt(attempt, payload)).toList());
    return json;
  }

  /// Adds payload, content type and headers of a job.
  void content(Map<String, Object> json, Job job) {
    Payloads.put(job, mapper, json);
    if (!job.options().headers().isEmpty()) {
      json.put("headers", job.options().headers());
    }
  }

  private static Map<String, Object> attempt(AttemptRecord attempt, boolean error) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("attempt", attempt.attempt());
    json.put("outcome", attempt.outcome().name());
    put(json, "error", error ? attempt.error() : null);
    json.put("startedAt", attempt.startedAt().toString());
    json.put("endedAt", attempt.endedAt().toString());
    return json;
  }

  private static Map<String, Object> running(RunningJob running) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("attempt", running.attempt());
    json.put("elapsed", Durations.text(running.elapsed()));
    json.put("progress", running.progress());
    if (!running.message().isEmpty()) {
      json.put("message", running.message());
    }
    if (running.zombie()) {
      json.put("zombie", true);
    }
    return json;
  }

  List<Map<String, Object>> list(List<JobView> views, boolean payload) {
    return views.stream().map(view -> of(view, payload)).toList();
  }

  private static void put(Map<String, Object> json, String name, @Nullable Object value) {
    if (value != null) {
      json.put(name, value instanceof Instant instant ? instant.toString() : value);
    }
  }

  private static String text(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }
}
