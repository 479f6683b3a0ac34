package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class HealthRoutesTest {
  @Test
  void aServerLivesAndIsReadyUntilItStops() {
    try (HttpProbe probe = HttpProbe.start()) {
      assertThat(probe.get("/health/live").json().get("status").asString()).isEqualTo("live");
      assertThat(probe.get("/health/ready").json().get("status").asString()).isEqualTo("ready");
      probe.sluice().close(Duration.ZERO);
      HttpProbe.Answer ready = probe.get("/health/ready");
      assertThat(ready.status()).isEqualTo(503);
      assertThat(ready.json().at("/reasons/0").asString()).isEqualTo("shutting down");
      assertThat(probe.get("/health/live").status()).isEqualTo(200);
    }
  }

  @Test
  void onlyWhoMayReadIsToldWhy() {
    Callers callers =
        new Callers() {
          @Override
          public boolean isOpen() {
            return false;
          }

          @Override
          public Optional<Caller> of(String token) {
            Scope scope = token.equals("worker") ? Scope.WORK : Scope.READ;
            Optional<Set<String>> queues =
                token.equals("one-queue") ? Optional.of(Set.of("default")) : Optional.empty();
            return Optional.of(new Caller(token, EnumSet.of(scope), queues));
          }

          @Override
          public Optional<Duration> delay(Caller caller) {
            return caller.name().equals("hasty")
                ? Optional.of(Duration.ofSeconds(1))
                : Optional.empty();
          }
        };
    try (HttpProbe probe = HttpProbe.start(ServerConfig.defaults(), callers, builder -> builder)) {
      assertThat(probe.get("/health/ready").json().has("reasons")).isFalse();
      assertThat(probe.get("/health/ready", "Authorization", "Bearer worker").json().has("reasons"))
          .isFalse();
      assertThat(probe.get("/health/ready", "Authorization", "Bearer reader").json().has("reasons"))
          .isTrue();
      for (String less : List.of("one-queue", "hasty")) {
        HttpProbe.Answer answer = probe.get("/health/ready", "Authorization", "Bearer " + less);
        assertThat(answer.json().has("reasons")).as(less).isFalse();
      }
      // The figures name every queue.
      assertThat(probe.get("/metrics", "Authorization", "Bearer one-queue").status())
          .isEqualTo(403);
      assertThat(probe.get("/metrics", "Authorization", "Bearer reader").status()).isEqualTo(200);
    }
  }

  @Test
  void whatHappenedIsCounted() {
    try (HttpProbe probe = HttpProbe.start()) {
      probe.post("/v1/queues/mail/jobs", "{\"payload\": \"canary\", \"key\": \"k\"}");
      probe.post("/v1/queues/mail/jobs", "{\"payload\": \"canary\", \"key\": \"k\"}");
      probe.post("/v1/queues/mail/jobs", "{\"payload\": \"canary\"}");
      probe.post("/v1/queues/mail/jobs", "{\"payload\": \"canary\"}");
      String token = lease(probe);
      probe.post("/v1/leases/" + token + ":complete", "");
      probe.post("/v1/leases/" + lease(probe) + ":fail", "{}");
      probe.get("/v1/nowhere/" + token);
      HttpProbe.Answer answer = probe.get("/metrics");
      assertThat(answer.header("content-type").orElseThrow()).startsWith("text/plain");
      assertThat(answer.text().lines().toList())
          .contains(
              "sluice_admissions_total{answer=\"accepted\",queue=\"mail\"} 3.0",
              "sluice_admissions_total{answer=\"duplicate\",queue=\"mail\"} 1.0",
              "sluice_queue_jobs{queue=\"mail\",state=\"ready\"} 1.0",
              "sluice_queue_jobs{queue=\"mail\",state=\"succeeded\"} 1.0",
              "sluice_queue_jobs{queue=\"mail\",state=\"scheduled\"} 1.0",
              "sluice_attempts_total{outcome=\"succeeded\",queue=\"mail\"} 1.0",
              "sluice_attempts_total{outcome=\"retrying\",queue=\"mail\"} 1.0",
              "sluice_start_delay_seconds_count{queue=\"mail\"} 2",
              "sluice_run_seconds_count{queue=\"mail\"} 2",
              "sluice_commit_seconds_count 4",
              "sluice_ready 1.0",
              "sluice_http_requests_seconds_count{method=\"POST\","
                  + "route=\"/v1/queues/{queue}/jobs\",status=\"202\"} 3",
              "sluice_http_requests_seconds_count{method=\"none\",route=\"none\","
                  + "status=\"404\"} 1");
      assertThat(answer.text())
          .contains("jvm_memory_used_bytes")
          .contains("sluice_queue_oldest_seconds{queue=\"mail\"}")
          .doesNotContain("canary")
          .doesNotContain(token);
    }
  }

  private static String lease(HttpProbe probe) {
    return probe
        .post("/v1/queues/mail/jobs:lease", "{\"wait\": \"20s\"}")
        .json()
        .at("/jobs/0/lease/token")
        .asString();
  }

  @Test
  void aSluiceThatGoesOnWithoutTheServerIsNotMeasuredAnyMore() {
    JobType<byte[]> type = new JobType<>("t", Codec.bytes(), "mail");
    try (Sluice sluice =
        Sluice.on(MemoryEngine.open())
            .queue("mail", QueuePolicy.defaults(), Delivery.pull())
            .start()) {
      Metrics metrics = new Metrics(sluice, Environment.system().clock());
      sluice.enqueue(type, new byte[0]);
      assertThat(metrics.scrape()).contains("sluice_commit_seconds_count 1\n");
      metrics.close();
      sluice.enqueue(type, new byte[0]);
      assertThat(metrics.scrape()).contains("sluice_commit_seconds_count 1\n");
    }
  }

  @Test
  void aQueueThatIsGoneIsNotCountedAnyMore() {
    try (HttpProbe probe = HttpProbe.start()) {
      // Also when its name is an ordinary word.
      for (String name : List.of("extra", "other")) {
        probe.put("/v1/queues/" + name, "{}");
        assertThat(probe.get("/metrics").text()).contains("queue=\"" + name + "\"");
        probe.delete("/v1/queues/" + name);
        assertThat(probe.get("/metrics").text()).doesNotContain("queue=\"" + name + "\"");
      }
    }
  }
}
