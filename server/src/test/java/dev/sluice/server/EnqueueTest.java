package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.Priority;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EnqueueTest {
  private static final String MAIL = "/v1/queues/mail/jobs";
  private static final int MAX = 2048;

  private final HttpProbe probe =
      HttpProbe.start(
          ServerConfig.defaults().withPort(0).withMaxPayload(MAX),
          new ListedCallers(
              Map.of(
                  "all", ListedCallers.everywhere(Scope.ADMIN),
                  "reader", ListedCallers.everywhere(Scope.READ),
                  "other", ListedCallers.caller(java.util.Set.of("other"), Scope.ENQUEUE))),
          builder ->
              builder
                  .queue("mail", QueuePolicy.defaults().withCapacity(20), Delivery.pull())
                  .queue("small", QueuePolicy.defaults().withCapacity(1), Delivery.pull()));

  @AfterEach
  void stop() {
    probe.close();
  }

  private HttpProbe.Answer post(String path, String body, String... headers) {
    return probe.post(path, body, with(headers));
  }

  private static String[] with(String... headers) {
    String[] all = java.util.Arrays.copyOf(headers, headers.length + 2);
    all[headers.length] = "Authorization";
    all[headers.length + 1] = "Bearer all";
    return all;
  }

  private Job only(String queue) {
    return probe.sluice().list(queue, JobState.READY, 10, null).jobs().getFirst().job();
  }

  @Test
  void aJobIsAcceptedWithItsPlace() {
    HttpProbe.Answer answer =
        post(MAIL, "{\"type\":\"welcome\",\"payload\":{\"n\": 1.00},\"priority\":\"high\"}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(answer.json().get("state").asString()).isEqualTo("READY");
    assertThat(answer.json().get("position").asInt()).isEqualTo(1);
    assertThat(answer.header("Location"))
        .contains("/v1/jobs/" + answer.json().get("id").asString());
    Job job = only("mail");
    assertThat(job.type()).isEqualTo("welcome");
    assertThat(job.priority()).isEqualTo(Priority.HIGH);
    assertThat(job.payload()).asString(StandardCharsets.UTF_8).isEqualTo("{\"n\": 1.00}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "1.50", "\"é\"", "null", "[1, 2]", "true", "-0.0e1", "{}"})
  void thePayloadIsKeptByteByByte(String payload) {
    assertThat(post(MAIL, "{\"payload\": " + payload + " ,\"type\":\"t\"}").status())
        .isEqualTo(202);
    assertThat(only("mail").payload()).asString(StandardCharsets.UTF_8).isEqualTo(payload);
    HttpProbe.Answer shown = probe.get("/v1/jobs/" + only("mail").id(), with());
    assertThat(shown.text()).contains("\"payload\":" + payload);
  }

  @Test
  void aJobMayWaitForItsTime() {
    HttpProbe.Answer answer = post(MAIL, "{\"delay\":\"1h\"}");
    assertThat(answer.json().get("state").asString()).isEqualTo("SCHEDULED");
    assertThat(answer.json().has("position")).isFalse();
    assertThat(answer.json().get("eta").asString()).endsWith("Z");
  }

  @Test
  void otherContentTypesAreThePayload() {
    byte[] body = {0, 1, (byte) 0xFF};
    HttpProbe.Answer answer =
        probe.post(
            MAIL + "?type=picture&priority=low&key=k1&maxAttempts=3&timeout=5s&timeToStart=1h",
            body,
            with("Content-Type", "image/png"));
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    Job job = only("mail");
    assertThat(job.payload()).isEqualTo(body);
    assertThat(job.type()).isEqualTo("picture");
    assertThat(job.options().headers()).isEqualTo(Map.of("content-type", "image/png"));
    assertThat(job.options().key()).isEqualTo("k1");
    assertThat(job.options().maxAttempts()).isEqualTo(3);
    HttpProbe.Answer shown = probe.get("/v1/jobs/" + job.id(), with());
    assertThat(shown.json().get("payloadBase64").asString()).isEqualTo("AAH/");
    assertThat(shown.json().get("contentType").asString()).isEqualTo("image/png");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "delay=soon",
        "maxAttempts=x",
        "maxAttempts=0",
        "priority=urgent",
        "color=red",
        "type=a%20b",
        "delay=1s&runAt=2030-01-01T00:00:00Z"
      })
  void badOptionsOfARawPayloadAreNamed(String query) {
    HttpProbe.Answer answer = post(MAIL + "?" + query, "x", "Content-Type", "text/plain");
    assertThat(answer.status()).as(answer.text()).isEqualTo(422);
    assertThat(answer.json().at("/errors/0/pointer").asString()).startsWith("?");
  }

  @Test
  void whatCurlSendsWithoutAWordOnItsTypeIsJson() {
    HttpProbe.Answer answer =
        post(MAIL, "{\"payload\":7}", "Content-Type", "application/x-www-form-urlencoded");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    assertThat(only("mail").payload()).isEqualTo(new byte[] {'7'});
    assertThat(only("mail").options().headers()).isEmpty();
  }

  @Test
  void theSameKeyIsTheSameJob() {
    HttpProbe.Answer first = post(MAIL, "{\"payload\":1}", "Idempotency-Key", "k");
    HttpProbe.Answer again = post(MAIL, "{\"payload\":1,\"key\":\"k\"}");
    assertThat(first.status()).isEqualTo(202);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().get("id")).isEqualTo(first.json().get("id"));
    assertThat(again.json().get("duplicate").asBoolean()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"payload\":2}", "{\"payload\":1,\"type\":\"other\"}"})
  void theSameKeyForAnotherJobIsAConflict(String other) {
    post(MAIL, "{\"payload\":1}", "Idempotency-Key", "k");
    HttpProbe.Answer answer = post(MAIL, other, "Idempotency-Key", "k");
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.reason()).isEqualTo("key-reused");
  }

  @Test
  void twoKeysAreOneTooMany() {
    assertThat(post(MAIL, "{\"key\":\"a\"}", "Idempotency-Key", "b").status()).isEqualTo(422);
  }

  @Test
  void aFullQueueRefuses() {
    post("/v1/queues/small/jobs", "{}");
    HttpProbe.Answer answer = post("/v1/queues/small/jobs", "{}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
    assertThat(answer.json().get("depth").asInt()).isEqualTo(1);
    assertThat(answer.json().get("drainPerSecond").asDouble()).isZero();
    assertThat(answer.header("Retry-After"))
        .contains(Long.toString(answer.json().get("retryAfterMs").asLong() / 1000));
  }

  @Test
  void anUnknownQueueIsNotFound() {
    HttpProbe.Answer answer = post("/v1/queues/nobody/jobs", "{}");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.reason()).isEqualTo("unknown-queue");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"delay\":\"soon\"}|/delay",
        "{\"type\":\"a b\"}|/type",
        "{\"maxAttempts\":1.5}|/maxAttempts",
        "{\"maxAttempts\":99999999999}|/maxAttempts",
        "{\"maxAttempts\":-99999999999999999999999}|/maxAttempts",
        "{\"headers\":{\"a/b\":1}}|/headers/a~1b",
        "{\"runAt\":\"tomorrow\"}|/runAt",
        "{\"color\":\"red\"}|/color"
      })
  void badFieldsAreNamed(String body, String pointer) {
    HttpProbe.Answer answer = post(MAIL, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(422);
    assertThat(answer.json().at("/errors/0/pointer").asString()).isEqualTo(pointer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "1", "{\"payload\":}", "{} {}", "{\"a\":1,\"a\":2}"})
  void whatIsNoJsonObjectIsMalformed(String body) {
    HttpProbe.Answer answer = post(MAIL, body);
    assertThat(answer.status()).as(answer.text()).isIn(400, 422);
  }

  @Test
  void otherEncodingsAreMalformed() {
    byte[] utf16 = "{\"payload\":1}".getBytes(StandardCharsets.UTF_16);
    assertThat(probe.post(MAIL, utf16, with()).status()).isEqualTo(400);
  }

  @Test
  void whoeverHasNoRightIsRefused() {
    assertThat(probe.post(MAIL, "{}").status()).isEqualTo(401);
    assertThat(probe.post(MAIL, "{}", "Authorization", "Bearer no").status()).isEqualTo(401);
    assertThat(probe.post(MAIL, "{}", "Authorization", "Bearer reader").status()).isEqualTo(403);
    assertThat(probe.post(MAIL, "{}", "Authorization", "Bearer other").status()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "text/plain"})
  void aLargePayloadIsTooLarge(String type) {
    String large = "{\"payload\":\"" + "x".repeat(MAX) + "\"}";
    assertThat(post(MAIL, large, "Content-Type", type).status()).isEqualTo(413);
    assertThat(
            probe
                .send(
                    "POST",
                    MAIL,
                    // Of unknown length, so sent in chunks.
                    BodyPublishers.fromPublisher(
                        BodyPublishers.ofString("x".repeat(200_000) + large)),
                    with("Content-Type", type))
                .status())
        .isEqualTo(413);
  }

  @Test
  void whatIsAnnouncedTooLargeIsNotReadAtAll() throws IOException {
    try (Socket socket = probe.connect()) {
      write(
          socket,
          head("/v1/queues/mail/jobs", "Expect: 100-continue", "Content-Length: 100000000000"));
      String answer = readAll(socket);
      assertThat(answer).startsWith("HTTP/1.1 413").containsIgnoringCase("connection: close");
    }
  }

  @Test
  void afterARefusalTheConnectionGoesOn() throws IOException {
    String bad = head("/v1/queues/nobody/jobs", "Content-Length: 2") + "{}";
    String last = head("/v1/queues/nobody/jobs", "Connection: close", "Content-Length: 2") + "{}";
    try (Socket socket = probe.connect()) {
      write(socket, bad + bad + last);
      assertThat(readAll(socket).split("HTTP/1.1 404", -1)).hasSize(4);
    }
  }

  @Test
  void manyAtOnceAreEachAnswered() throws Exception {
    Callable<Integer> one = () -> post(MAIL, "{\"payload\":1}").status();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> answers = threads.invokeAll(java.util.Collections.nCopies(60, one));
      int accepted = 0;
      for (Future<Integer> answer : answers) {
        assertThat(answer.get()).isIn(202, 503);
        accepted += answer.get() == 202 ? 1 : 0;
      }
      assertThat(accepted).isEqualTo(20);
    }
  }

  @Test
  void anIdIsOne() {
    JobId id = JobId.parse(post(MAIL, "{}").json().get("id").asString());
    assertThat(probe.sluice().find(id)).isPresent();
  }

  private static String head(String path, String... headers) {
    return "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer all\r\n%s\r\n\r\n"
        .formatted(path, String.join("\r\n", headers));
  }

  private static void write(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private static String readAll(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }
}
