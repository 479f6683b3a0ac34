package dev.sluice.server;

import dev.sluice.QueueStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Environment;
import dev.sluice.job.JobState;
import io.helidon.http.Method;
import io.helidon.http.Status;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Looking at queues and steering them.
///
/// Threading: thread-safe.
final class QueueRoutes {
  private static final int MOST_BODY = 64 << 10;

  private final QueueBook book;
  private final Sluice sluice;
  private final Environment.Clock clock;

  QueueRoutes(QueueBook book, Sluice sluice, Environment.Clock clock) {
    this.book = book;
    this.sluice = sluice;
    this.clock = clock;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/v1/queues", Scope.READ, this::list),
        Route.get("/v1/queues/{queue}", Scope.READ, call -> show(call, Status.OK_200)),
        Route.audited(Method.PUT, "/v1/queues/{queue}", Scope.ADMIN, this::put),
        Route.audited(Method.DELETE, "/v1/queues/{queue}", Scope.ADMIN, this::reset),
        Route.audited(Method.POST, "/v1/queues/{queue}:pause", Scope.OPERATE, this::pause),
        Route.audited(Method.POST, "/v1/queues/{queue}:resume", Scope.OPERATE, this::resume),
        Route.audited(Method.POST, "/v1/queues/{queue}:purge", Scope.OPERATE, this::purge));
  }

  private void list(Call call) {
    List<Map<String, Object>> queues =
        book.all().stream()
            .filter(entry -> call.caller().mayUse(entry.name()))
            .map(this::json)
            .toList();
    call.send(Status.OK_200, Map.of("queues", queues));
  }

  private void show(Call call, Status status) {
    call.send(status, json(known(call)));
  }

  private QueueBook.Entry known(Call call) {
    return book.require(call.queue());
  }

  private void put(Call call) throws IOException {
    String queue = call.queue();
    boolean made = book.put(queue, call.object(MOST_BODY));
    show(call, made ? Status.CREATED_201 : Status.OK_200);
  }

  private void reset(Call call) {
    book.reset(call.queue());
    call.noContent();
  }

  private void pause(Call call) {
    sluice.pause(known(call).name());
    show(call, Status.OK_200);
  }

  private void resume(Call call) {
    sluice.resume(known(call).name());
    show(call, Status.OK_200);
  }

  private void purge(Call call) {
    call.send(Status.OK_200, Map.of("cancelled", sluice.purge(known(call).name())));
  }

  private Map<String, Object> json(QueueBook.Entry entry) {
    QueueStatus status = sluice.status(entry.name());
    Counts counts = status.counts();
    long now = clock.wallMillis();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", entry.name());
    json.put("origin", entry.origin().text());
    json.put("paused", counts.paused());
    json.put("worked", status.worked());
    json.put("counts", byState(counts));
    json.put("waiting", counts.waiting());
    json.put("waitingBytes", counts.waitingBytes());
    if (counts.oldestReadyMillis() > 0) {
      long age = Math.max(0, now - counts.oldestReadyMillis());
      json.put("oldestWaitingAge", Durations.text(Duration.ofMillis(age)));
    }
    status
        .eta()
        .ifPresent(eta -> json.put("eta", Instant.ofEpochMilli(now + eta.toMillis()).toString()));
    json.put("running", status.running());
    json.put("zombies", status.zombies());
    json.put("drainPerSecond", Math.round(status.drainPerSecond() * 1000) / 1000.0);
    json.put("totals", totals(status));
    Map<String, Object> policy = new LinkedHashMap<>();
    policy.put("configured", entry.shown(entry.base()));
    entry.override().ifPresent(it -> policy.put("override", masked(it)));
    policy.put("effective", entry.shown(entry.effective()));
    json.put("policy", policy);
    return json;
  }

  private static Map<String, Long> byState(Counts counts) {
    Map<String, Long> json = new LinkedHashMap<>();
    for (JobState state : JobState.values()) {
      json.put(state.name(), counts.of(state));
    }
    return json;
  }

  /// Since this process started.
  private static Map<String, Long> totals(QueueStatus status) {
    Map<String, Long> json = new LinkedHashMap<>();
    json.put("accepted", status.accepted());
    json.put("duplicates", status.duplicates());
    json.put("refused", status.refused());
    json.put("started", status.started());
    json.put("succeeded", status.succeeded());
    json.put("failed", status.failed());
    json.put("leasesLost", status.leasesLost());
    json.put("lateResults", status.lateResults());
    return json;
  }

  /// An override as it was sent, but for what would let somebody in.
  private static JsonNode masked(JsonNode override) {
    if (!(override.path("delivery").path("webhook") instanceof ObjectNode)) {
      return override;
    }
    JsonNode copy = override.deepCopy();
    ObjectNode webhook = (ObjectNode) copy.path("delivery").path("webhook");
    if (webhook.path("url").isString()) {
      webhook.put("url", WebhookSpec.shown(webhook.path("url").asString()));
    }
    if (webhook.get("headers") instanceof ObjectNode headers) {
      headers.propertyNames().forEach(name -> headers.put(name, WebhookSpec.MASK));
    }
    return copy;
  }
}
