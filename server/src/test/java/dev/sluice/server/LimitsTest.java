package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class LimitsTest {
  private static final String GOOD = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";
  private static final String POST = "POST /v1/queues/default/jobs HTTP/1.1\r\nHost: localhost\r\n";
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofMillis(300);

  private final Sluice sluice = Sluice.on(MemoryEngine.open()).start();

  @SuppressWarnings("NullAway.Init") // every test starts one
  private SluiceServer server;

  private static HttpLimits limits(
      int connections, Duration idle, Duration header, Duration body, Duration write) {
    return new HttpLimits(connections, 256, 2048, 4096, idle, header, body, write, 1 << 20);
  }

  private int start(HttpLimits limits) {
    server =
        SluiceServer.start(
            ServerConfig.defaults().withPort(0).withLimits(limits),
            sluice,
            Callers.everybody(),
            Environment.system());
    return server.port();
  }

  private int start() {
    return start(limits(1000, LONG, LONG, LONG, LONG));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    sluice.close();
  }

  private static void isServed(RawClient good) throws IOException {
    good.send(GOOD);
    assertThat(good.readAnswer()).startsWith("HTTP/1.1 404");
  }

  /// Sends a byte now and then until the server has had enough; a good client goes on meanwhile.
  private static void isCut(int port, String beginning) throws IOException {
    try (RawClient slow = new RawClient(port);
        RawClient good = new RawClient(port)) {
      slow.send(beginning);
      while (!slow.isCut()) {
        isServed(good);
        try {
          slow.send("x");
        } catch (IOException cut) {
          break;
        }
      }
      isServed(good);
    }
  }

  @Test
  void aSlowSenderOfHeadersIsCut() throws IOException {
    int port = start(limits(1000, LONG, SHORT, LONG, LONG));
    isCut(port, "GET /nothing HTTP/1.1\r\nHost: localhost\r\nX: ");
    isCut(port, "GE");
  }

  @Test
  void aSlowSenderOfABodyIsCut() throws IOException {
    int port = start(limits(1000, LONG, LONG, SHORT, LONG));
    isCut(port, POST + "Content-Length: 5000\r\n\r\n");
    isCut(port, POST + "Transfer-Encoding: chunked\r\n\r\nfff\r\n");
    isCut(port, POST + "Content-Type: application/x-ndjson\r\nContent-Length: 5000\r\n\r\n{}\n{");
  }

  /// Waits a little longer than a limit that is short.
  private static void letPass(RawClient worker) throws IOException {
    String wait = "{\"wait\":\"400ms\"}";
    worker.send(
        "POST /v1/queues/default/jobs:lease HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + wait.length()
            + "\r\n\r\n"
            + wait);
    assertThat(worker.readAnswer()).startsWith("HTTP/1.1 200");
  }

  @Test
  void aProducerMayTakeItsTimeBetweenLines() throws IOException {
    int port = start(limits(1000, LONG, LONG, SHORT, LONG));
    // Delayed jobs, so that who waits for one gets none.
    String line = "{\"delay\":\"1h\"}\n";
    String chunk = Integer.toHexString(line.length()) + "\r\n" + line + "\r\n";
    try (RawClient producer = new RawClient(port);
        RawClient worker = new RawClient(port)) {
      producer.send(
          POST + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (int i = 0; i < 3; i++) {
        letPass(worker);
        producer.send(chunk);
        producer.awaitText("\"SCHEDULED\"}");
      }
      producer.send("0\r\n\r\n");
      producer.awaitText("0\r\n\r\n");
      isServed(producer);
    }
  }

  @Test
  void aProducerThatIsSilentBetweenLinesIsCut() throws IOException {
    int port = start(limits(1000, SHORT, LONG, LONG, LONG));
    for (String beginning : List.of("", "{}\n", "{}\n\n")) {
      try (RawClient silent = new RawClient(port)) {
        silent.send(
            POST
                + "Content-Type: application/x-ndjson\r\nContent-Length: 5000\r\n\r\n"
                + beginning);
        assertThat(silent.readAll())
            .contains(beginning.isEmpty() ? "" : "\"READY\"}")
            .doesNotContain("\r\n0\r\n");
      }
    }
  }

  /// While the server lets it wait, a client is neither idle nor slow.
  @Test
  void aWaitMayLastLongerThanEveryLimit() throws IOException {
    int port = start(limits(1000, SHORT, SHORT, SHORT, SHORT));
    String wait = "{\"wait\":\"1s\"}";
    try (RawClient worker = new RawClient(port)) {
      worker.send(
          "POST /v1/queues/default/jobs:lease HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
              + wait.length()
              + "\r\n\r\n"
              + wait);
      assertThat(worker.readAnswer()).startsWith("HTTP/1.1 200");
    }
    try (RawClient producer = new RawClient(port);
        RawClient waiting = new RawClient(port)) {
      producer.send(POST + "Content-Length: 2\r\n\r\n{}");
      Matcher id = Pattern.compile("Location: (\\S+)").matcher(producer.readAnswer());
      assertThat(id.find()).isTrue();
      waiting.send("GET " + id.group(1) + "?wait=1s HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(waiting.readAnswer()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aConnectionWithoutARequestIsClosed() throws IOException {
    int port = start(limits(1000, SHORT, LONG, LONG, LONG));
    try (RawClient silent = new RawClient(port);
        RawClient quiet = new RawClient(port)) {
      isServed(quiet);
      assertThat(silent.readAll()).isEmpty();
      assertThat(quiet.readAll()).isEmpty();
    }
  }

  /// Somebody else still reads from it, since it waited.
  @Test
  void aWorkerThatWasAnsweredAndSendsNothingMoreIsCut() throws IOException {
    int port = start(limits(1000, SHORT, LONG, LONG, LONG));
    try (RawClient worker = new RawClient(port)) {
      worker.send(
          "POST /v1/queues/default/jobs:lease HTTP/1.1\r\nHost: localhost\r\n"
              + "Content-Length: 2\r\n\r\n{}");
      assertThat(worker.readAnswer()).startsWith("HTTP/1.1 200");
      assertThat(worker.readAll()).isEmpty();
    }
  }

  @Test
  void aClientThatTakesNoAnswersIsCut() throws IOException {
    int port = start(limits(1000, LONG, LONG, LONG, SHORT));
    try (RawClient greedy = new RawClient(port)) {
      String many = GOOD.repeat(1000);
      assertThatThrownBy(
              () -> {
                for (; ; ) {
                  greedy.send(many);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void keepAliveAndPipeliningAreFine() throws IOException {
    int port = start();
    try (RawClient client = new RawClient(port)) {
      client.send(GOOD.repeat(100));
      for (int i = 0; i < 100; i++) {
        assertThat(client.readAnswer()).startsWith("HTTP/1.1 404");
      }
      isServed(client);
    }
  }

  @Test
  void headersAndAddressesHaveALength() throws IOException {
    int port = start();
    String large =
        "GET /nothing HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(8000) + "\r\n\r\n";
    assertThat(RawClient.once(port, large))
        .startsWith("HTTP/1.1 431")
        .contains("application/problem+json", "headers-too-large");
    String many = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n".repeat(2000) + "\r\n";
    assertThat(RawClient.once(port, many)).startsWith("HTTP/1.1 431");
    String longLine = "GET /" + "x".repeat(3000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assertThat(RawClient.once(port, longLine))
        .startsWith("HTTP/1.1 414")
        .contains("application/problem+json", "uri-too-long");
    try (RawClient client = new RawClient(port)) {
      client.send(
          "GET /nothing HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(3000) + "\r\n\r\n");
      assertThat(client.readAnswer()).startsWith("HTTP/1.1 404");
    }
  }

  @Test
  void moreConnectionsThanAllowedWait() throws IOException {
    int port = start(limits(2, LONG, LONG, LONG, LONG));
    try (RawClient first = new RawClient(port);
        RawClient second = new RawClient(port);
        RawClient third = new RawClient(port)) {
      isServed(first);
      isServed(second);
      third.send(GOOD);
      third.timeout(100);
      assertThatThrownBy(third::readAnswer).isInstanceOf(SocketTimeoutException.class);
      first.end();
      third.timeout(0);
      assertThat(third.readAnswer()).startsWith("HTTP/1.1 404");
    }
  }

  /// Requests that two servers in a row could understand differently.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{\"a\":}",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 5x\r\n\r\nhello",
        "Transfer-Encoding: identity\r\n\r\nhello",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "Content-Length : 5\r\n\r\nhello",
        "X: y\nContent-Length: 5\r\n\r\nhello",
        "No colon here\r\n\r\n",
        "Host: other\r\n\r\n",
      })
  void framingThatCanBeReadInTwoWaysIsRefused(String rest) throws IOException {
    String answer =
        RawClient.once(start(), POST + rest + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(answer).matches("(?s)HTTP/1\\.1 (4\\d\\d|501) .*");
    assertThat(answer.split("HTTP/1\\.1 ", -1)).as(answer).hasSize(2);
  }

  @Test
  void http2IsNotThere() throws IOException {
    assertThat(RawClient.once(start(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        .matches("(?s)HTTP/1\\.1 (4\\d\\d|505) .*");
  }

  @Test
  void thousandsOfSlowConnectionsDoNotHinderGoodOnes() throws IOException {
    int port = start(limits(10_000, LONG, Duration.ofSeconds(2), LONG, LONG));
    List<RawClient> flood = new ArrayList<>();
    try (RawClient good = new RawClient(port)) {
      for (int i = 0; i < 2000; i++) {
        RawClient slow = new RawClient(port);
        flood.add(slow);
        slow.send("POST /v1/queues/default/jobs HTTP/1.1\r\nHost: loc");
        if (i % 20 == 0) {
          isServed(good);
        }
      }
      for (int i = 0; i < 200; i++) {
        isServed(good);
        try (RawClient fresh = new RawClient(port)) {
          isServed(fresh);
        }
      }
      for (RawClient slow : flood) {
        assertThat(slow.readAll()).isEmpty();
      }
    } finally {
      for (RawClient slow : flood) {
        slow.close();
      }
    }
  }

  @Test
  void onlyStrangersAreCountedByAddress() {
    assertThat(Connections.isLoopback("127.0.0.1")).isTrue();
    assertThat(Connections.isLoopback("::1")).isTrue();
    assertThat(Connections.isLoopback("192.0.2.1")).isFalse();
    assertThat(Connections.isLoopback("no-address")).isFalse();
  }
}
