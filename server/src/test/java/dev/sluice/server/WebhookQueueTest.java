package dev.sluice.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.JobEvent;
import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.Workers;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.webhook.Reach;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class WebhookQueueTest {
  private static final JobType<byte[]> BYTES = new JobType<>("t", Codec.bytes(), "mail");
  private static final String SECRET =
      "whsec_"
          + Base64.getEncoder().encodeToString("0123456789abcdef0123456789abcdef".getBytes(UTF_8));

  private final BlockingQueue<Map<String, String>> delivered = new LinkedBlockingQueue<>();
  private final CountDownLatch slow = new CountDownLatch(1);
  private final CountDownLatch slowReached = new CountDownLatch(1);

  @TempDir Path folder;
  private HttpServer target;

  @BeforeEach
  void listen() throws IOException {
    target = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    target.setExecutor(task -> Thread.ofVirtual().start(task));
    target.createContext(
        "/fast",
        exchange -> {
          delivered.add(
              Map.of(
                  "body",
                  new String(exchange.getRequestBody().readAllBytes(), UTF_8),
                  "signature",
                  String.valueOf(exchange.getRequestHeaders().getFirst("webhook-signature")),
                  "authorization",
                  String.valueOf(exchange.getRequestHeaders().getFirst("authorization"))));
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    target.createContext(
        "/slow",
        exchange -> {
          slowReached.countDown();
          try {
            slow.await();
          } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
          }
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    target.start();
  }

  @AfterEach
  void stop() {
    slow.countDown();
    target.stop(0);
  }

  private HttpProbe start(String queues) {
    return HttpProbe.start(config(queues), Callers.everybody(), builder -> builder);
  }

  private ServerConfig config(String queues) {
    int port = target.getAddress().getPort();
    QueueList list = QueueList.read(SluiceServer.mapper().readTree(json(queues)), "");
    return ServerConfig.defaults()
        .withQueues(list)
        .withReach(Reach.internet().withHttp().withPorts(port).withNetworks("127.0.0.1", "::1"));
  }

  private String json(String text) {
    return text.replace('\'', '"').replace("PORT", "" + target.getAddress().getPort());
  }

  private static String queue(String path, String more) {
    return "{'delivery': {'webhook': {'url': 'http://127.0.0.1:PORT" + path + "'" + more + "}}}";
  }

  private Path secret(String mode) {
    try {
      Path file = Files.writeString(folder.resolve("secret-" + mode), SECRET + "\n");
      return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Test
  void aJobIsDeliveredSignedAndWhatLetsSomebodyInIsNotShown() throws Exception {
    String more =
        ", 'secretFile': '"
            + secret("rw-------")
            + "', 'headers': {'authorization': 'Bearer canary'}";
    try (HttpProbe probe = start("{'mail': " + queue("/fast?key=hush", more) + "}")) {
      probe.post("/v1/queues/mail/jobs", "{\"payload\": {\"n\": 1}}");
      Map<String, String> got = delivered.poll(20, TimeUnit.SECONDS);
      assertThat(got).containsEntry("body", "{\"n\": 1}");
      assertThat(got).containsEntry("authorization", "Bearer canary");
      assertThat(got.get("signature")).startsWith("v1,");
      String shown = probe.get("/v1/queues/mail").text();
      assertThat(shown).doesNotContain("canary").doesNotContain("whsec_").doesNotContain("hush");
      assertThat(shown).contains("\"authorization\":\"***\"");
      HttpProbe.Answer leased = probe.post("/v1/queues/mail/jobs:lease", "{}");
      assertThat(leased.status()).isEqualTo(409);
      assertThat(leased.reason()).isEqualTo("not-pulled");
    }
  }

  @Test
  void aSlowTargetHoldsUpNobodyElse() throws Exception {
    try (HttpProbe probe =
        start("{'fast': " + queue("/fast", "") + ", 'slow': " + queue("/slow", "") + "}")) {
      for (int i = 0; i < 40; i++) {
        probe.post("/v1/queues/slow/jobs", "{\"payload\": 1}");
      }
      assertThat(slowReached.await(20, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; i < 40; i++) {
        probe.post("/v1/queues/fast/jobs", "{\"payload\": " + i + "}");
      }
      for (int i = 0; i < 40; i++) {
        assertThat(delivered.poll(20, TimeUnit.SECONDS)).isNotNull();
      }
      assertThat(probe.get("/v1/queues/slow").json().at("/totals/succeeded").asInt()).isZero();
      slow.countDown();
    }
  }

  @Test
  void aServerThatCannotListenDeliversNothing() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Sluice sluice = withOneJob()) {
      ServerConfig config =
          config("{'mail': " + queue("/fast", "") + "}").withPort(taken.getLocalPort());
      assertThatThrownBy(
              () -> SluiceServer.start(config, sluice, Callers.everybody(), Environment.system()))
          .hasMessageContaining("cannot listen");
      assertLeasable(sluice);
      assertThat(delivered).isEmpty();
    }
  }

  @Test
  void aDeliveryUnderWayOutlivesItsServerAndTheNextJobWaits() throws Exception {
    try (Sluice sluice = withOneJob()) {
      CountDownLatch succeeded = new CountDownLatch(1);
      sluice.listen(event -> {
        if (event instanceof JobEvent.Succeeded) {
          succeeded.countDown();
        }
      });
      SluiceServer server =
          SluiceServer.start(
              config("{'mail': " + queue("/slow", "") + "}").withPort(0),
              sluice,
              Callers.everybody(),
              Environment.system());
      assertThat(slowReached.await(20, TimeUnit.SECONDS)).isTrue();
      server.close();
      slow.countDown();
      assertThat(succeeded.await(20, TimeUnit.SECONDS)).isTrue();
      sluice.enqueue(BYTES, new byte[0]);
      assertLeasable(sluice);
    }
  }

  private static Sluice withOneJob() {
    Sluice sluice =
        Sluice.on(MemoryEngine.open())
            .queue("mail", QueuePolicy.defaults(), Delivery.pull())
            .start();
    sluice.enqueue(BYTES, new byte[0]);
    return sluice;
  }

  private static void assertLeasable(Sluice sluice) throws InterruptedException {
    assertThat(sluice.workers().lease("mail", 1, Duration.ofSeconds(30), Duration.ofSeconds(20)))
        .singleElement()
        .extracting(Workers.Leased::attempt)
        .isEqualTo(1);
  }

  @Test
  void aQueueStartsNoMoreThanItsTargetIsSent() {
    String many = "'maxInFlight': 2}}, 'concurrency': 64}";
    try (HttpProbe probe =
        start("{'mail': " + queue("/fast", "").replace("}}}", ", " + many) + "}")) {
      JsonNode policy = probe.get("/v1/queues/mail").json().get("policy");
      assertThat(policy.at("/configured/concurrency").asInt()).isEqualTo(64);
      assertThat(policy.at("/effective/concurrency").asInt()).isEqualTo(2);

      probe.put("/v1/queues/mail", json(queue("/fast", ", 'maxInFlight': 100")));
      assertThat(probe.get("/v1/queues/mail").json().at("/policy/effective/concurrency").asInt())
          .isEqualTo(64);
    }
  }

  @Test
  void whatWasGivenForOneHostGoesToNoOther() throws Exception {
    String more =
        ", 'secretFile': '"
            + secret("rw-------")
            + "', 'headers': {'authorization': 'Bearer canary'}";
    try (HttpProbe probe = start("{'mail': " + queue("/fast", more) + "}")) {
      String elsewhere = json(queue("/fast", "")).replace("127.0.0.1", "localhost");
      assertThat(probe.put("/v1/queues/mail", elsewhere).text()).contains("localhost");
      probe.post("/v1/queues/mail/jobs", "{\"payload\": 1}");
      assertThat(delivered.poll(20, TimeUnit.SECONDS))
          .containsEntry("authorization", "null")
          .containsEntry("signature", "null");

      probe.put("/v1/queues/mail", json(queue("/fast?other", "")));
      probe.post("/v1/queues/mail/jobs", "{\"payload\": 2}");
      Map<String, String> same = delivered.poll(20, TimeUnit.SECONDS);
      assertThat(same).containsEntry("authorization", "Bearer canary");
      assertThat(same.get("signature")).startsWith("v1,");
    }
  }

  @Test
  void aQueueChangesItsDeliveryWhileItWorks() throws Exception {
    try (HttpProbe probe = start("{'mail': {}}")) {
      String url = "http://127.0.0.1:" + target.getAddress().getPort() + "/fast";
      HttpProbe.Answer put =
          probe.put(
              "/v1/queues/mail",
              "{\"delivery\": {\"webhook\": {\"url\": \""
                  + url
                  + "\", \"headers\": {\"authorization\": \"canary\"}}}}");
      assertThat(put.status()).isEqualTo(200);
      assertThat(put.text()).doesNotContain("canary");
      CountDownLatch succeeded = new CountDownLatch(1);
      probe
          .sluice()
          .listen(event -> {
            if (event instanceof JobEvent.Succeeded) {
              succeeded.countDown();
            }
          });
      probe.post("/v1/queues/mail/jobs", "{\"payload\": 1}");
      assertThat(delivered.poll(20, TimeUnit.SECONDS)).containsEntry("authorization", "canary");
      assertThat(succeeded.await(20, TimeUnit.SECONDS)).isTrue();

      probe.delete("/v1/queues/mail");
      probe.post("/v1/queues/mail/jobs", "{\"payload\": 2}");
      JsonNode jobs =
          probe.post("/v1/queues/mail/jobs:lease", "{\"wait\": \"20s\"}").json().get("jobs");
      assertThat(jobs.get(0).get("payload").asInt()).isEqualTo(2);
      String token = jobs.at("/0/lease/token").asString();
      assertThat(probe.post("/v1/leases/" + token + ":complete", "").status()).isEqualTo(204);
      assertThat(probe.get("/metrics").text())
          .contains("sluice_webhook_attempts_total{outcome=\"done\",queue=\"mail\"} 1.0");
    }
  }

  @Test
  void whatIsWrongWithAFileOfSecretsIsNotToldOverHttp() throws Exception {
    Path empty = Files.writeString(secret("rwx------"), "\n");
    Path odd = Files.writeString(secret("rw-------"), "root:x:0:0\n");
    Path many = Files.writeString(secret("r--------"), "");
    Files.setPosixFilePermissions(many, PosixFilePermissions.fromString("rw-------"));
    Files.writeString(many, (SECRET + "\n").repeat(3));
    Path large = Files.writeString(secret("rwxr--r--"), "x");
    Files.setPosixFilePermissions(large, PosixFilePermissions.fromString("rw-------"));
    Files.writeString(large, "x".repeat(5000));
    try (HttpProbe probe = start("{'mail': {}}")) {
      Set<String> answers = new HashSet<>();
      for (Path file :
          List.of(folder, folder.resolve("none"), secret("rw-r--r--"), empty, odd, many, large)) {
        HttpProbe.Answer answer =
            probe.put(
                "/v1/queues/mail",
                ("{'delivery': {'webhook': {'url': 'https://example.org/', 'secretFile': '"
                        + file
                        + "'}}}")
                    .replace('\'', '"'));
        assertThat(answer.status()).isEqualTo(422);
        answers.add(answer.text());
      }
      assertThat(answers).hasSize(1);
      assertThat(answers.iterator().next())
          .contains("\"pointer\":\"/delivery/webhook/secretFile\"")
          .contains("the log says what is wrong");
    }
  }

  @Test
  void aSecretThatOthersMayReadIsRefused() {
    assertThatThrownBy(() ->
            start(
                "{'mail': "
                    + queue("/fast", ", 'secretFile': '" + secret("rw-r-----") + "'")
                    + "}"))
        .isInstanceOf(BadField.class)
        .hasMessageContaining("/mail/delivery/webhook/secretFile")
        .hasMessageContaining("chmod 600")
        .hasMessageNotContaining("whsec_");
  }
}
