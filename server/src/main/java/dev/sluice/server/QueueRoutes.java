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
import java.util.Optional;
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
            .flatMap(entry -> listed(entry, call.caller()).stream())
            .toList();
    call.send(Status.OK_200, Map.of("queues", queues));
  }

  /// One that is dropped at this moment is not listed.
  private Optional<Map<String, Object>> listed(QueueBook.Entry entry, Caller caller) {
    try {
      return Optional.of(json(entry, caller));
    } catch (IllegalArgumentException dropped) {
      return Optional.empty();
    }
  }

  private void show(Call call, Status status) {
    call.send(status, json(known(call), call.caller()));
  }

  private QueueBook.Entry known(Call call) {
    return book.require(call.queue());
  }

  private void put(Call call) throws IOException {
    String queue = call.queue();
    JsonNode document = call.object(MOST_BODY);
    boolean made = Asked.of(() -> book.put(queue, document));
    show(call, made ? Status.CREATED_201 : Status.OK_200);
  }

  private void reset(Call call) {
    String queue = call.queue();
    Asked.run(() -> book.reset(queue));
    call.noContent();
  }

  private void pause(Call call) {
    String queue = known(call).name();
    Asked.run(() -> sluice.pause(queue));
    show(call, Status.OK_200);
  }

  private void resume(Call call) {
    String queue = known(call).name();
    Asked.run(() -> sluice.resume(queue));
    show(call, Status.OK_200);
  }

  private void purge(Call call) {
    String queue = known(call).name();
    call.send(Status.OK_200, Map.of("cancelled", Asked.of(() -> sluice.purge(queue))));
  }

  private Map<String, Object> json(QueueBook.Entry entry, Caller caller) {
    QueueStatus status = Asked.of(() -> sluice.status(entry.name()));
    Counts counts = status.counts();
    long now = clock.wallMillis();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", entry.name());
    json.put("origin", entry.origin().text());
    json.put("paused", counts.paused());
    json.put("worked", status.worked());
    if (!sluice.limits().exactCounts()) {
      json.put("approximate", true);
    }
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
    json.put("policy", policy(entry, caller.may(Scope.ADMIN)));
    return json;
  }

  /// @param whole whether the paths of URLs are shown too
  private static Map<String, Object> policy(QueueBook.Entry entry, boolean whole) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("configured", entry.shown(whole ? entry.base() : entry.base().withoutPath()));
    entry.override().ifPresent(it -> json.put("override", masked(it, whole)));
    json.put("effective", entry.shown(whole ? entry.effective() : entry.effective().withoutPath()));
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
  private static JsonNode masked(JsonNode override, boolean whole) {
    if (!(override.path("delivery").path("webhook") instanceof ObjectNode)) {
      return override;
    }
    JsonNode copy = override.deepCopy();
    ObjectNode webhook = (ObjectNode) copy.path("delivery").path("webhook");
    if (webhook.path("url").isString()) {
      String url = webhook.path("url").asString();
      webhook.put("url", whole ? WebhookSpec.shown(url) : WebhookSpec.origin(url));
    }
    if (webhook.get("headers") instanceof ObjectNode headers) {
      headers.propertyNames().forEach(name -> headers.put(name, WebhookSpec.MASK));
    }
    return copy;
  }
}
