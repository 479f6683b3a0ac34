package dev.sluice.server;

import dev.sluice.Health;
import dev.sluice.Sluice;
import io.helidon.http.Status;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Whether this server lives, whether it does its work, and what it has counted.
///
/// Threading: thread-safe.
final class HealthRoutes {
  private final Sluice sluice;
  private final Gate gate;
  private final Metrics metrics;

  HealthRoutes(Sluice sluice, Gate gate, Metrics metrics) {
    this.sluice = sluice;
    this.gate = gate;
    this.metrics = metrics;
  }

  List<Route> routes() {
    return List.of(
        Route.open("/health/live", call -> call.send(Status.OK_200, Map.of("status", "live"))),
        Route.open("/health/ready", this::ready),
        Route.get("/metrics", Scope.READ, this::metrics));
  }

  /// Everybody may know whether; why, only those who may look at all queues, whose names it says.
  private void ready(Call call) {
    Health health = sluice.health();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("status", health.ready() ? "ready" : "not-ready");
    if (gate.mayReadAll(call.request())) {
      json.put("reasons", health.reasons());
    }
    call.send(health.ready() ? Status.OK_200 : Status.SERVICE_UNAVAILABLE_503, json);
  }

  private void metrics(Call call) {
    if (!call.caller().mayUseAll()) {
      throw Problem.of(
              Status.FORBIDDEN_403,
              "forbidden",
              "the figures are of all queues, and the token is for some of them")
          .exception();
    }
    call.header(Metrics.TEXT);
    call.send(metrics.scrape().getBytes(StandardCharsets.UTF_8));
  }
}
