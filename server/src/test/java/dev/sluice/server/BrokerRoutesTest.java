package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Brokerlike;
import dev.sluice.memory.MemoryEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What the API can tell and do on an engine that cannot look a job up.
final class BrokerRoutesTest {
  private final HttpProbe probe = HttpProbe.start(new Brokerlike<>(MemoryEngine.open()));

  @AfterEach
  void close() {
    probe.close();
  }

  private String enqueue() {
    return probe
        .post("/v1/queues/mail/jobs", "{\"payload\": 1, \"maxAttempts\": 1}")
        .json()
        .get("id")
        .asString();
  }

  private JsonNode lease() {
    return probe.post("/v1/queues/mail/jobs:lease", "{\"wait\": \"20s\"}").json().at("/jobs/0");
  }

  private String dead() {
    String id = enqueue();
    JsonNode leased = lease();
    assertThat(leased.get("id").asString()).isEqualTo(id);
    String token = leased.at("/lease/token").asString();
    assertThat(probe.post("/v1/leases/" + token + ":fail", "{\"error\": \"broken\"}").status())
        .isEqualTo(204);
    return id;
  }

  @Test
  void aDeadJobIsListedAndRetriedByItsId() {
    String id = dead();
    JsonNode list = probe.get("/v1/jobs?queue=mail&state=DEAD").json();
    assertThat(list.at("/jobs/0/id").asString()).isEqualTo(id);

    HttpProbe.Answer retry = probe.post("/v1/jobs/" + id + ":retry", "");

    assertThat(retry.status()).isEqualTo(200);
    assertThat(retry.json().get("id").asString()).isEqualTo(id);
    assertThat(retry.json().get("state").asString()).isEqualTo("READY");
    assertThat(retry.json().get("attempt").asInt()).isZero();
    assertThat(probe.get("/v1/jobs?queue=mail&state=DEAD").json().at("/jobs")).isEmpty();
    JsonNode again = lease();
    assertThat(again.get("id").asString()).isEqualTo(id);
    assertThat(again.get("attempt").asInt()).isEqualTo(1);
  }

  @Test
  void aDeadJobIsDeletedByItsId() {
    String id = dead();

    assertThat(probe.delete("/v1/jobs/" + id).status()).isEqualTo(204);

    assertThat(probe.get("/v1/jobs?queue=mail&state=DEAD").json().at("/jobs")).isEmpty();
    assertThat(probe.delete("/v1/jobs/" + id).status()).isEqualTo(404);
    assertThat(probe.post("/v1/jobs/" + id + ":retry", "").status()).isEqualTo(404);
    assertThat(probe.delete("/v1/jobs/" + enqueue()).text()).contains("whether it waits");
  }

  @Test
  void deadJobsAreRetriedAndDeletedByAFilter() {
    String first = dead();
    dead();
    String mine = "{\"queue\": \"mail\", \"state\": \"DEAD\", \"limit\": 1}";
    assertThat(probe.post("/v1/jobs:retry", mine).json().get("done").asInt()).isEqualTo(1);
    assertThat(lease().get("id").asString()).isEqualTo(first);
    assertThat(probe.post("/v1/jobs:delete", mine).json().get("done").asInt()).isEqualTo(1);
    assertThat(probe.get("/v1/jobs?queue=mail&state=DEAD").json().at("/jobs")).isEmpty();
  }

  @Test
  void aFilterReachesAllDeadJobsAndSaysWhenThereAreMore() {
    int all = 130;
    for (int i = 0; i < all; i++) {
      dead();
    }
    String some = "{\"queue\": \"mail\", \"limit\": 120}";

    JsonNode first = probe.post("/v1/jobs:retry", some).json();
    assertThat(first.get("done").asInt()).isEqualTo(120);
    assertThat(first.get("more").asBoolean()).isTrue();
    assertThat(first.has("next")).isFalse();

    JsonNode second = probe.post("/v1/jobs:retry", some).json();
    assertThat(second.get("done").asInt()).isEqualTo(10);
    assertThat(second.get("more").asBoolean()).isFalse();
  }

  @Test
  void whatTheEngineCannotTellIsSaid() {
    String id = enqueue();
    for (HttpProbe.Answer answer :
        new HttpProbe.Answer[] {
          probe.get("/v1/jobs/" + id), probe.get("/v1/jobs?queue=mail&state=READY")
        }) {
      assertThat(answer.status()).isEqualTo(409);
      assertThat(answer.reason()).isEqualTo("not-possible");
    }
    assertThat(probe.post("/v1/jobs/" + id + ":cancel", "").status()).isEqualTo(404);
    JsonNode queue = probe.get("/v1/queues/mail").json();
    assertThat(queue.get("approximate").asBoolean()).isTrue();
    assertThat(queue.get("waiting").asInt()).isEqualTo(1);
  }

  @Test
  void aRunningJobIsShownAndCancelled() {
    String id = enqueue();
    JsonNode leased = lease();
    assertThat(probe.get("/v1/jobs/" + id).json().get("state").asString()).isEqualTo("RUNNING");

    assertThat(probe.post("/v1/jobs/" + id + ":cancel", "").status()).isEqualTo(202);

    String token = leased.at("/lease/token").asString();
    assertThat(
            probe
                .post("/v1/leases/" + token + ":extend", "{\"lease\": \"30s\"}")
                .json()
                .get("cancelRequested")
                .asBoolean())
        .isTrue();
  }
}
