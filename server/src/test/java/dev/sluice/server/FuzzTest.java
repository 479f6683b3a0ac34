package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Tens of thousands of requests that nobody would send, from a seed: none may be answered with a
/// 5xx other than 503, hang, or leave a thread behind.
final class FuzzTest {
  private static final int REQUESTS = 20_000;
  private static final long SEED = Long.getLong("sluice.fuzz.seed", 20261124);

  private static final List<String> METHODS =
      List.of(
          "GET", "GET", "GET", "POST", "POST", "POST", "POST", "POST", "POST", "PUT", "DELETE",
          "HEAD", "OPTIONS", "PATCH", "BREW");

  private static final List<String> PATHS =
      List.of(
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/queues/mail/jobs",
          "/v1/jobs",
          "/v1/jobs",
          "/v1/queues/nobody/jobs",
          "/v1/queues/%2e%2e/jobs",
          "/v1/jobs",
          "/v1/jobs/",
          "/v1/jobs/x",
          "/v1/jobs/01a20afc-5f80-7000-bd9a-0ff1433ee6b3",
          "/v1/jobs/01a20afc-5f80-7000-bd9a-0ff1433ee6b3:cancel",
          "/v1/jobs/01a20afc-5f80-7000-bd9a-0ff1433ee6b3:retry",
          "/v1/jobs/:cancel",
          "/v1/jobs:cancel",
          "/v1/jobs:retry",
          "/v1/jobs:delete",
          "/v1/jobs:what",
          "/openapi.yaml",
          "/",
          "//",
          "/v1",
          "/v1/jobs/%00",
          "/v1/jobs/%ff",
          "/v1/jobs/%",
          "/v1/jobs/é");

  private static final List<String> QUERIES =
      List.of(
          "",
          "",
          "",
          "queue=mail",
          "state=READY",
          "state=x",
          "limit=1",
          "limit=-1",
          "limit=99999999999",
          "cursor=",
          "cursor=bWFpbHxSRUFEWXw",
          "cursor=////",
          "q=a",
          "q=%00",
          "q=%",
          "key=k",
          "type=t",
          "delay=1s",
          "delay=999999999999d",
          "runAt=9999999999999",
          "runAt=2030-01-01T00:00:00Z",
          "priority=high",
          "maxAttempts=9999999999",
          "=",
          "&&",
          "a",
          "wait=1ms",
          "wait=x",
          "timeout=0s",
          "timeToStart=1ms");

  private static final List<String> HEADERS =
      List.of(
          "Content-Type: application/json",
          "Content-Type: application/x-ndjson",
          "Content-Type: text/plain",
          "Content-Type: ;;;",
          "Content-Type: \u0001",
          "Idempotency-Key: k",
          "Idempotency-Key: ",
          "Authorization: Bearer x",
          "Authorization: ",
          "Sec-Fetch-Site: cross-site",
          "Last-Event-ID: -1",
          "Accept: \"",
          "X: y",
          "Expect: 200-ok",
          "Content-Encoding: gzip",
          "Connection: close",
          "Cookie: a=b");

  private static final List<String> PIECES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ":",
          ",",
          "\"",
          "\\",
          "\n",
          " ",
          "null",
          "true",
          "1",
          "-",
          "1e999",
          "0.1",
          "\"payload\"",
          "\"type\"",
          "\"delay\"",
          "\"1s\"",
          "\"runAt\"",
          "\"key\"",
          "\"headers\"",
          "\"maxAttempts\"",
          "99999999999999999999",
          "\"priority\"",
          "\"queue\"",
          "\"mail\"",
          "\"limit\"",
          "\"dryRun\"",
          "\u0000",
          "\ufeff",
          "é",
          "\ud800",
          "\\u12",
          "\"timeout\"",
          "{\"payload\":1}\n",
          "\"state\"",
          "\"cursor\"",
          "\"q\"");

  private static final List<String> BODIES =
      List.of(
          "",
          "{}",
          "{\"payload\":{\"a\":[1,2,3]}}",
          "{\"queue\":\"mail\",\"dryRun\":true}",
          "{\"delay\":\"999999999999d\"}",
          "{\"delay\":\"1s\",\"key\":\"k\"}",
          "{}\n{}\n\nx\n",
          "[".repeat(5000),
          "{\"payload\":" + "[".repeat(100) + "]".repeat(100) + "}",
          "{\"key\":\"" + "k".repeat(300) + "\"}",
          "{\"timeout\":\"-1s\"}",
          "{\"maxAttempts\":2147483648}",
          "{\"runAt\":\"+999999999-12-31T23:59:59Z\"}",
          "{\"runAt\":\"-1000-01-01T00:00:00Z\"}",
          "{\"headers\":{\"\":\"\"}}",
          "{\"payload\":\"" + "x".repeat(3000) + "\"}");

  private final Random random = new Random(SEED);

  @Test
  @Timeout(120)
  void nothingBreaksTheServer() throws IOException {
    TreeMap<Integer, Integer> statuses = new TreeMap<>();
    try (HttpProbe probe =
        HttpProbe.start(
            ServerConfig.defaults().withPort(0).withMaxPayload(2048),
            Callers.everybody(),
            builder ->
                builder.queue(
                    "mail", QueuePolicy.defaults().withCapacity(2000), Delivery.pull()))) {
      Connection connection = new Connection(probe);
      for (int i = 0; i < REQUESTS; i++) {
        Request request = request();
        int status = connection.exchange(request);
        statuses.merge(status, 1, Integer::sum);
        assertThat(status < 500 || status == 503)
            .as("seed %d, request %d -> %d%n%s", SEED, i, status, request)
            .isTrue();
      }
      connection.close();
      assertThat(probe.get("/v1/jobs?limit=1").status()).isEqualTo(200);
      assertThat(probe.server().live().waits().count()).isZero();
      assertThat(probe.server().live().events().readers()).isZero();
    }
    // Not only refusals: else nothing was tried.
    assertThat(statuses).containsKeys(200, 202, 400, 404, 405, 413, 422);
  }

  /// One request, as bytes.
  ///
  /// Threading: immutable.
  // An array and no text: what is sent need not be UTF-8.
  @SuppressWarnings("ArrayRecordComponent")
  private record Request(String method, String head, byte[] body) {
    @Override
    public String toString() {
      return head + new String(body, 0, Math.min(body.length, 500), StandardCharsets.UTF_8);
    }
  }

  private Request request() {
    String method = one(METHODS);
    byte[] body = method.equals("GET") || method.equals("HEAD") ? new byte[0] : body();
    boolean chunked = random.nextInt(4) == 0;
    StringBuilder head = new StringBuilder(256);
    head.append(method).append(' ').append(path()).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (int i = random.nextInt(3); i > 0; i--) {
      head.append(one(HEADERS)).append("\r\n");
    }
    if (chunked && body.length > 0) {
      head.append("Transfer-Encoding: chunked\r\n\r\n");
      return new Request(method, head.toString(), chunks(body));
    }
    head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
    return new Request(method, head.toString(), body);
  }

  private String path() {
    StringBuilder path = new StringBuilder(one(PATHS));
    if (random.nextInt(10) == 0) {
      path.insert(random.nextInt(path.length() + 1), (char) (33 + random.nextInt(94)));
    }
    char glue = '?';
    for (int i = random.nextInt(4); i > 0; i--) {
      path.append(glue).append(one(QUERIES));
      glue = '&';
    }
    return path.toString();
  }

  private byte[] body() {
    if (random.nextInt(3) == 0) {
      StringBuilder mixed = new StringBuilder();
      for (int i = random.nextInt(20); i > 0; i--) {
        mixed.append(one(PIECES));
      }
      return mixed.toString().getBytes(StandardCharsets.UTF_8);
    }
    byte[] body = one(BODIES).getBytes(StandardCharsets.UTF_8);
    for (int i = random.nextInt(4) - 1; i > 0 && body.length > 0; i--) {
      body[random.nextInt(body.length)] = (byte) random.nextInt(256);
    }
    return body;
  }

  private byte[] chunks(byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int from = 0;
    while (from < body.length) {
      int length = 1 + random.nextInt(body.length - from);
      out.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(body, from, length);
      out.writeBytes(new byte[] {'\r', '\n'});
      from += length;
    }
    out.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  private <T> T one(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  /// A connection that is opened again whenever the server ends it.
  private static final class Connection {
    private final HttpProbe probe;
    private Socket socket;
    private InputStream in;

    Connection(HttpProbe probe) throws IOException {
      this.probe = probe;
      open();
    }

    private void open() throws IOException {
      socket = probe.connect();
      in = new BufferedInputStream(socket.getInputStream());
    }

    /// @return the status; 0 when the connection ended without one
    int exchange(Request request) throws IOException {
      boolean ends = true;
      int status = 0;
      try {
        // In one write: two would each wait for the other side's acknowledgement.
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(request.head().getBytes(StandardCharsets.UTF_8));
        out.writeBytes(request.body());
        socket.getOutputStream().write(out.toByteArray());
        String line = line();
        status = Integer.parseInt(line.substring(9, 12));
        ends = answer(request, status);
      } catch (EOFException | java.net.SocketException _) {
        // Ended by the server, which may do so after what is no HTTP.
      }
      if (ends) {
        socket.close();
        open();
      }
      return status;
    }

    private boolean answer(Request request, int status) throws IOException {
      boolean ends = request.head().contains("Connection: close");
      boolean chunked = false;
      int length = 0;
      for (String line = line(); !line.isEmpty(); line = line()) {
        String lower = line.toLowerCase(Locale.ROOT);
        ends |= lower.equals("connection: close");
        chunked |= lower.equals("transfer-encoding: chunked");
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring(15).strip());
        }
      }
      if (request.method().equals("HEAD") || status == 204) {
        return ends;
      }
      if (chunked) {
        int chunk = Integer.parseInt(line(), 16);
        while (chunk > 0) {
          in.skipNBytes(chunk + 2L);
          chunk = Integer.parseInt(line(), 16);
        }
        line();
      } else {
        in.skipNBytes(length);
      }
      return ends;
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          throw new EOFException();
        }
        if (b != '\r') {
          line.append((char) b);
        }
      }
      return line.toString();
    }

    void close() throws IOException {
      socket.close();
    }
  }
}
