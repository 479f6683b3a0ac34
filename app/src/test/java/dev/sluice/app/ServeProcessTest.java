package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
final class ServeProcessTest {
  private static final String JOBS = "/v1/queues/default/jobs";

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private final HttpClient client = HttpClient.newHttpClient();
  private final JsonMapper mapper = JsonMapper.builder().build();

  @AfterEach
  void close() {
    client.close();
  }

  private Path data() {
    return directory.resolve("data");
  }

  private AppProcess serve(String... more) throws IOException {
    return command(
        Stream.concat(Stream.of("serve", "--port=0"), Stream.of(more)).toArray(String[]::new));
  }

  private AppProcess command(String... args) throws IOException {
    return AppProcess.start(
        Stream.concat(Stream.of(args), Stream.of("--data", data().toString()))
            .toArray(String[]::new));
  }

  private HttpResponse<String> send(String method, String url, String body, String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url)).method(method, BodyPublishers.ofString(body));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private JsonNode lease(String url) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        send("POST", url + JOBS + ":lease", "{\"max\":100,\"lease\":\"60s\",\"wait\":\"10s\"}", "");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return mapper.readTree(answer.body()).get("jobs");
  }

  @Test
  void servesAndStopsInOrder() throws Exception {
    try (AppProcess process = serve()) {
      process.await("made the folder " + data());
      String url = process.url();
      process.await("engine sqlite:" + data().resolve("sluice.db"));
      process.await("no token is in force");
      assertThat(send("POST", url + JOBS, "{\"payload\":{\"n\":1}}", "").statusCode())
          .isEqualTo(202);
      JsonNode jobs = lease(url);
      assertThat(jobs).hasSize(1);
      process.terminate();
      process.await("stopping");
      HttpResponse<String> refused = send("POST", url + JOBS, "{}", "");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.body()).contains("\"reason\":\"stopping\"");
      // Who holds a job may still say how it ended.
      String lease = jobs.get(0).get("lease").get("token").asString();
      assertThat(send("POST", url + "/v1/leases/" + lease + ":complete", "{}", "").statusCode())
          .isEqualTo(204);
      process.await("stopped: finished 1");
      assertThat(process.exitCode()).isZero();
      assertThat(process.awaitEnd()).noneMatch(line -> line.startsWith("\tat "));
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data())))
        .isEqualTo("rwx------");
  }

  @Test
  void aSecondSignalEndsNow() throws Exception {
    try (AppProcess process = serve("--engine", "memory:", "--grace", "1h")) {
      String url = process.url();
      send("POST", url + JOBS, "{}", "");
      assertThat(lease(url)).hasSize(1);
      process.terminate();
      process.await("stopping");
      process.terminate();
      assertThat(process.exitCode()).isEqualTo(130);
    }
  }

  @Test
  void afterKill9EverythingAcceptedIsThere() throws Exception {
    try (AppProcess first = serve()) {
      String url = first.url();
      for (int i = 0; i < 20; i++) {
        assertThat(send("POST", url + JOBS, "{\"payload\":" + i + "}", "").statusCode())
            .isEqualTo(202);
      }
      assertThat(lease(url)).isNotEmpty();
      first.kill();
    }
    try (AppProcess second = serve()) {
      String url = second.url();
      boolean[] seen = new boolean[20];
      int left = 20;
      while (left > 0) {
        JsonNode jobs = lease(url);
        for (JsonNode job : jobs) {
          int payload = job.get("payload").asInt();
          assertThat(seen[payload]).isFalse();
          seen[payload] = true;
          left--;
          send(
              "POST",
              url + "/v1/leases/" + job.get("lease").get("token").asString() + ":complete",
              "{}",
              "");
        }
      }
      second.terminate();
      assertThat(second.exitCode()).isZero();
    }
  }

  @Test
  void tokensAreMadeShownUsedAndRevoked() throws Exception {
    String token;
    try (AppProcess create =
        command("token", "create", "--name", "ci", "--scopes", "enqueue", "--expires", "90d")) {
      List<String> lines = create.awaitEnd();
      assertThat(create.exitCode()).as("%s", lines).isZero();
      token = lines.stream().filter(line -> line.startsWith("slc_")).findFirst().orElseThrow();
    }
    try (AppProcess process = serve()) {
      String url = process.url();
      process.await("1 token is in force");
      assertThat(send("POST", url + JOBS, "{}", "").statusCode()).isEqualTo(401);
      assertThat(send("POST", url + JOBS, "{}", token).statusCode()).isEqualTo(202);
      assertThat(send("GET", url + "/v1/queues", "", token).statusCode()).isEqualTo(403);
      try (AppProcess list = command("token", "list")) {
        assertThat(list.awaitEnd())
            .anyMatch(line -> line.matches("ci +enqueue +all +20\\S+Z +no limit"))
            .noneMatch(line -> line.contains(token));
      }
      try (AppProcess revoke = command("token", "revoke", "ci")) {
        assertThat(revoke.exitCode()).isZero();
      }
      while (send("POST", url + JOBS, "{}", token).statusCode() != 401) {}
      process.terminate();
      assertThat(process.awaitEnd()).noneMatch(line -> line.contains(token));
    }
    try (AppProcess revoke = command("token", "revoke", "ci")) {
      assertThat(revoke.awaitEnd()).anyMatch(line -> line.contains("there is no token 'ci'"));
      assertThat(revoke.exitCode()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0, '', a token is needed first",
    "127.0.0.1, --behind-proxy, a token is needed first",
    "no-such-host.invalid, '', can be resolved",
  })
  void strangersAreKeptOutAtStart(String host, String flag, String reason) throws Exception {
    String[] flags =
        flag.isEmpty() ? new String[] {"--host", host} : new String[] {"--host", host, flag};
    try (AppProcess process = serve(flags)) {
      List<String> lines = process.awaitEnd();
      assertThat(process.exitCode()).isEqualTo(2);
      assertThat(lines).hasSize(1);
      assertThat(lines.getFirst()).contains(reason);
    }
    assertThat(data().resolve("sluice.db")).doesNotExist();
  }

  @Test
  void aConfigurationIsCheckedPrintedAndUsed() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("sluice.yaml"),
            "engine: 'memory:'\nqueues:\n  mail:\n    concurrency: 3\n");
    try (AppProcess check = command("config", "check", "--config", file.toString())) {
      assertThat(check.awaitEnd()).singleElement().asString().contains("valid", "2 queues");
      assertThat(check.exitCode()).isZero();
    }
    try (AppProcess print = command("config", "print", "--config", file.toString())) {
      assertThat(print.awaitEnd())
          .anyMatch(line -> line.matches(" +concurrency: 3 +# .*sluice.yaml line 4"))
          .anyMatch(line -> line.startsWith("data: ") && line.endsWith("# --data"));
    }
    try (AppProcess process = serve("--config", file.toString())) {
      String url = process.url();
      process.await("engine memory:");
      assertThat(send("GET", url + "/v1/queues/mail", "", "").statusCode()).isEqualTo(200);
      assertThat(send("POST", url + "/v1/queues/other/jobs", "{}", "").statusCode()).isEqualTo(404);
    }
    Files.writeString(file, "queues:\n  mail:\n    concurrency: none\n");
    for (String[] command : List.of(new String[] {"config", "check"}, new String[] {"serve"})) {
      try (AppProcess bad =
          command(
              Stream.concat(Stream.of(command), Stream.of("--config", file.toString()))
                  .toArray(String[]::new))) {
        List<String> lines = bad.awaitEnd();
        assertThat(bad.exitCode()).isEqualTo(2);
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst())
            .startsWith(file + " line 3: queues.mail.concurrency: 'none' must be a whole number");
      }
    }
  }

  @Test
  void theDoctorSaysWhatToMend() throws Exception {
    try (AppProcess process = serve()) {
      String url = process.url();
      try (AppProcess doctor = command("doctor", "--server", url)) {
        List<String> lines = doctor.awaitEnd();
        assertThat(lines)
            .anyMatch(line -> line.startsWith("ok    java: "))
            .anyMatch(line -> line.startsWith("ok    server: "))
            .anyMatch(line -> line.startsWith("warn  engine: ") && line.contains("is held by"))
            .anyMatch(line -> line.contains("disk: a forced write takes"));
        assertThat(doctor.exitCode()).as("%s", lines).isZero();
      }
    }
    Files.writeString(data().resolve("tokens.json"), "broken");
    try (AppProcess doctor = command("doctor")) {
      assertThat(doctor.awaitEnd())
          .anyMatch(line -> line.startsWith("FAIL  tokens: ") && line.contains("no valid JSON"))
          .noneMatch(line -> line.contains("Source") || line.contains("Exception"));
      assertThat(doctor.exitCode()).isEqualTo(1);
    }
  }
}
