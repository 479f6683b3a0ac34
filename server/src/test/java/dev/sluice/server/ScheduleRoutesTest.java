package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.webhook.Reach;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

final class ScheduleRoutesTest {
  private final HttpProbe probe = HttpProbe.start();

  @AfterEach
  void stop() {
    // What is still leased is not waited for.
    probe.sluice().close(Duration.ZERO);
    probe.close();
  }

  @Test
  void aScheduleIsPutShownAndTakenBack() {
    String body =
        """
        {"queue": "mail", "type": "report", "payload": {"n": 1.00}, "cron": "0 3 * * MON-FRI",
         "zone": "Europe/Vienna", "missed": "skip", "options": {"priority": "high",
         "headers": {"a": "b"}}}
        """;
    HttpProbe.Answer made = probe.put("/v1/schedules/nightly", body);
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.json().get("nextAt").asString()).endsWith(":00:00Z");
    assertThat(made.text()).contains("\"payload\":{\"n\":1.00}");
    assertThat(probe.put("/v1/schedules/nightly", body).status()).isEqualTo(200);
    assertThat(probe.sluice().schedules()).containsExactly("nightly");

    JsonNode listed = probe.get("/v1/schedules").json().get("schedules");
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0)).isEqualTo(probe.get("/v1/schedules/nightly").json());
    HttpProbe.Answer other = probe.put("/v1/schedules/nightly", "{\"every\": \"1h\"}");
    assertThat(other.json().get("queue").asString()).isEqualTo("default");

    assertThat(probe.delete("/v1/schedules/nightly").status()).isEqualTo(204);
    assertThat(probe.get("/v1/schedules/nightly").status()).isEqualTo(404);
    assertThat(probe.delete("/v1/schedules/nightly").status()).isEqualTo(404);
    assertThat(probe.sluice().schedules()).isEmpty();
    assertThat(probe.sluice().remembered()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                     | the document: must say when it fires: cron or every
          {'cron': '* * * * *', 'every': '1m'}   | /every: cannot be combined with cron
          {'every': '10ms'}                      | /every: must be from 1s to 3650d
          {'every': '1m', 'zone': 'UTC'}         | /zone: cannot be combined with every
          {'cron': '* * * * *', 'zone': 'Mars'}  | /zone: must be a zone like UTC or Europe/Vienna
          {'cron': '0 0 30 2 *'}                 | /cron: must fire some time, this one never does
          {'every': '1m', 'queue': 'nope'}       | /queue: must be a queue of this server
          {'every': '1m', 'queue': 'a b'}        | /queue: must be 1 to 128 characters of A-Z a-z 0-9 . _ -
          {'every': '1m', 'missed': 'all'}       | /missed: must be run-one or skip
          {'every': '1m', 'options': {'maxAttempts': 0}} | /options/maxAttempts: must be a whole number from 1 to 1000
          {'every': '1m', 'missed': 'skip', 'options': {'timeToStart': '1m'}} | /options/timeToStart: cannot be set when missed firings are skipped
          {'every': '1m', 'hm': 1}               | /hm: is not known here; known are cron, every, missed, options, payload, queue, type, zone
          """)
  void complaintsNamePlaceAndRule(String body, String complaint) {
    HttpProbe.Answer answer = probe.put("/v1/schedules/s", body.replace('\'', '"'));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.json().get("detail").asString()).isEqualTo(complaint);
    assertThat(probe.sluice().schedules()).isEmpty();
  }

  @Test
  void whatIsNoScheduleAtAll() {
    assertThat(probe.put("/v1/schedules/s", "{").status()).isEqualTo(400);
    assertThat(probe.put("/v1/schedules/s", "{\"cron\": \"whenever\"}").status()).isEqualTo(422);
    assertThat(probe.put("/v1/schedules/a%20b", "{\"every\": \"1m\"}").status()).isEqualTo(404);
    String large = "{\"every\": \"1m\", \"payload\": \"" + "x".repeat(300_000) + "\"}";
    assertThat(probe.put("/v1/schedules/s", large).status()).isEqualTo(422);
    assertThat(probe.put("/v1/schedules/s", large + " ".repeat(100_000)).status()).isEqualTo(413);
  }

  @Test
  void somebodyElsesScheduleIsNone() {
    String[] mine = {"Authorization", "Bearer mine"};
    String[] all = {"Authorization", "Bearer all"};
    Callers callers =
        new ListedCallers(
            Map.of(
                "mine",
                ListedCallers.caller(Set.of("mail"), Scope.ADMIN),
                "all",
                ListedCallers.everywhere(Scope.ADMIN)));
    try (HttpProbe shared =
        HttpProbe.start(
            ServerConfig.defaults().withQueues(QueueList.none()),
            callers,
            builder ->
                builder
                    .queue("mail", QueuePolicy.defaults(), Delivery.pull())
                    .queue("payroll", QueuePolicy.defaults(), Delivery.pull()))) {
      String foreign = "{\"queue\": \"payroll\", \"every\": \"1h\"}";
      String own = "{\"queue\": \"mail\", \"every\": \"1h\"}";
      assertThat(shared.put("/v1/schedules/pay", foreign, all).status()).isEqualTo(201);
      for (HttpProbe.Answer answer :
          List.of(
              shared.get("/v1/schedules/pay", mine), shared.delete("/v1/schedules/pay", mine))) {
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.text()).doesNotContain("payroll");
      }
      HttpProbe.Answer taken = shared.put("/v1/schedules/pay", own, mine);
      assertThat(taken.status()).isEqualTo(403);
      assertThat(taken.text()).doesNotContain("payroll");
      assertThat(shared.get("/v1/schedules/pay", all).json().get("queue").asString())
          .isEqualTo("payroll");
      // Whether there is such a queue is not said, either.
      assertThat(shared.put("/v1/schedules/own", foreign, mine).status()).isEqualTo(403);
      assertThat(
              shared.put("/v1/schedules/own", foreign.replace("payroll", "nothing"), mine).status())
          .isEqualTo(403);
      assertThat(shared.put("/v1/schedules/own", own, mine).status()).isEqualTo(201);
      assertThat(shared.delete("/v1/schedules/own", mine).status()).isEqualTo(204);
    }
  }

  @Test
  void aFiringWaitsInItsQueueAndARestartPutsItInForceAgain() {
    probe.put("/v1/schedules/soon", "{\"queue\": \"mail\", \"every\": \"1s\", \"payload\": 7}");
    JsonNode jobs =
        probe.post("/v1/queues/mail/jobs:lease", "{\"wait\": \"20s\"}").json().get("jobs");
    assertThat(jobs.get(0).get("payload").asInt()).isEqualTo(7);

    Map<String, String> kept = probe.sluice().remembered();
    try (Sluice sluice =
        Sluice.on(MemoryEngine.open())
            .queue("mail", QueuePolicy.defaults(), Delivery.pull())
            .start()) {
      kept.forEach(sluice::remember);
      sluice.remember("schedule/unfit", "{\"every\": \"1m\", \"queue\": \"gone\"}");
      try (QueueBook queues =
          QueueBook.open(
              QueueList.none(),
              sluice,
              new WebhookDeliveries(Reach.internet(), Environment.system(), (_, _) -> {}),
              SluiceServer.mapper())) {
        var book =
            ScheduleBook.open(
                sluice, queues, Environment.system().clock(), SluiceServer.mapper(), 1000);
        assertThat(book.all()).containsOnlyKeys("soon");
        assertThat(sluice.schedules()).isEqualTo(List.of("soon"));
      }
    }
  }

  @Test
  void whatIsKeptAndNotInForceIsShownAndCanBeLetGoOrPutAgain() {
    String[] admin = {"Authorization", "Bearer admin"};
    String[] mail = {"Authorization", "Bearer mail"};
    Callers callers =
        new ListedCallers(
            Map.of(
                "admin", ListedCallers.everywhere(Scope.ADMIN),
                "mail", ListedCallers.caller(Set.of("mail"), Scope.ADMIN)));
    MemoryEngine engine = MemoryEngine.open();
    engine.remember("schedule/broken", "{");
    engine.remember("schedule/gone", "{\"every\": \"1m\", \"queue\": \"gone\"}");
    engine.remember("schedule/unfit", "{\"every\": \"1ms\", \"queue\": \"mail\"}");
    try (HttpProbe fresh =
        HttpProbe.start(
            ServerConfig.defaults().withQueues(QueueList.none()),
            callers,
            _ -> Sluice.on(engine).queue("mail", QueuePolicy.defaults(), Delivery.pull()))) {
      JsonNode listed = fresh.get("/v1/schedules", admin).json();
      assertThat(listed.get("schedules")).isEmpty();
      assertThat(listed.get("notInForce").findValuesAsString("name"))
          .containsExactly("broken", "gone", "unfit");
      assertThat(listed.get("notInForce").findValuesAsString("reason"))
          .containsExactly(
              "what is kept of it is no valid JSON",
              "/queue: must be a queue of this server",
              "/every: must be from 1s to 3650d");
      HttpProbe.Answer gone = fresh.get("/v1/schedules/gone", admin);
      assertThat(gone.status()).isEqualTo(404);
      assertThat(gone.reason()).isEqualTo("not-in-force");

      // Whoever may use another queue alone learns nothing of it.
      assertThat(
              fresh.get("/v1/schedules", mail).json().at("/notInForce").findValuesAsString("name"))
          .containsExactly("unfit");
      String minute = "{\"every\": \"1m\", \"queue\": \"mail\"}";
      assertThat(fresh.get("/v1/schedules/gone", mail).reason()).isEqualTo("unknown-schedule");
      assertThat(fresh.delete("/v1/schedules/gone", mail).reason()).isEqualTo("unknown-schedule");
      assertThat(fresh.put("/v1/schedules/broken", minute, mail).status()).isEqualTo(404);

      assertThat(fresh.delete("/v1/schedules/gone", admin).status()).isEqualTo(204);
      assertThat(fresh.delete("/v1/schedules/gone", admin).status()).isEqualTo(404);
      assertThat(fresh.put("/v1/schedules/unfit", minute, mail).status()).isEqualTo(201);
      assertThat(
              fresh.get("/v1/schedules", admin).json().at("/notInForce").findValuesAsString("name"))
          .containsExactly("broken");
      assertThat(fresh.sluice().remembered())
          .containsOnlyKeys("schedule/broken", "schedule/unfit")
          .containsEntry("schedule/unfit", "{\"every\":\"1m\",\"queue\":\"mail\"}");
    }
  }
}
