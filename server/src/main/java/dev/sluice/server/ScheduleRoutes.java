package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.job.Names;
import io.helidon.http.Method;
import io.helidon.http.Status;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Recurring jobs.
///
/// Threading: thread-safe.
final class ScheduleRoutes {
  private final ScheduleBook book;
  private final Environment.Clock clock;
  private final int maxPayload;

  ScheduleRoutes(ScheduleBook book, Environment.Clock clock, int maxPayload) {
    this.book = book;
    this.clock = clock;
    this.maxPayload = maxPayload;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/v1/schedules", Scope.READ, this::list),
        Route.get("/v1/schedules/{name}", Scope.READ, this::show),
        Route.audited(Method.PUT, "/v1/schedules/{name}", Scope.ADMIN, this::put),
        Route.audited(Method.DELETE, "/v1/schedules/{name}", Scope.ADMIN, this::remove));
  }

  private void list(Call call) {
    List<Map<String, Object>> schedules =
        book.all().entrySet().stream()
            .filter(entry -> call.caller().mayUse(entry.getValue().queue()))
            .map(entry -> json(call, entry.getKey(), entry.getValue()))
            .toList();
    List<Map<String, Object>> notInForce =
        book.allIdle().entrySet().stream()
            .filter(entry -> entry.getValue().isFor(call.caller()))
            .map(entry -> json(entry.getKey(), entry.getValue()))
            .toList();
    call.send(Status.OK_200, Map.of("schedules", schedules, "notInForce", notInForce));
  }

  private static Map<String, Object> json(String name, ScheduleBook.Idle idle) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    idle.queue().ifPresent(queue -> json.put("queue", queue));
    json.put("reason", idle.reason());
    return json;
  }

  private Map<String, Object> json(Call call, String name, ScheduleSpec spec) {
    Instant now = Instant.ofEpochMilli(clock.wallMillis());
    return spec.json(name, now, call.caller().may(Scope.READ_PAYLOAD));
  }

  private void show(Call call) {
    String name = call.part("name");
    call.send(Status.OK_200, json(call, name, book.require(name, call.caller())));
  }

  private void put(Call call) throws IOException {
    String name = name(call);
    JsonNode document = document(call);
    ScheduleSpec spec = Asked.of(() -> book.read(document, call));
    boolean made = Asked.of(() -> book.put(name, spec, call.caller()));
    call.send(made ? Status.CREATED_201 : Status.OK_200, json(call, name, spec));
  }

  private static String name(Call call) {
    try {
      return Names.require("schedule", call.part("name"));
    } catch (IllegalArgumentException unfit) {
      throw Problem.of(Status.NOT_FOUND_404, "unknown-schedule", String.valueOf(unfit.getMessage()))
          .exception();
    }
  }

  private JsonNode document(Call call) throws IOException {
    try {
      return book.mapper().readTree(call.body(maxPayload + EnqueueRoutes.ENVELOPE));
    } catch (JacksonException bad) {
      throw Call.malformed(bad);
    }
  }

  private void remove(Call call) {
    String name = call.part("name");
    Asked.run(() -> book.remove(name, call.caller()));
    call.noContent();
  }
}
