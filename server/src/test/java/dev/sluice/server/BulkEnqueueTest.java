package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class BulkEnqueueTest {
  private static final String MAIL = "/v1/queues/mail/jobs";
  private static final int MAX = 2048;

  private final HttpProbe probe =
      HttpProbe.start(
          ServerConfig.defaults().withPort(0).withMaxPayload(MAX),
          Callers.everybody(),
          builder ->
              builder
                  .queue("mail", QueuePolicy.defaults().withCapacity(100_000), Delivery.pull())
                  .queue("small", QueuePolicy.defaults().withCapacity(2), Delivery.pull()));

  @AfterEach
  void stop() {
    probe.close();
  }

  private List<JsonNode> lines(String path, String body) {
    HttpProbe.Answer answer = probe.post(path, body, "Content-Type", "application/x-ndjson");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).contains("application/x-ndjson");
    return answer.lines();
  }

  @Test
  void eachLineHasItsAnswerInOrder() {
    List<JsonNode> lines =
        lines(
            MAIL,
            "{\"payload\":1,\"key\":\"a\"}\r\n"
                + "\n"
                + "{\"payload\":1,\"key\":\"a\"}\n"
                + "nonsense\n"
                + "{\"delay\":\"soon\"}\n"
                + "{\"payload\":2,\"key\":\"a\"}\n"
                + "{\"delay\":\"1h\"}\n"
                + "{\"payload\":\""
                + "x".repeat(MAX)
                + "\"}\n"
                + "{\"payload\":\""
                + "x".repeat(500_000)
                + "\"}\n"
                + "{\"delay\":\"1h\",\"runAt\":\"2030-01-01T00:00:00Z\"}\n"
                + "{\"payload\": [9] }");
    assertThat(lines).hasSize(10);
    assertThat(lines.get(0).get("state").asString()).isEqualTo("READY");
    assertThat(lines.get(1).get("id")).isEqualTo(lines.get(0).get("id"));
    assertThat(lines.get(1).get("duplicate").asBoolean()).isTrue();
    error(lines.get(2), 4, 400, "malformed");
    error(lines.get(3), 5, 422, "invalid");
    assertThat(lines.get(3).at("/error/pointer").asString()).isEqualTo("/delay");
    error(lines.get(4), 6, 409, "key-reused");
    assertThat(lines.get(5).get("state").asString()).isEqualTo("SCHEDULED");
    error(lines.get(6), 8, 413, "too-large");
    error(lines.get(7), 9, 413, "too-large");
    error(lines.get(8), 10, 422, "invalid");
    assertThat(lines.get(9).get("state").asString()).isEqualTo("READY");
    List<JobView> ready = probe.sluice().list("mail", JobState.READY, 10, null).jobs();
    assertThat(ready)
        .extracting(view -> new String(view.job().payload(), StandardCharsets.UTF_8))
        .containsExactly("1", "[9]");
  }

  private static void error(JsonNode line, int number, int status, String reason) {
    assertThat(line.at("/error/line").asInt()).isEqualTo(number);
    assertThat(line.at("/error/status").asInt()).isEqualTo(status);
    assertThat(line.at("/error/reason").asString()).isEqualTo(reason);
  }

  @Test
  void aFullQueueRefusesLineByLine() {
    List<JsonNode> lines = lines("/v1/queues/small/jobs", "{}\n{}\n{}\n{}\n");
    assertThat(lines.get(1).has("id")).isTrue();
    error(lines.get(2), 3, 503, "capacity-jobs");
    assertThat(lines.get(2).at("/error/retryAfterMs").asInt()).isGreaterThanOrEqualTo(1000);
    error(lines.get(3), 4, 503, "capacity-jobs");
  }

  @Test
  void nothingIsAnsweredWithNothing() {
    assertThat(lines(MAIL, "\n\n")).isEmpty();
  }

  @Test
  void manyLinesKeepTheirOrder() {
    StringBuilder body = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      body.append("{\"type\":\"t\",\"payload\":{\"n\":").append(i).append("}}\n");
    }
    // In chunks of odd lengths, so that lines are cut anywhere.
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    List<byte[]> parts = new ArrayList<>();
    for (int from = 0; from < bytes.length; from += 7919) {
      parts.add(java.util.Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 7919)));
    }
    HttpProbe.Answer answer =
        probe.send(
            "POST",
            MAIL,
            BodyPublishers.ofByteArrays(parts),
            "Content-Type",
            "application/x-ndjson");
    List<JsonNode> lines = answer.lines();
    assertThat(lines).hasSize(20_000).allMatch(line -> line.has("state"));
    List<String> ids = new ArrayList<>();
    String cursor = null;
    do {
      var page = probe.sluice().list("mail", JobState.READY, 1000, cursor);
      page.jobs().forEach(view -> ids.add(view.id().toString()));
      cursor = page.next();
    } while (cursor != null);
    assertThat(lines).extracting(line -> line.get("id").asString()).containsExactlyElementsOf(ids);
  }

  @Test
  void answersComeWhileTheRequestIsStillSent() throws IOException {
    try (Socket socket = probe.connect()) {
      OutputStream out = socket.getOutputStream();
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      out.write(
          ascii(
              "POST "
                  + MAIL
                  + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
                  + "Transfer-Encoding: chunked\r\n\r\n"));
      for (int i = 0; i < 3; i++) {
        out.write(ascii("3\r\n{}\n\r\n"));
        out.flush();
        String line = in.readLine();
        while (!line.startsWith("{")) {
          line = in.readLine();
        }
        assertThat(line).contains("READY");
      }
      out.write(ascii("0\r\n\r\n"));
      out.flush();
      String line = in.readLine();
      while (!line.equals("0")) {
        line = in.readLine();
      }
    }
  }

  @Test
  void whoeverGoesAwayInTheMiddleLeavesNothingBehind() throws IOException {
    try (Socket socket = probe.connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ascii(
              "POST "
                  + MAIL
                  + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
                  + "Content-Length: 1000\r\n\r\n{}\n{\"pay"));
      out.flush();
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }
    assertThat(lines(MAIL, "{}\n")).hasSize(1);
    assertThat(probe.sluice().status("mail").counts().ready()).isEqualTo(2);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void linesAfterTheEndOfTheTokenAreRefused() throws IOException {
    Map<String, Caller> callers =
        new ConcurrentHashMap<>(Map.of("t", ListedCallers.caller(Set.of("mail"), Scope.ENQUEUE)));
    try (HttpProbe shared =
            HttpProbe.start(
                ServerConfig.defaults().withQueues(QueueList.none()),
                new ListedCallers(callers),
                builder -> builder.queue("mail", QueuePolicy.defaults(), Delivery.pull()));
        RawClient client = new RawClient(shared.port())) {
      client.send(
          "POST "
              + MAIL
              + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
              + "Content-Type: application/x-ndjson\r\nContent-Length: 6\r\n\r\n{}\n");
      while (shared.sluice().status("mail").counts().waiting() < 1) {
        Thread.onSpinWait();
      }
      callers.clear();
      client.send("{}\n");
      assertThat(client.readAll()).contains("\"state\":\"READY\"", "\"line\":2,\"status\":401");
      assertThat(shared.sluice().status("mail").counts().waiting()).isEqualTo(1);
    }
  }
}
