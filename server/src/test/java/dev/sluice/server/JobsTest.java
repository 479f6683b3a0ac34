package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

final class JobsTest {
  private final Semaphore mayEnd = new Semaphore(0);
  private final CountDownLatch started = new CountDownLatch(1);

  private final HttpProbe probe =
      HttpProbe.start(
          ServerConfig.defaults(),
          new ListedCallers(
              Map.of(
                  "all", ListedCallers.everywhere(Scope.ADMIN),
                  "meta", ListedCallers.everywhere(Scope.READ),
                  "enqueue", ListedCallers.everywhere(Scope.ENQUEUE),
                  "other", ListedCallers.caller(Set.of("other"), Scope.ADMIN))),
          builder ->
              builder
                  .queue("mail", QueuePolicy.defaults().withCapacity(100), Delivery.pull())
                  .queue("other", QueuePolicy.defaults(), Delivery.pull())
                  .queue(
                      "work",
                      QueuePolicy.defaults(),
                      Delivery.to((_, context) -> {
                        context.progress(0.5, "half");
                        started.countDown();
                        mayEnd.acquire();
                        return Outcome.done();
                      }))
                  .queue(
                      "dead",
                      QueuePolicy.defaults(),
                      Delivery.to((_, _) -> Outcome.bury("no use"))));

  @AfterEach
  void stop() {
    mayEnd.release(100);
    probe.close();
  }

  private JobId enqueue(String queue, String payload, EnqueueOptions options) {
    return enqueue(queue, payload.getBytes(StandardCharsets.UTF_8), options);
  }

  private JobId enqueue(String queue, byte[] payload, EnqueueOptions options) {
    return switch (probe
        .sluice()
        .enqueue(new JobType<>("t", Codec.bytes(), queue), payload, options)) {
      case Admission.Accepted(var id) -> id;
      case Admission.Duplicate(var id) -> id;
      case Admission.Refused refused -> throw new AssertionError(refused);
    };
  }

  private JobId enqueue(String queue) {
    return enqueue(queue, "{\"n\":1}", EnqueueOptions.defaults());
  }

  private HttpProbe.Answer get(String path) {
    return probe.get(path, "Authorization", "Bearer all");
  }

  private HttpProbe.Answer post(String path, String body) {
    return probe.post(path, body, "Authorization", "Bearer all");
  }

  private HttpProbe.Answer delete(JobId id) {
    return probe.delete("/v1/jobs/" + id, "Authorization", "Bearer all");
  }

  @Test
  void aWaitingJobIsShown() {
    enqueue("mail");
    JobId id =
        enqueue(
            "mail",
            "{\"n\":1}",
            EnqueueOptions.defaults().withKey("k").withHeaders(Map.of("a", "b")));
    JsonNode job = get("/v1/jobs/" + id).json();
    assertThat(job.get("state").asString()).isEqualTo("READY");
    assertThat(job.get("position").asInt()).isEqualTo(2);
    assertThat(job.at("/payload/n").asInt()).isEqualTo(1);
    assertThat(job.at("/headers/a").asString()).isEqualTo("b");
    assertThat(job.get("key").asString()).isEqualTo("k");
  }

  @Test
  void payloadsAreForThoseWhoMaySeeThem() {
    JobId id =
        enqueue("mail", "\"canary\"", EnqueueOptions.defaults().withHeaders(Map.of("h", "canary")));
    for (String path : List.of("/v1/jobs/" + id, "/v1/jobs", "/v1/jobs?q=canary")) {
      HttpProbe.Answer answer = probe.get(path, "Authorization", "Bearer meta");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.text()).doesNotContain("canary");
    }
    assertThat(get("/v1/jobs?q=canary").json().get("jobs")).hasSize(1);
    assertThat(probe.get("/v1/jobs?q=canary", "Authorization", "Bearer meta").json().get("jobs"))
        .isEmpty();
  }

  @Test
  void jobsOfOtherQueuesAreNone() {
    JobId id = enqueue("mail");
    for (String path : List.of("", ":cancel", ":retry", ":run-now")) {
      HttpProbe.Answer answer =
          probe.send(
              path.isEmpty() ? "GET" : "POST",
              "/v1/jobs/" + id + path,
              java.net.http.HttpRequest.BodyPublishers.noBody(),
              "Authorization",
              "Bearer other");
      assertThat(answer.status()).isEqualTo(404);
    }
    assertThat(probe.delete("/v1/jobs/" + id, "Authorization", "Bearer other").status())
        .isEqualTo(404);
    assertThat(probe.get("/v1/jobs", "Authorization", "Bearer other").json().get("jobs")).isEmpty();
    assertThat(probe.get("/v1/jobs?q=" + id, "Authorization", "Bearer other").json().get("jobs"))
        .isEmpty();
    assertThat(probe.get("/v1/jobs?queue=mail", "Authorization", "Bearer other").status())
        .isEqualTo(403);
    assertThat(
            probe
                .post("/v1/jobs:cancel", "{\"queue\":\"mail\"}", "Authorization", "Bearer other")
                .status())
        .isEqualTo(403);
  }

  @Test
  void scopesAreAsked() {
    JobId id = enqueue("mail");
    assertThat(probe.get("/v1/jobs").status()).isEqualTo(401);
    assertThat(probe.get("/v1/jobs", "Authorization", "Bearer enqueue").status()).isEqualTo(403);
    assertThat(
            probe.post("/v1/jobs/" + id + ":cancel", "", "Authorization", "Bearer meta").status())
        .isEqualTo(403);
    assertThat(
            probe
                .post("/v1/jobs:delete", "{\"queue\":\"mail\"}", "Authorization", "Bearer meta")
                .status())
        .isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "01a20afc-5f80-7000-bd9a-0ff1433ee6b3", "%00", "a%2Fb"})
  void unknownJobsAreNotFound(String id) {
    assertThat(get("/v1/jobs/" + id).status()).isEqualTo(404);
    assertThat(post("/v1/jobs/" + id + ":cancel", "").status()).isEqualTo(404);
  }

  @Test
  void aWaitEndsWithTheJob() throws Exception {
    JobId id = enqueue("work");
    started.await();
    JsonNode running = get("/v1/jobs/" + id).json();
    assertThat(running.get("state").asString()).isEqualTo("RUNNING");
    assertThat(running.at("/running/progress").asDouble()).isEqualTo(0.5);
    assertThat(running.at("/running/message").asString()).isEqualTo("half");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var waiting = threads.submit(() -> get("/v1/jobs/" + id + "?wait=60s"));
      await(() -> probe.server().live().waits().count() == 1);
      mayEnd.release();
      assertThat(waiting.get().json().get("state").asString()).isEqualTo("SUCCEEDED");
    }
    assertThat(probe.server().live().waits().count()).isZero();
  }

  @Test
  void aWaitIsOverWhenItsTimeIs() {
    JobId id = enqueue("mail");
    assertThat(get("/v1/jobs/" + id + "?wait=1ms").json().get("state").asString())
        .isEqualTo("READY");
    assertThat(get("/v1/jobs/" + id + "?wait=61s").status()).isEqualTo(422);
    assertThat(get("/v1/jobs/" + id + "?wait=long").status()).isEqualTo(422);
  }

  /// As is seen from the number of listeners that a Sluice takes.
  @Test
  void nobodyListensWhoHasNothingToWaitFor() {
    JobId id = enqueue("mail");
    get("/v1/jobs/" + id + "?wait=1ms");
    JobWaits closed = new JobWaits(probe.sluice(), Environment.system().clock());
    closed.close();
    var last = probe.sluice().find(id).orElseThrow();
    assertThat(closed.await(id, last, Duration.ofMinutes(1)).view().id()).isEqualTo(id);
    List<Runnable> others = new ArrayList<>();
    // The metrics have one, and keep it.
    for (int i = 1; i < 100; i++) {
      others.add(probe.sluice().listen(_ -> {}));
    }
    others.forEach(Runnable::run);
  }

  @Test
  void aWaitEndsWithTheServer() throws Exception {
    JobId id = enqueue("mail");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var waiting = threads.submit(() -> get("/v1/jobs/" + id + "?wait=60s"));
      await(() -> probe.server().live().waits().count() == 1);
      probe.server().close();
      assertThat(waiting.get().json().get("state").asString()).isEqualTo("READY");
    }
  }

  @Test
  void failedAttemptsAreTold() throws Exception {
    JobId id = enqueue("dead");
    JsonNode job = get("/v1/jobs/" + id + "?wait=60s").json();
    assertThat(job.get("state").asString()).isEqualTo("DEAD");
    assertThat(job.get("deathReason").asString()).isEqualTo("BURIED");
    assertThat(job.at("/attempts/0/outcome").asString()).isEqualTo("FAILED");
    assertThat(job.at("/attempts/0/error").asString()).contains("no use");
  }

  /// A handler, a worker or a receiver writes into it what it likes.
  @Test
  void errorsAreForThoseWhoMaySeePayloads() {
    JobId id = enqueue("dead");
    get("/v1/jobs/" + id + "?wait=60s");
    for (String path : List.of("/v1/jobs/" + id, "/v1/jobs?queue=dead&state=DEAD")) {
      HttpProbe.Answer answer = probe.get(path, "Authorization", "Bearer meta");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.text())
          .contains("\"deathReason\":\"BURIED\"", "\"outcome\":\"FAILED\"", "\"endedAt\":")
          .doesNotContain("no use", "\"error\"");
      assertThat(get(path).text()).contains("no use");
    }
  }

  @Test
  void listsArePagedAcrossQueuesAndStates() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.add(enqueue("mail").toString());
      ids.add(enqueue("other").toString());
    }
    ids.add(
        enqueue("mail", "1", EnqueueOptions.defaults().withDelay(Duration.ofHours(1))).toString());
    List<String> found = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = get("/v1/jobs?limit=2" + cursor).json();
      assertThat(page.get("jobs").size()).isLessThanOrEqualTo(2);
      page.get("jobs").forEach(job -> found.add(job.get("id").asString()));
      cursor = page.has("next") ? "&cursor=" + page.get("next").asString() : "";
    } while (!cursor.isEmpty());
    assertThat(found).containsExactlyInAnyOrderElementsOf(ids);
    assertThat(get("/v1/jobs?queue=mail&state=scheduled").json().get("jobs")).hasSize(1);
    assertThat(get("/v1/jobs?queue=mail&type=none").json().get("jobs")).isEmpty();
  }

  @Test
  void jobsAreFoundByKeyAndId() {
    JobId id = enqueue("mail", "1", EnqueueOptions.defaults().withKey("order-17"));
    enqueue("mail");
    for (String query :
        List.of("key=order-17", "queue=mail&key=order-17", "q=" + id, "q=der-1", "q=order-17")) {
      JsonNode jobs = get("/v1/jobs?" + query).json().get("jobs");
      assertThat(jobs).as(query).hasSize(1);
      assertThat(jobs.get(0).get("id").asString()).isEqualTo(id.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"limit=0", "limit=x", "state=GONE", "cursor=x", "cursor=bWFpbHxSRUFEWXx4eA", "q="})
  void badQueriesAreNamed(String query) {
    HttpProbe.Answer answer = get("/v1/jobs?queue=mail&" + query);
    assertThat(answer.status()).as(answer.text()).isEqualTo(422);
    assertThat(answer.json().at("/errors/0/pointer").asString())
        .isEqualTo("?" + query.substring(0, query.indexOf('=')));
  }

  @Test
  void anUnknownQueueIsNotFound() {
    assertThat(get("/v1/jobs?queue=nobody").reason()).isEqualTo("unknown-queue");
    assertThat(post("/v1/jobs:cancel", "{\"queue\":\"nobody\"}").reason())
        .isEqualTo("unknown-queue");
  }

  @Test
  void aWaitingJobIsCancelledRunAgainAndDeleted() {
    JobId id = enqueue("mail", "1", EnqueueOptions.defaults().withDelay(Duration.ofHours(1)));
    assertThat(post("/v1/jobs/" + id + ":run-now", "").json().get("state").asString())
        .isEqualTo("READY");
    assertThat(post("/v1/jobs/" + id + ":retry", "").status()).isEqualTo(409);
    assertThat(post("/v1/jobs/" + id + ":cancel", "").json().get("state").asString())
        .isEqualTo("CANCELLED");
    assertThat(post("/v1/jobs/" + id + ":run-now", "").reason()).isEqualTo("wrong-state");
    assertThat(post("/v1/jobs/" + id + ":retry", "").json().get("state").asString())
        .isEqualTo("READY");
    assertThat(delete(id).status()).isEqualTo(204);
    assertThat(delete(id).status()).isEqualTo(404);
  }

  @Test
  void aRunningJobIsAskedToStop() throws Exception {
    JobId id = enqueue("work");
    started.await();
    assertThat(delete(id).status()).isEqualTo(409);
    HttpProbe.Answer answer = post("/v1/jobs/" + id + ":cancel", "");
    assertThat(answer.status()).isEqualTo(202);
    assertThat(get("/v1/jobs/" + id + "?wait=60s").json().get("state").asString())
        .isEqualTo("CANCELLED");
  }

  @Test
  void aRetryNeedsRoom() {
    JobId id = enqueue("mail");
    post("/v1/jobs/" + id + ":cancel", "");
    for (int i = 0; i < 100; i++) {
      enqueue("mail");
    }
    HttpProbe.Answer answer = post("/v1/jobs/" + id + ":retry", "");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.reason()).isEqualTo("no-room");
    assertThat(answer.header("Retry-After")).hasValue("5");
  }

  @Test
  void manyAreCountedAndThenSteered() {
    for (int i = 0; i < 7; i++) {
      enqueue("mail", "1", EnqueueOptions.defaults().withKey("k" + i));
    }
    JsonNode preview =
        post("/v1/jobs:cancel", "{\"queue\":\"mail\",\"dryRun\":true,\"limit\":5}").json();
    assertThat(preview.get("matched").asInt()).isEqualTo(5);
    assertThat(preview.get("done").asInt()).isZero();
    assertThat(preview.get("more").asBoolean()).isTrue();
    JsonNode first = post("/v1/jobs:cancel", "{\"queue\":\"mail\",\"limit\":5}").json();
    assertThat(first.get("done").asInt()).isEqualTo(5);
    JsonNode second =
        post(
                "/v1/jobs:cancel",
                "{\"queue\":\"mail\",\"cursor\":\"" + first.get("next").asString() + "\"}")
            .json();
    assertThat(second.get("done").asInt()).isEqualTo(2);
    assertThat(second.get("more").asBoolean()).isFalse();
    assertThat(
            post("/v1/jobs:retry", "{\"queue\":\"mail\",\"state\":\"CANCELLED\",\"key\":\"k3\"}")
                .json()
                .get("done")
                .asInt())
        .isEqualTo(1);
    assertThat(post("/v1/jobs:delete", "{\"queue\":\"mail\"}").json().get("done").asInt())
        .isEqualTo(6);
    assertThat(get("/v1/jobs?queue=mail").json().get("jobs")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"queue\":1}",
        "{\"queue\":\"mail\",\"limit\":0}",
        "{\"queue\":\"mail\",\"states\":\"x\"}",
        "{\"queue\":\"mail\",\"cursor\":\"x\"}"
      })
  void badFiltersAreNamed(String body) {
    assertThat(post("/v1/jobs:cancel", body).status()).isEqualTo(422);
  }

  @Test
  void oversizedFiltersAreRefused() {
    assertThat(post("/v1/jobs:cancel", " ".repeat(100_000)).status()).isEqualTo(413);
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aPayloadOfAProgramIsShownAsJsonOnlyWhenItCanStandInJson() {
    byte[][] payloads = {
      "\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_8),
      "{\"a\":1}".getBytes(StandardCharsets.UTF_16),
      "{\"a\":1}".getBytes(StandardCharsets.UTF_16LE),
      "7".getBytes(StandardCharsets.UTF_16BE),
      {'"', (byte) 0xe4, '"'},
      "1 2".getBytes(StandardCharsets.UTF_8),
    };
    for (byte[] payload : payloads) {
      JobId id = enqueue("mail", payload, EnqueueOptions.defaults());
      JsonNode job = probe.get("/v1/jobs/" + id, "Authorization", "Bearer all").json();
      assertThat(job.path("payloadBase64").asString(""))
          .isEqualTo(Base64.getEncoder().encodeToString(payload));
    }
    JobId id = enqueue("mail", " {\"a\": 1.00}\n", EnqueueOptions.defaults());
    assertThat(probe.get("/v1/jobs/" + id, "Authorization", "Bearer all").text())
        .contains("\"payload\": {\"a\": 1.00}");
  }
}
