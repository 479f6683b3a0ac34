package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.JobState;
import dev.sluice.memory.MemoryEngine;
import io.helidon.http.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
final class GateTest {
  /// What everybody may ask. A route that is neither here nor has a scope fails the test.
  private static final Set<String> OPEN = Set.of("/health/live", "/health/ready", "/openapi.yaml");

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private final Environment environment = Environment.system();
  private final Sluice sluice = Sluice.on(MemoryEngine.open()).start();

  @SuppressWarnings("NullAway.Init") // every test starts one
  private SluiceServer server;

  private Tokens tokens() {
    return Tokens.in(directory, environment.clock());
  }

  private String token(String name, Scope scope, Optional<String> rate) {
    return tokens().create(name, Set.of(scope), Optional.empty(), Optional.empty(), rate);
  }

  private void start(ServerConfig config) {
    server =
        SluiceServer.start(
            config.withPort(0).withAudit(directory.resolve("audit.log")),
            sluice,
            tokens(),
            environment);
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    sluice.close();
  }

  /// Sends a request with these header lines; the answer's status and body.
  private String send(String method, String path, String... headers) throws IOException {
    StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
    if (List.of(headers).stream().noneMatch(header -> header.startsWith("Host:"))) {
      request.append("Host: localhost:").append(server.port()).append("\r\n");
    }
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    request.append("Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    try (RawClient client = new RawClient(server.port())) {
      client.send(request.toString());
      return client.readAnswer();
    }
  }

  private static String bearer(String token) {
    return "Authorization: Bearer " + token;
  }

  private static String filled(String path) {
    return path.replaceAll("\\{[^}]*}", "default");
  }

  @Test
  void everyRouteAsksForItsScope() throws IOException {
    Map<Scope, String> tokens = new EnumMap<>(Scope.class);
    for (Scope scope : Scope.values()) {
      tokens.put(scope, token(scope.text(), scope, Optional.empty()));
    }
    start(ServerConfig.defaults());
    for (Route route : server.routes()) {
      String about = route.method() + " " + route.path();
      if (route.scope().isEmpty()) {
        assertThat(OPEN).as(about).contains(route.path());
        continue;
      }
      Scope wanted = route.scope().get();
      String method = route.method().text();
      String path = filled(route.path());
      assertThat(send(method, path)).as(about).startsWith("HTTP/1.1 401").contains("Bearer");
      assertThat(send(method, path, bearer("slc_wrong"))).as(about).startsWith("HTTP/1.1 401");
      for (Scope scope : Scope.values()) {
        String answer = send(method, path, bearer(tokens.get(scope)));
        if (scope.holds(wanted)) {
          assertThat(answer).as(about + " with " + scope).doesNotContain("\"forbidden\"");
          assertThat(answer).as(about + " with " + scope).doesNotStartWith("HTTP/1.1 401");
        } else {
          assertThat(answer)
              .as(about + " with " + scope)
              .startsWith("HTTP/1.1 403")
              .contains(wanted.text());
        }
      }
    }
  }

  @Test
  void lookingNeverChangesAnything() {
    start(ServerConfig.defaults());
    assertThat(server.routes()).isNotEmpty();
    for (Route route : server.routes()) {
      String about = route.method() + " " + route.path();
      if (route.method().equals(Method.GET)) {
        assertThat(route.audited()).as(about).isFalse();
        assertThat(route.scope().orElse(Scope.READ)).as(about).isEqualTo(Scope.READ);
      } else {
        assertThat(route.scope()).as(about).isPresent();
      }
    }
  }

  @Test
  void whatIsSteeredIsAudited() {
    start(ServerConfig.defaults());
    for (Route route : server.routes()) {
      boolean steers =
          route.scope().filter(Set.of(Scope.OPERATE, Scope.ADMIN)::contains).isPresent();
      assertThat(route.audited()).as(route.method() + " " + route.path()).isEqualTo(steers);
    }
  }

  @Test
  void aTokenIsForItsQueuesOnly() throws IOException {
    String token =
        tokens()
            .create(
                "one",
                Set.of(Scope.ENQUEUE),
                Optional.of(Set.of("mail")),
                Optional.empty(),
                Optional.empty());
    start(ServerConfig.defaults());
    assertThat(send("POST", "/v1/queues/default/jobs", bearer(token)))
        .startsWith("HTTP/1.1 403")
        .contains("default");
  }

  @Test
  void aTokensRateIsKept() throws IOException {
    String token = token("slow", Scope.ENQUEUE, Optional.of("2/h"));
    start(ServerConfig.defaults());
    String path = "/v1/queues/default/jobs";
    assertThat(send("POST", path, bearer(token))).startsWith("HTTP/1.1 202");
    assertThat(send("POST", path, bearer(token))).startsWith("HTTP/1.1 202");
    assertThat(send("POST", path, bearer(token)))
        .startsWith("HTTP/1.1 429")
        .containsPattern("Retry-After: 1[78]\\d\\d\r\n")
        .contains("\"reason\":\"rate\"", "retryAfterMs");
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "127.9.9.9"})
  void withoutTokensALoopbackNameIsFine(String host) throws IOException {
    start(ServerConfig.defaults());
    assertThat(send("POST", "/v1/queues/default/jobs", "Host: " + host)).startsWith("HTTP/1.1 202");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1"})
  void withoutTokensAnotherNameIsRebinding(String host) throws IOException {
    start(ServerConfig.defaults());
    for (String path : List.of("/v1/queues/default/jobs")) {
      assertThat(send("POST", path, "Host: " + host))
          .startsWith("HTTP/1.1 403")
          .contains("\"reason\":\"host\"");
    }
    assertThat(sluice.list("default", JobState.READY, 1, null).jobs()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "Sec-Fetch-Site: same-origin, true",
    "Sec-Fetch-Site: none, true",
    "Sec-Fetch-Site: cross-site, false",
    "Sec-Fetch-Site: same-site, false",
    "Sec-Fetch-Site: x, false",
    "Origin: http://localhost, true",
    "Origin: http://evil.example, false",
    "Origin: null, false",
    "X-Nothing: x, true",
  })
  void pagesOfOthersMayNotChangeAnything(String header, boolean allowed) throws IOException {
    start(ServerConfig.defaults());
    assertThat(send("POST", "/v1/queues/default/jobs", "Host: localhost", header))
        .startsWith(allowed ? "HTTP/1.1 202" : "HTTP/1.1 403")
        .doesNotContain("Access-Control");
  }

  @Test
  void corsIsOff() throws IOException {
    start(ServerConfig.defaults());
    assertThat(
            send(
                "OPTIONS",
                "/v1/queues/default/jobs",
                "Origin: http://evil.example",
                "Access-Control-Request-Method: POST"))
        .startsWith("HTTP/1.1 405")
        .doesNotContain("Access-Control-Allow");
  }

  @ParameterizedTest
  @CsvSource({
    // host, tls, behind proxy, a token, may start
    "127.0.0.1, false, false, false, true",
    "::1, false, false, false, true",
    "localhost, false, false, true, true",
    "0.0.0.0, false, false, false, false",
    "0.0.0.0, true, false, false, false",
    "0.0.0.0, false, false, true, false",
    "0.0.0.0, true, false, true, true",
    "0.0.0.0, false, true, true, true",
    "0.0.0.0, false, true, false, false",
    "192.0.2.1, true, true, false, false",
    "127.0.0.1, false, true, false, false",
    "127.0.0.1, false, true, true, true",
  })
  void strangersNeedATokenAndEncryption(
      String host, boolean tls, boolean proxy, boolean token, boolean allowed) {
    ServerConfig config = ServerConfig.defaults().withHost(host).withBehindProxy(proxy);
    ServerConfig all =
        tls ? config.withTls(new TlsFiles(Path.of("cert.pem"), Path.of("key.pem"))) : config;
    assertThat(all.refusal(!token).isEmpty()).isEqualTo(allowed);
    if (!allowed) {
      assertThatThrownBy(() ->
              SluiceServer.start(
                  all, sluice, token ? new NoCallers() : Callers.everybody(), environment))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(proxy ? "behind-proxy" : host);
    }
  }

  private static final class NoCallers implements Callers {
    @Override
    public boolean isOpen() {
      return false;
    }

    @Override
    public Optional<Caller> of(String token) {
      return Optional.empty();
    }
  }

  @Test
  void whoseTokenMayNotIsNamed() throws IOException {
    String token = token("ci", Scope.READ, Optional.empty());
    start(ServerConfig.defaults());
    send("POST", "/v1/queues/default/jobs", bearer(token));
    server.close();
    assertThat(Files.readAllLines(directory.resolve("refused.log")))
        .singleElement()
        .asString()
        .contains("\"caller\":\"ci\"", "\"status\":403");
  }

  private String tokenForMail(String name, Scope scope) {
    return tokens()
        .create(
            name, Set.of(scope), Optional.of(Set.of("mail")), Optional.empty(), Optional.empty());
  }

  @Test
  void whoseTokenIsForOtherQueuesIsWrittenDown() throws IOException {
    String hands = tokenForMail("hands", Scope.ENQUEUE);
    String boss = tokenForMail("boss", Scope.OPERATE);
    start(ServerConfig.defaults());
    send("POST", "/v1/queues/default/jobs", bearer(hands));
    send("POST", "/v1/queues/default:pause", bearer(boss));
    send("GET", "/metrics", bearer(boss));
    server.close();
    assertThat(directory.resolve("audit.log")).isEmptyFile();
    assertThat(Files.readAllLines(directory.resolve("refused.log")))
        .hasSize(3)
        .allSatisfy(line -> assertThat(line).contains("\"status\":403"))
        .anySatisfy(line -> assertThat(line).contains("\"hands\"", "\"/v1/queues/default/jobs\""))
        .anySatisfy(line -> assertThat(line).contains("\"boss\"", "\"/v1/queues/default:pause\""))
        .anySatisfy(line -> assertThat(line).contains("\"boss\"", "\"/metrics\""));
  }

  @Test
  void whoseTokenEndsDuringARequestIsWrittenDown() throws IOException {
    String token = token("ci", Scope.ENQUEUE, Optional.empty());
    start(ServerConfig.defaults());
    try (RawClient client = new RawClient(server.port())) {
      client.send(
          "POST /v1/queues/default/jobs HTTP/1.1\r\nHost: localhost\r\n"
              + bearer(token)
              + "\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
              + "Connection: close\r\n\r\n");
      client.send("c\r\n{\"payload\":1\r\n2\r\n}\n\r\n");
      client.readUntil("READY");
      tokens().revoke("ci");
      // An id may have these digits, too.
      for (String answer = "";
          !answer.contains("\"status\":401");
          answer = client.readUntil("}\n")) {
        client.send("c\r\n{\"payload\":1\r\n2\r\n}\n\r\n");
      }
      client.send("0\r\n\r\n");
      client.readAll();
    }
    server.close();
    assertThat(Files.readAllLines(directory.resolve("refused.log")))
        .singleElement()
        .asString()
        .contains("\"caller\":\"ci\"", "\"status\":401", "\"/v1/queues/default/jobs\"");
  }

  /// Whoever may read the logs must not be able to end the work of others.
  @Test
  void tokensOfLeasesAreInNoLog() throws IOException {
    token("ci", Scope.READ, Optional.empty());
    start(ServerConfig.defaults());
    send("POST", "/v1/leases/canary:complete", bearer("slc_wrong"));
    send("POST", "/v1/jobs/a%0ab:cancel", bearer("slc_wrong"));
    server.close();
    assertThat(Files.readAllLines(directory.resolve("refused.log")))
        .hasSize(2)
        .noneSatisfy(line -> assertThat(line).contains("canary"))
        .anySatisfy(line -> assertThat(line).contains("\"path\":\"/v1/leases/{token}:complete\""))
        .anySatisfy(line -> assertThat(line).contains("\"path\":\"/v1/jobs/a%0Ab:cancel\""));
  }

  @Test
  void whoWasNotLetInIsWrittenDown() throws IOException {
    token("ci", Scope.READ, Optional.empty());
    start(ServerConfig.defaults());
    send("POST", "/v1/queues/default/jobs?secret=1", bearer("slc_canary"));
    send("DELETE", "/v1/nothing");
    server.close();
    // Not where the changes stand: nobody can push those out by knocking.
    assertThat(directory.resolve("audit.log")).isEmptyFile();
    List<String> lines = Files.readAllLines(directory.resolve("refused.log"));
    assertThat(lines).hasSize(1);
    assertThat(lines.getFirst())
        .contains(
            "\"status\":401", "\"from\":\"127.0.0.1\"", "\"path\":\"/v1/queues/default/jobs\"")
        .doesNotContain("canary", "secret");
  }

  @Test
  void whoSteersIsWrittenDownAndWhoWorksIsNot() throws IOException {
    String token = token("boss", Scope.ADMIN, Optional.empty());
    start(ServerConfig.defaults());
    send("POST", "/v1/queues/default/jobs", bearer(token));
    send("POST", "/v1/queues/default:pause", bearer(token));
    send("DELETE", "/v1/queues/no-such%0aqueue", bearer(token));
    server.close();
    List<String> lines = Files.readAllLines(directory.resolve("audit.log"));
    assertThat(lines).hasSize(2);
    // A call is written down after its answer, so the next one may overtake it.
    assertThat(lines)
        .anySatisfy(line ->
            assertThat(line)
                .contains("\"caller\":\"boss\"", "\"path\":\"/v1/queues/default:pause\"", "200"))
        .anySatisfy(line -> assertThat(line).contains("\"method\":\"DELETE\"", "\"status\":404"));
  }
}
