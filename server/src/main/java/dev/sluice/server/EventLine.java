package dev.sluice.server;

import dev.sluice.JobEvent;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An event as it is told: without the job, whose payload would stay in memory as long as the event
/// is remembered.
///
/// Threading: immutable.
///
/// @param type a word of [EventType]
/// @param at when the next attempt is due
/// @param runNanos how long it ran; 0 when nobody said
/// @param crashes how many; 0 when nobody said
record EventLine(
    EventType type,
    JobId id,
    String queue,
    String jobType,
    int attempt,
    @Nullable Instant at,
    long runNanos,
    @Nullable DeathReason reason,
    @Nullable String error,
    int crashes) {
  private static final int LONGEST_ERROR = 1000;

  static EventLine of(JobEvent event) {
    return switch (event) {
      case JobEvent.Started e -> line(EventType.STARTED, e);
      case JobEvent.Succeeded e -> line(EventType.SUCCEEDED, e);
      case JobEvent.Retrying e -> line(EventType.RETRYING, e, e.at(), null, e.error(), 0);
      case JobEvent.Snoozed e -> line(EventType.SNOOZED, e, e.at(), null, null, 0);
      case JobEvent.Parked e -> line(EventType.PARKED, e, e.at(), null, null, 0);
      case JobEvent.Died e -> line(EventType.DIED, e, null, e.reason(), e.error(), 0);
      case JobEvent.Cancelled e -> line(EventType.CANCELLED, e);
      case JobEvent.Released e -> line(EventType.RELEASED, e);
      case JobEvent.Crashed e -> line(EventType.CRASHED, e, null, null, null, e.crashes());
      case JobEvent.LeaseLost e -> line(EventType.LEASE_LOST, e);
      case JobEvent.BecameZombie e -> line(EventType.BECAME_ZOMBIE, e);
      case JobEvent.LateResult e -> line(EventType.LATE_RESULT, e);
    };
  }

  private static EventLine line(EventType type, JobEvent event) {
    return line(type, event, null, null, null, 0);
  }

  private static EventLine line(
      EventType type,
      JobEvent event,
      @Nullable Instant at,
      @Nullable DeathReason reason,
      @Nullable String error,
      int crashes) {
    return new EventLine(
        type,
        event.job().id(),
        event.job().queue(),
        event.job().type(),
        event.attempt(),
        at,
        event instanceof JobEvent.Ended ended ? ended.runNanos() : 0,
        reason,
        error == null || error.length() <= LONGEST_ERROR
            ? error
            : error.substring(0, LONGEST_ERROR),
        crashes);
  }

  /// @param withError whether the error is told, which may hold the payload
  Map<String, Object> json(boolean withError) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", type.text());
    json.put("id", id.toString());
    json.put("queue", queue);
    json.put("jobType", jobType);
    json.put("attempt", attempt);
    if (at != null) {
      json.put("at", at.toString());
    }
    if (runNanos > 0) {
      json.put("runTime", Durations.text(Duration.ofNanos(runNanos)));
    }
    if (reason != null) {
      json.put("reason", reason.name());
    }
    if (withError && error != null) {
      json.put("error", error);
    }
    if (crashes > 0) {
      json.put("crashes", crashes);
    }
    return json;
  }
}
