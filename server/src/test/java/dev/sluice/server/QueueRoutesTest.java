package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.webhook.Reach;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class QueueRoutesTest {
  private static HttpProbe start(String queues) {
    QueueList list = QueueList.read(SluiceServer.mapper().readTree(queues), "/queues");
    return HttpProbe.start(
        ServerConfig.defaults().withQueues(list), Callers.everybody(), UnaryOperator.identity());
  }

  private static Callers only(Scope scope, String... queues) {
    Caller caller =
        new Caller(
            "somebody",
            EnumSet.of(scope),
            queues.length == 0 ? Optional.empty() : Optional.of(Set.of(queues)));
    return new Callers() {
      @Override
      public boolean isOpen() {
        return false;
      }

      @Override
      public Optional<Caller> of(String token) {
        return token.equals("good") ? Optional.of(caller) : Optional.empty();
      }
    };
  }

  @Test
  void aQueueShowsWhatItHoldsAndWhatHolds() {
    try (HttpProbe probe = start("{\"mail\": {\"concurrency\": 2}}")) {
      probe.post("/v1/queues/mail/jobs", "{\"payload\": 12345}");
      JsonNode mail = probe.get("/v1/queues/mail").json();
      assertThat(mail.at("/origin").asString()).isEqualTo("configured");
      assertThat(mail.at("/counts/READY").asInt()).isEqualTo(1);
      assertThat(mail.at("/waitingBytes").asInt()).isEqualTo(5);
      assertThat(mail.at("/oldestWaitingAge").isString()).isTrue();
      assertThat(mail.at("/totals/accepted").asInt()).isEqualTo(1);
      assertThat(mail.at("/policy/effective/concurrency").asInt()).isEqualTo(2);
      assertThat(probe.get("/v1/queues").json().at("/queues").findValuesAsString("name"))
          .containsExactly("default", "mail");
      assertThat(probe.get("/v1/queues/nope").reason()).isEqualTo("unknown-queue");
    }
  }

  @Test
  void theNameOfTheTemplateIsNoQueues() {
    try (HttpProbe probe = start("{\"auto-create\": {}}")) {
      for (String name : List.of("auto-create", "autoCreate")) {
        assertThat(probe.put("/v1/queues/" + name, "{}").status()).isEqualTo(404);
        assertThat(probe.post("/v1/queues/" + name + "/jobs", "{}").status()).isEqualTo(404);
      }
      assertThat(probe.post("/v1/queues/auto/jobs", "{}").status()).isEqualTo(202);
      assertThat(probe.sluice().queues()).containsExactlyInAnyOrder("auto", "default");
    }
  }

  @Test
  void whatHoldsIsKnownBeforeTheServerStarts() {
    ServerConfig config =
        ServerConfig.defaults()
            .withQueues(
                QueueList.read(
                    SluiceServer.mapper().readTree("{\"mail\": {\"maxCrashes\": 2}}"), "/queues"));
    try (HttpProbe probe = start("{\"mail\": {\"maxCrashes\": 2}}")) {
      probe.put("/v1/queues/mail", "{\"maxCrashes\": 7}");
      probe.put("/v1/queues/made", "{\"maxCrashes\": 9}");

      Map<String, QueuePolicy> policies =
          SluiceServer.policies(config, probe.sluice().remembered());

      assertThat(policies.get("mail").maxCrashes()).isEqualTo(7);
      assertThat(policies.get("made").maxCrashes()).isEqualTo(9);
      assertThat(policies).containsOnlyKeys("default", "mail", "made");
      assertThat(SluiceServer.policies(config, Map.of()).get("mail").maxCrashes()).isEqualTo(2);
      assertThat(SluiceServer.policies(config, Map.of("queue/mail", "{nonsense"))).hasSize(2);
    }
  }

  @Test
  void aQueueTooManyIsNotKept() {
    try (HttpProbe probe = start("{\"auto-create\": {\"max\": 1000}}")) {
      for (int i = probe.sluice().queues().size(); i < 1000; i++) {
        probe.sluice().define("q" + i, QueuePolicy.defaults(), Delivery.pull());
      }
      HttpProbe.Answer enqueued = probe.post("/v1/queues/one-more/jobs", "{\"payload\": 1}");
      assertThat(enqueued.status()).isEqualTo(409);
      assertThat(enqueued.reason()).isEqualTo("too-many-queues");
      assertThat(probe.put("/v1/queues/one-more", "{}").reason()).isEqualTo("too-many-queues");
      assertThat(probe.sluice().remembered()).isEmpty();
      assertThat(probe.get("/v1/queues/one-more").status()).isEqualTo(404);
    }
  }

  @Test
  void anOverrideHoldsUntilItIsReset() {
    try (HttpProbe probe = start("{\"mail\": {\"concurrency\": 2, \"rate\": \"5/s\"}}")) {
      JsonNode put = probe.put("/v1/queues/mail", "{\"concurrency\": 7}").json();
      assertThat(put.at("/policy/configured/concurrency").asInt()).isEqualTo(2);
      assertThat(put.at("/policy/override").toString()).isEqualTo("{\"concurrency\":7}");
      assertThat(put.at("/policy/effective/concurrency").asInt()).isEqualTo(7);
      assertThat(put.at("/policy/effective/rate").asString()).isEqualTo("5/s");
      assertThat(probe.sluice().status("mail").policy().concurrency()).isEqualTo(7);
      assertThat(probe.sluice().remembered()).containsKey("queue/mail");

      assertThat(probe.delete("/v1/queues/mail").status()).isEqualTo(204);
      JsonNode reset = probe.get("/v1/queues/mail").json();
      assertThat(reset.at("/policy/effective/concurrency").asInt()).isEqualTo(2);
      assertThat(reset.at("/policy/override").isMissingNode()).isTrue();
      assertThat(probe.sluice().remembered()).doesNotContainKey("queue/mail");
    }
  }

  @Test
  void whatBreaksARuleChangesNothing() {
    try (HttpProbe probe = start("{\"mail\": {}}")) {
      HttpProbe.Answer answer = probe.put("/v1/queues/mail", "{\"retry\": {\"jitter\": 2}}");
      assertThat(answer.status()).isEqualTo(422);
      assertThat(answer.json().at("/errors/0/pointer").asString()).isEqualTo("/retry/jitter");
      assertThat(probe.put("/v1/queues/mail", "[").status()).isEqualTo(400);
      assertThat(probe.put("/v1/queues/mail", "[]").status()).isEqualTo(422);
      assertThat(probe.put("/v1/queues/mail", " ".repeat(70_000)).status()).isEqualTo(413);
      assertThat(probe.put("/v1/queues/a%20b", "{}").status()).isEqualTo(404);
      assertThat(probe.post("/v1/queues/a%20b/jobs", "{}").text()).contains("a queue is named by");
      assertThat(probe.sluice().remembered()).isEmpty();
      HttpProbe.Answer inside =
          probe.put(
              "/v1/queues/mail",
              "{\"delivery\": {\"webhook\": {\"url\": \"https://127.0.0.1/x\"}}}");
      assertThat(inside.status()).isEqualTo(422);
      assertThat(inside.json().at("/errors/0/pointer").asString())
          .isEqualTo("/delivery/webhook/url");
    }
  }

  @Test
  void aQueueIsMadeAndGoesWhenItIsEmpty() {
    try (HttpProbe probe = start("{}")) {
      assertThat(probe.put("/v1/queues/extra", "{\"concurrency\": 1}").status()).isEqualTo(201);
      assertThat(probe.put("/v1/queues/extra", "{\"concurrency\": 3}").status()).isEqualTo(200);
      probe.post("/v1/queues/extra/jobs", "{}");
      assertThat(probe.delete("/v1/queues/extra").status()).isEqualTo(409);
      assertThat(probe.post("/v1/queues/extra:purge", "").json().get("cancelled").asInt())
          .isEqualTo(1);
      assertThat(probe.delete("/v1/queues/extra").status()).isEqualTo(204);
      assertThat(probe.get("/v1/queues/extra").status()).isEqualTo(404);
      assertThat(probe.delete("/v1/queues/extra").status()).isEqualTo(404);
    }
  }

  @Test
  void changesAreInForceAgainAfterARestart() {
    try (HttpProbe probe = start("{\"mail\": {}}")) {
      probe.put("/v1/queues/mail", "{\"concurrency\": 7}");
      probe.put("/v1/queues/extra", "{\"concurrency\": 3}");
      Map<String, String> kept = probe.sluice().remembered();
      try (Sluice sluice = Sluice.on(MemoryEngine.open()).start()) {
        kept.forEach(sluice::remember);
        sluice.remember("queue/unfit", "{\"origin\":\"created\",\"override\":{\"x\":1}}");
        sluice.remember("queue/other", "{\"origin\":\"configured\",\"override\":{}}");
        try (QueueBook again = open(sluice)) {
          assertThat(again.require("mail").effective().policy().concurrency()).isEqualTo(7);
          assertThat(again.require("mail").base().policy().concurrency()).isEqualTo(16);
          assertThat(again.require("extra").origin()).isEqualTo(QueueBook.Origin.CREATED);
          assertThat(again.find("unfit")).isEmpty();
          assertThat(again.find("other")).isEmpty();
        }
        // The same engine and Sluice, another server.
        try (QueueBook again = open(sluice)) {
          assertThat(again.require("extra").origin()).isEqualTo(QueueBook.Origin.CREATED);
          assertThat(again.require("extra").effective().policy().concurrency()).isEqualTo(3);
        }
      }
    }
  }

  private static QueueBook open(Sluice sluice) {
    return QueueBook.open(
        QueueList.read(SluiceServer.mapper().readTree("{\"mail\": {}}"), ""),
        sluice,
        new WebhookDeliveries(Reach.internet(), Environment.system(), (_, _) -> {}),
        SluiceServer.mapper());
  }

  @Test
  void pauseAndResume() {
    try (HttpProbe probe = start("{\"mail\": {}}")) {
      assertThat(probe.post("/v1/queues/mail:pause", "").json().get("paused").asBoolean()).isTrue();
      assertThat(probe.post("/v1/queues/mail:resume", "").json().get("paused").asBoolean())
          .isFalse();
      assertThat(probe.post("/v1/queues/nope:pause", "").status()).isEqualTo(404);
    }
  }

  @Test
  void aQueueComesToBeWhenAWorkerAsksForItAndNoMoreThanAllowed() throws Exception {
    try (HttpProbe probe =
        start("{\"auto-create\": {\"max\": 2, \"template\": {\"concurrency\": 3}}}")) {
      ConcurrentLinkedQueue<Integer> answers = new ConcurrentLinkedQueue<>();
      List<Thread> threads =
          IntStream.range(0, 8)
              .mapToObj(i ->
                  Thread.ofVirtual()
                      .start(() ->
                          answers.add(
                              probe
                                  .post(
                                      "/v1/queues/auto" + i % 4 + "/jobs" + (i < 4 ? ":lease" : ""),
                                      "{}")
                                  .status())))
              .toList();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(answers).containsOnly(200, 202, 404).hasSize(8);
      List<String> names = probe.get("/v1/queues").json().at("/queues").findValuesAsString("name");
      assertThat(names).hasSize(3).contains("default");
      String made = names.stream().filter(name -> name.startsWith("auto")).findAny().orElseThrow();
      JsonNode queue = probe.get("/v1/queues/" + made).json();
      assertThat(queue.get("origin").asString()).isEqualTo("auto");
      assertThat(queue.at("/policy/effective/concurrency").asInt()).isEqualTo(3);
      assertThat(probe.sluice().remembered()).containsKey("queue/" + made);
      // What is still leased is not waited for.
      probe.sluice().close(Duration.ZERO);
    }
  }

  @Test
  void whatIsNoJobMakesNoQueue() {
    try (HttpProbe probe = start("{\"auto-create\": {\"max\": 2}}")) {
      String jobs = "/v1/queues/fresh/jobs";
      String[] lines = {"Content-Type", "application/x-ndjson"};
      assertThat(probe.post(jobs, "{").status()).isEqualTo(400);
      assertThat(probe.post(jobs, "{\"delay\": \"soon\"}").status()).isEqualTo(422);
      assertThat(probe.post(jobs + "?delay=soon", "x", "Content-Type", "text/plain").status())
          .isEqualTo(422);
      assertThat(probe.post(jobs, "{\n{\"delay\": \"soon\"}\n", lines).lines())
          .extracting(line -> line.at("/error/status").asInt())
          .containsExactly(400, 422);
      assertThat(probe.post("/v1/queues/a%20b/jobs", "{}\n", lines).status()).isEqualTo(404);
      assertThat(probe.get("/v1/queues/fresh").status()).isEqualTo(404);
      assertThat(probe.sluice().remembered()).isEmpty();

      assertThat(probe.post(jobs, "{\n{}\n{}\n", lines).lines())
          .extracting(line -> line.path("state").asString(""))
          .containsExactly("", "READY", "READY");
      assertThat(probe.post("/v1/queues/second/jobs", "{}").status()).isEqualTo(202);
      JsonNode line = probe.post("/v1/queues/third/jobs", "{}\n", lines).lines().getFirst();
      assertThat(line.at("/error/reason").asString()).isEqualTo("unknown-queue");
      assertThat(probe.post("/v1/queues/third/jobs", "{}").status()).isEqualTo(404);
    }
  }

  @Test
  void whatAsksForNoJobsMakesNoQueue() {
    try (HttpProbe probe = start("{\"auto-create\": {\"max\": 2}}")) {
      String lease = "/v1/queues/fresh/jobs:lease";
      assertThat(probe.post(lease, "{").status()).isEqualTo(400);
      assertThat(probe.post(lease, "{\"max\": 0}").status()).isEqualTo(422);
      assertThat(probe.post(lease, "{\"hm\": 1}").status()).isEqualTo(422);
      assertThat(probe.get("/v1/queues/fresh").status()).isEqualTo(404);
      assertThat(probe.sluice().remembered()).isEmpty();

      assertThat(probe.post(lease, "{}").status()).isEqualTo(200);
      assertThat(probe.get("/v1/queues/fresh").status()).isEqualTo(200);
    }
  }

  @Test
  void onlyWhoMayChangeAQueueSeesThePathOfItsUrl() {
    String webhook =
        "{\"delivery\": {\"webhook\": {\"url\": \"https://example.org/in/canary?a=hush\"}}}";
    Callers callers =
        new ListedCallers(
            Map.of(
                "reader", ListedCallers.everywhere(Scope.READ),
                "operator", ListedCallers.everywhere(Scope.OPERATE),
                "admin", ListedCallers.everywhere(Scope.ADMIN)));
    QueueList list =
        QueueList.read(SluiceServer.mapper().readTree("{\"mail\": " + webhook + "}"), "/queues");
    try (HttpProbe probe =
        HttpProbe.start(
            ServerConfig.defaults().withQueues(list), callers, UnaryOperator.identity())) {
      String[] admin = {"Authorization", "Bearer admin"};
      probe.put("/v1/queues/mail", webhook.replace("hush", "sh"), admin);
      for (String path : List.of("/v1/queues", "/v1/queues/mail")) {
        assertThat(probe.get(path, admin).text())
            .contains("\"url\":\"https://example.org/in/canary?***\"")
            .doesNotContain("example.org/...")
            .doesNotContain("hush");
        for (String token : List.of("reader", "operator")) {
          assertThat(probe.get(path, "Authorization", "Bearer " + token).text())
              .contains("\"configured\"", "\"override\"", "\"effective\"")
              .contains("\"url\":\"https://example.org/...\"")
              .doesNotContain("canary");
        }
      }
    }
  }

  @Test
  void scopesAndQueuesOfTheTokenHold() {
    ServerConfig config =
        ServerConfig.defaults()
            .withQueues(
                new QueueList(
                    Map.of("mail", QueueSpec.defaults(), "news", QueueSpec.defaults()),
                    Optional.empty()));
    String[] token = {"Authorization", "Bearer good"};
    try (HttpProbe probe =
        HttpProbe.start(config, only(Scope.OPERATE, "mail"), UnaryOperator.identity())) {
      assertThat(probe.get("/v1/queues").status()).isEqualTo(401);
      assertThat(probe.get("/v1/queues", token).json().at("/queues").findValuesAsString("name"))
          .containsExactly("mail");
      assertThat(probe.get("/v1/queues/news", token).status()).isEqualTo(403);
      assertThat(probe.post("/v1/queues/mail:pause", "", token).status()).isEqualTo(200);
      assertThat(probe.post("/v1/queues/news:pause", "", token).status()).isEqualTo(403);
      assertThat(probe.put("/v1/queues/mail", "{}", token).status()).isEqualTo(403);
      assertThat(probe.delete("/v1/queues/mail", token).status()).isEqualTo(403);
      assertThat(probe.post("/v1/queues/mail/jobs:lease", "{}", token).status()).isEqualTo(403);
      assertThat(probe.put("/v1/schedules/s", "{\"every\": \"1m\"}", token).status())
          .isEqualTo(403);
      assertThat(probe.get("/metrics").status()).isEqualTo(401);
      assertThat(probe.get("/metrics", token).status()).isEqualTo(403);
    }
  }

  @Test
  void aVerbIsNoPartOfAName() {
    try (HttpProbe probe = HttpProbe.start()) {
      for (String path : List.of("/v1/queues/mail:pause", "/v1/jobs/x:cancel", "/v1/jobs:retry")) {
        HttpProbe.Answer answer = probe.get(path);
        assertThat(answer.status()).as(path).isEqualTo(405);
        assertThat(answer.header("Allow")).hasValue("POST");
      }
    }
  }
}
