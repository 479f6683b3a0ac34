package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.memory.MemoryEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class DemoHttpTest {
  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofMillis(1);

  private final HttpClient client = HttpClient.newHttpClient();
  private final List<String> introduction = new ArrayList<>();
  private final JsonMapper mapper = JsonMapper.builder().build();

  @SuppressWarnings("NullAway.Init") // every test starts one
  private Demo demo;

  @AfterEach
  void close() {
    if (demo != null) {
      demo.close();
    }
    client.close();
  }

  private static DemoConfig config(EngineConfig engine, long capacity, Duration jobDuration) {
    return new DemoConfig(
        "127.0.0.1", 0, engine, capacity, 1, jobDuration, Optional.empty(), Duration.ZERO);
  }

  private void start(long capacity, Duration jobDuration) {
    EngineConfig engine = new EngineConfig.Memory();
    demo = Demo.start(config(engine, capacity, jobDuration), engine.open(), introduction::addAll);
  }

  private HttpResponse<String> send(String method, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + demo.port() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri).method(method, BodyPublishers.noBody()).build();
    return client.send(request, BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send("GET", path);
  }

  private static String location(HttpResponse<?> response) {
    return response.headers().firstValue("Location").orElseThrow();
  }

  /// Asks until the job is in the state; the test's time limit ends a wait in vain.
  private JsonNode awaitState(String page, String state) throws IOException, InterruptedException {
    JsonNode job = mapper.readTree(get(page).body());
    while (!job.get("state").asString().equals(state)) {
      job = mapper.readTree(get(page).body());
    }
    return job;
  }

  @Test
  void acceptsByGetAndByPost() throws Exception {
    start(10, LONG);

    for (String method : new String[] {"GET", "POST"}) {
      HttpResponse<String> response = send(method, "/?user_id=1");
      assertThat(response.statusCode()).isEqualTo(202);
      assertThat(response.body()).isEqualTo("queuing user process: 1");
      assertThat(location(response)).matches("/jobs/[0-9a-f-]{36}");
    }
  }

  @Test
  void jobHasAPageOfItsOwn() throws Exception {
    start(10, LONG);
    String running = location(get("/?user_id=1"));
    awaitState(running, "RUNNING");
    String first = location(get("/?user_id=2"));
    String second = location(get("/?user_id=J%C3%BCrgen%20%26%20Co"));

    JsonNode started = mapper.readTree(get(running).body());
    assertThat(started.get("attempt").asInt()).isEqualTo(1);
    assertThat(started.has("startedAt")).isTrue();
    assertThat(started.has("position")).isFalse();
    assertThat(mapper.readTree(get(first).body()).get("position").asInt()).isEqualTo(1);
    JsonNode last = mapper.readTree(get(second).body());
    assertThat(last.get("position").asInt()).isEqualTo(2);
    assertThat(last.get("state").asString()).isEqualTo("READY");
    assertThat(last.get("userId").asString()).isEqualTo("Jürgen & Co");
    assertThat(last.get("createdAt").asString()).matches("\\d{4}-.*Z");
  }

  @Test
  void finishedJobTellsWhenItEnded() throws Exception {
    start(10, SHORT);

    JsonNode job = awaitState(location(get("/?user_id=1")), "SUCCEEDED");

    assertThat(job.has("finishedAt")).isTrue();
    assertThat(job.has("eta")).isFalse();
  }

  @Test
  void fullQueueRefusesWithATimeAndStoresNothing() throws Exception {
    start(2, LONG);
    awaitState(location(get("/?user_id=0")), "RUNNING");
    get("/?user_id=1");
    get("/?user_id=2");

    HttpResponse<String> refused = get("/?user_id=3");

    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.body()).isEqualTo("our internal queue is full, try it later");
    assertThat(Long.parseLong(refused.headers().firstValue("Retry-After").orElseThrow()))
        .isPositive();
    assertThat(refused.headers().firstValue("Location")).isEmpty();
  }

  @Test
  void userIdIsRequiredAndBounded() throws Exception {
    start(10, LONG);

    for (String path : new String[] {"/", "/?user_id=", "/?user=1"}) {
      HttpResponse<String> missing = get(path);
      assertThat(missing.statusCode()).isEqualTo(400);
      assertThat(missing.body()).isEqualTo("missing 'user_id' in query params");
    }
    assertThat(get("/?user_id=" + "a".repeat(256)).statusCode()).isEqualTo(202);
    for (int length : new int[] {257, 20_000}) {
      HttpResponse<String> tooLong = get("/?user_id=" + "a".repeat(length));
      assertThat(tooLong.statusCode()).isEqualTo(400);
      assertThat(tooLong.body()).contains("too long", "256");
    }
  }

  @Test
  void everythingElseIsSaidInJson() throws Exception {
    start(10, LONG);

    String unknown = "/jobs/01a20a6a-8a46-7000-a62e-6a1cdf50015e";
    for (String path : new String[] {unknown, "/jobs/x", "/nothing/here"}) {
      HttpResponse<String> response = get(path);
      assertThat(response.statusCode()).isEqualTo(404);
      assertThat(mapper.readTree(response.body()).has("error")).isTrue();
    }
    HttpResponse<String> put = send("PUT", "/?user_id=1");
    assertThat(put.statusCode()).isEqualTo(405);
    assertThat(put.headers().firstValue("Allow")).contains("GET, POST");
    assertThat(send("DELETE", unknown).statusCode()).isEqualTo(405);
  }

  @Test
  void requestThatCannotBeReadIsASentence() throws Exception {
    start(10, LONG);
    for (String path : new String[] {"/?user_id=%zz", "/?user_id=%", "/%zz"}) {
      String answer = raw("GET " + path + " HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n");
      assertThat(answer).startsWith("HTTP/1.1 400 ").contains("text/plain");
      assertThat(answer)
          .endsWith(
              "the request cannot be read;"
                  + " in its address, '%' must be followed by two hex digits");
    }
  }

  /// For what Java's own client would not send.
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), demo.port())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void engineThatIsDownIsASentence() throws Exception {
    MemoryEngine engine = MemoryEngine.open();
    demo =
        Demo.start(
            config(new EngineConfig.Memory(), 10, LONG),
            new BrokenOffers(engine),
            introduction::addAll);

    HttpResponse<String> response = get("/?user_id=1");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body())
        .isEqualTo("jobs cannot be stored right now, try it later")
        .doesNotContain(BrokenOffers.SENTENCE);
    assertThat(response.headers().firstValue("Retry-After")).contains("5");
  }

  @Test
  void restartGoesOn(@TempDir Path directory) throws Exception {
    EngineConfig engine = new EngineConfig.Sqlite(directory.resolve("demo.db"));
    demo = Demo.start(config(engine, 10, LONG), engine.open(), introduction::addAll);
    String interrupted = location(get("/?user_id=1"));
    awaitState(interrupted, "RUNNING");
    String waiting = location(get("/?user_id=2"));
    demo.close();

    demo = Demo.start(config(engine, 10, SHORT), engine.open(), introduction::addAll);

    assertThat(introduction).anyMatch(line -> line.contains("2 unfinished from before"));
    awaitState(interrupted, "SUCCEEDED");
    awaitState(waiting, "SUCCEEDED");
  }
}
