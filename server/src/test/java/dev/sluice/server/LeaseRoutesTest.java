package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Environment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class LeaseRoutesTest {
  private static final String LEASE = "/v1/queues/mail/jobs:lease";

  private HttpProbe probe;

  @BeforeEach
  void start() {
    QueueSpec never =
        QueueSpec.read(SluiceServer.mapper().readTree("{\"retry\": {\"delay\": \"0s\"}}"), "");
    probe =
        HttpProbe.start(
            ServerConfig.defaults()
                .withQueues(new QueueList(Map.of("mail", never), Optional.empty())),
            Callers.everybody(),
            UnaryOperator.identity());
  }

  @AfterEach
  void stop() {
    // What is still leased is not waited for.
    probe.sluice().close(Duration.ZERO);
    probe.close();
  }

  private String enqueue(String json) {
    HttpProbe.Answer answer = probe.post("/v1/queues/mail/jobs", json);
    assertThat(answer.status()).isEqualTo(202);
    return answer.json().get("id").asString();
  }

  private List<JsonNode> lease(int max) {
    HttpProbe.Answer answer =
        probe.post(LEASE, "{\"max\": " + max + ", \"lease\": \"30s\", \"wait\": \"20s\"}");
    assertThat(answer.status()).isEqualTo(200);
    List<JsonNode> jobs = new ArrayList<>();
    answer.json().get("jobs").forEach(jobs::add);
    return jobs;
  }

  private static String token(JsonNode job) {
    return job.at("/lease/token").asString();
  }

  private String state(String id) {
    return probe.sluice().find(dev.sluice.job.JobId.parse(id)).orElseThrow().view().state().name();
  }

  @Test
  void aJobIsLeasedExtendedAndCompleted() {
    String id =
        enqueue("{\"type\": \"t\", \"payload\": {\"n\": 1.00}, \"headers\": {\"a\": \"b\"}}");
    JsonNode job = lease(5).getFirst();
    assertThat(job.get("id").asString()).isEqualTo(id);
    assertThat(job.get("queue").asString()).isEqualTo("mail");
    assertThat(job.get("type").asString()).isEqualTo("t");
    assertThat(job.get("attempt").asInt()).isEqualTo(1);
    assertThat(job.get("epoch").asLong()).isPositive();
    assertThat(job.at("/headers/a").asString()).isEqualTo("b");
    assertThat(job.at("/payload/n").asDouble()).isEqualTo(1.0);

    JsonNode extended =
        probe
            .post(
                "/v1/leases/" + token(job) + ":extend",
                "{\"lease\": \"1m\", \"progress\": 0.5, \"message\": \"half\"}")
            .json();
    assertThat(extended.get("cancelRequested").asBoolean()).isFalse();
    assertThat(extended.get("quiet").asBoolean()).isFalse();
    assertThat(probe.sluice().running().getFirst().message()).isEqualTo("half");

    assertThat(probe.post("/v1/leases/" + token(job) + ":complete", "").status()).isEqualTo(204);
    assertThat(state(id)).isEqualTo("SUCCEEDED");
    assertThat(probe.post("/v1/leases/" + token(job) + ":extend", "{}").reason())
        .isEqualTo("lease-lost");
    assertThat(probe.post("/v1/leases/" + token(job) + ":fail", "{}").status()).isEqualTo(409);
  }

  @Test
  void aSlowEngineMakesNoLeaseLonger() throws Exception {
    HeldEngine held =
        new HeldEngine((method, answer) ->
            method.equals("extend") && answer instanceof List<?> leases && !leases.isEmpty());
    AtomicLong ahead = new AtomicLong();
    Environment system = Environment.system();
    Environment.Clock clock =
        new Environment.Clock() {
          @Override
          public long wallMillis() {
            return system.clock().wallMillis() + ahead.get();
          }

          @Override
          public long monotonicNanos() {
            return system.clock().monotonicNanos();
          }
        };
    try (HttpProbe slow =
        HttpProbe.start(held.engine(), new Environment(clock, system.random(), system.threads()))) {
      slow.post("/v1/queues/mail/jobs", "{}");
      JsonNode job = slow.post(LEASE, "{\"wait\": \"20s\"}").json().get("jobs").get(0);
      CompletableFuture<HttpProbe.Answer> extended =
          CompletableFuture.supplyAsync(
              () -> slow.post("/v1/leases/" + token(job) + ":extend", "{\"lease\": \"1m\"}"));
      held.awaitHeld();
      ahead.set(Duration.ofHours(1).toMillis());
      held.letGo();
      assertThat(Instant.parse(extended.join().json().get("expiresAt").asString()))
          .isBefore(Instant.ofEpochMilli(clock.wallMillis()));
      slow.sluice().close(Duration.ZERO);
    }
  }

  @Test
  void thePayloadComesAsItWasSent() throws Exception {
    enqueue("{\"payload\": {\"n\": 1.00, \"big\": 12345678901234567890.10}}");
    HttpProbe.Answer answer = probe.post(LEASE, "{\"wait\": \"20s\"}");
    assertThat(answer.text()).contains("{\"n\": 1.00, \"big\": 12345678901234567890.10}");
    assertThat(JsonMapper.shared().readTree(answer.text()).get("jobs")).hasSize(1);
  }

  @Test
  void waysToEnd() {
    String failed = enqueue("{\"maxAttempts\": 1}");
    assertThat(
            probe
                .post("/v1/leases/" + token(lease(1).getFirst()) + ":fail", "{\"error\": \"bad\"}")
                .status())
        .isEqualTo(204);
    assertThat(state(failed)).isEqualTo("DEAD");

    String buried = enqueue("{}");
    probe.post(
        "/v1/leases/" + token(lease(1).getFirst()) + ":fail", "{\"error\": \"x\", \"bury\": true}");
    assertThat(state(buried)).isEqualTo("DEAD");

    String later = enqueue("{}");
    probe.post("/v1/leases/" + token(lease(1).getFirst()) + ":fail", "{\"retryAfter\": \"1h\"}");
    assertThat(state(later)).isEqualTo("SCHEDULED");

    String snoozed = enqueue("{}");
    probe.post("/v1/leases/" + token(lease(1).getFirst()) + ":snooze", "{\"pause\": \"1h\"}");
    assertThat(state(snoozed)).isEqualTo("SCHEDULED");

    enqueue("{}");
    JsonNode first = lease(1).getFirst();
    assertThat(probe.post("/v1/leases/" + token(first) + ":release", "").status()).isEqualTo(204);
    JsonNode second = lease(1).getFirst();
    assertThat(second.get("id")).isEqualTo(first.get("id"));
    assertThat(second.get("attempt").asInt()).isEqualTo(1);
    assertThat(second.get("epoch").asLong()).isGreaterThan(first.get("epoch").asLong());
    assertThat(probe.post("/v1/leases/" + token(first) + ":complete", "").reason())
        .isEqualTo("lease-lost");
  }

  @Test
  void manyAtOnceEachWithItsAnswer() {
    for (int i = 0; i < 3; i++) {
      enqueue("{}");
    }
    List<JsonNode> jobs = new ArrayList<>();
    while (jobs.size() < 3) {
      jobs.addAll(lease(3));
    }
    String list =
        "{\"leases\": [{\"token\": \"%s\"}, {\"token\": \"made-up\"}, {\"token\": \"%s\"}]}"
            .formatted(token(jobs.get(0)), token(jobs.get(1)));
    JsonNode extended = probe.post("/v1/leases:extend", list).json().get("results");
    assertThat(extended.findValues("status").stream().map(JsonNode::asInt))
        .containsExactly(200, 409, 200);
    JsonNode done = probe.post("/v1/leases:complete", list).json().get("results");
    assertThat(done.findValues("status").stream().map(JsonNode::asInt))
        .containsExactly(204, 409, 204);
    assertThat(done.get(1).get("reason").asString()).isEqualTo("lease-lost");
    HttpProbe.Answer bad = probe.post("/v1/leases:snooze", "{\"leases\": [{\"token\": \"a\"}]}");
    assertThat(bad.json().at("/errors/0/pointer").asString()).isEqualTo("/leases/0/pause");
    assertThat(probe.post("/v1/leases:fail", "{}").status()).isEqualTo(422);
  }

  @Test
  void aMadeUpTokenIsALostLease() {
    enqueue("{}");
    String good = token(lease(1).getFirst());
    String bent = (good.charAt(0) == 'A' ? "B" : "A") + good.substring(1);
    for (String token : List.of(bent, good + "AAAA", "x", "A".repeat(400))) {
      assertThat(probe.post("/v1/leases/" + token + ":complete", "").reason())
          .isEqualTo("lease-lost");
    }
    assertThat(probe.post("/v1/leases/" + good + ":complete", "").status()).isEqualTo(204);
  }

  @Test
  void askedForTooMuch() {
    for (String bad :
        List.of(
            "{\"max\": 0}",
            "{\"max\": 1001}",
            "{\"lease\": \"1ms\"}",
            "{\"wait\": \"61s\"}",
            "{\"hm\": 1}")) {
      assertThat(probe.post(LEASE, bad).status()).as(bad).isEqualTo(422);
    }
    assertThat(probe.post(LEASE, "{").status()).isEqualTo(400);
    assertThat(probe.post("/v1/queues/nope/jobs:lease", "{}").status()).isEqualTo(404);
    assertThat(probe.post(LEASE, "{}").json().get("jobs")).isEmpty();
  }

  @Test
  void aWaitingWorkerGetsTheJobThatComes() {
    CompletableFuture<List<JsonNode>> waiting = CompletableFuture.supplyAsync(() -> lease(1));
    String id = enqueue("{}");
    assertThat(waiting.join().getFirst().get("id").asString()).isEqualTo(id);
  }

  @Test
  void concurrentWorkersGetEachJobOnce() {
    int jobs = 60;
    ConcurrentSkipListSet<String> seen = new ConcurrentSkipListSet<>();
    for (int i = 0; i < jobs; i++) {
      enqueue("{}");
    }
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      workers.add(
          Thread.ofVirtual()
              .start(() -> {
                while (seen.size() < jobs) {
                  for (JsonNode job : leaseSoon(4)) {
                    assertThat(seen.add(job.get("id").asString())).isTrue();
                    probe.post("/v1/leases/" + token(job) + ":complete", "");
                  }
                }
              }));
    }
    workers.forEach(worker -> {
      try {
        worker.join();
      } catch (InterruptedException stopped) {
        throw new AssertionError(stopped);
      }
    });
    assertThat(probe.sluice().status("mail").counts().succeeded()).isEqualTo(jobs);
  }

  private List<JsonNode> leaseSoon(int max) {
    List<JsonNode> jobs = new ArrayList<>();
    probe.post(LEASE, "{\"max\": " + max + "}").json().get("jobs").forEach(jobs::add);
    return jobs;
  }

  @Test
  void aStopEndsTheWaitAndTellsWorkers() {
    enqueue("{}");
    JsonNode job = lease(1).getFirst();
    CompletableFuture<HttpProbe.Answer> waiting =
        CompletableFuture.supplyAsync(() -> probe.post(LEASE, "{\"wait\": \"60s\"}"));
    while (probe.server().live().leases().count() < 1) {
      Thread.onSpinWait();
    }
    probe.server().quiet();
    // An empty answer would be asked for again at once.
    isTurnedAway(waiting.join());
    isTurnedAway(probe.post(LEASE, "{\"wait\": \"60s\"}"));
    assertThat(
            probe
                .post("/v1/leases/" + token(job) + ":extend", "{}")
                .json()
                .get("quiet")
                .asBoolean())
        .isTrue();
    assertThat(probe.post("/v1/leases/" + token(job) + ":complete", "").status()).isEqualTo(204);
  }

  private static void isTurnedAway(HttpProbe.Answer answer) {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.reason()).isEqualTo("stopping");
    assertThat(answer.header("Retry-After")).hasValue("5");
  }

  @Test
  void aPausedQueueMakesItsWorkersQuietAndACancelReachesThem() {
    String id = enqueue("{}");
    JsonNode job = lease(1).getFirst();
    probe.post("/v1/queues/mail:pause", "");
    probe.sluice().cancel(dev.sluice.job.JobId.parse(id));
    JsonNode told = probe.post("/v1/leases/" + token(job) + ":extend", "{}").json();
    assertThat(told.get("quiet").asBoolean()).isTrue();
    assertThat(told.get("cancelRequested").asBoolean()).isTrue();
  }
}
