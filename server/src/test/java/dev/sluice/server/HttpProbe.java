package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.SluiceBuilder;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server with a memory engine behind it, and a client that holds each answer against the OpenAPI
/// document: status, content type and body.
///
/// ```java
/// try (HttpProbe probe = HttpProbe.start()) {
///   HttpProbe.Answer answer = probe.post("/v1/queues/mail/jobs", "{\"payload\":1}");
///   assertThat(answer.status()).isEqualTo(202);
///   assertThat(answer.json().get("state").asString()).isEqualTo("READY");
/// }
/// ```
///
/// Threading: thread-safe.
final class HttpProbe implements AutoCloseable {
  private static final ApiDocument DOCUMENT = ApiDocument.load();
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Sluice sluice;
  private final SluiceServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  private HttpProbe(Sluice sluice, SluiceServer server) {
    this.sluice = sluice;
    this.server = server;
  }

  /// An answer that is as the document says.
  record Answer(int status, HttpResponse<byte[]> response) {
    String text() {
      return new String(response.body(), StandardCharsets.UTF_8);
    }

    JsonNode json() {
      return JSON.readTree(response.body());
    }

    /// The lines of a streamed answer.
    List<JsonNode> lines() {
      return text().lines().map(JSON::readTree).toList();
    }

    Optional<String> header(String name) {
      return response.headers().firstValue(name);
    }

    /// The short word of a problem.
    String reason() {
      return json().get("reason").asString();
    }
  }

  /// With the queue `mail`, whose jobs are pulled, and no tokens.
  static HttpProbe start() {
    return start(builder -> builder.queue("mail", QueuePolicy.defaults(), Delivery.pull()));
  }

  /// With queues and handlers as you like, and no tokens.
  static HttpProbe start(UnaryOperator<SluiceBuilder> queues) {
    return start(ServerConfig.defaults().withQueues(QueueList.none()), Callers.everybody(), queues);
  }

  /// With everything as you like; the port is a free one.
  static HttpProbe start(
      ServerConfig config, Callers callers, UnaryOperator<SluiceBuilder> queues) {
    return start(config, callers, queues, Environment.system());
  }

  /// With an environment of the server's own.
  static HttpProbe start(
      ServerConfig config,
      Callers callers,
      UnaryOperator<SluiceBuilder> queues,
      Environment environment) {
    return start(config, callers, MemoryEngine.open(), queues, environment);
  }

  /// With an engine that can do less, and the queue `mail`.
  static HttpProbe start(Engine engine) {
    return start(engine, Environment.system());
  }

  /// With an engine and an environment of the server's own, and the queue `mail`.
  static HttpProbe start(Engine engine, Environment environment) {
    return start(
        ServerConfig.defaults().withQueues(QueueList.none()),
        Callers.everybody(),
        engine,
        builder -> builder.queue("mail", QueuePolicy.defaults(), Delivery.pull()),
        environment);
  }

  private static HttpProbe start(
      ServerConfig config,
      Callers callers,
      Engine engine,
      UnaryOperator<SluiceBuilder> queues,
      Environment environment) {
    Sluice sluice = queues.apply(Sluice.on(engine)).start();
    try {
      return new HttpProbe(
          sluice, SluiceServer.start(config.withPort(0), sluice, callers, environment));
    } catch (RuntimeException failure) {
      sluice.close();
      throw failure;
    }
  }

  Sluice sluice() {
    return sluice;
  }

  SluiceServer server() {
    return server;
  }

  int port() {
    return server.port();
  }

  /// A connection for what no client would send.
  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port() + path);
  }

  HttpClient client() {
    return client;
  }

  Answer get(String path, String... headers) {
    return send("GET", path, BodyPublishers.noBody(), headers);
  }

  Answer delete(String path, String... headers) {
    return send("DELETE", path, BodyPublishers.noBody(), headers);
  }

  Answer put(String path, String json, String... headers) {
    return send("PUT", path, BodyPublishers.ofString(json), headers);
  }

  Answer post(String path, String json, String... headers) {
    return send("POST", path, BodyPublishers.ofString(json), headers);
  }

  Answer post(String path, byte[] body, String... headers) {
    return send("POST", path, BodyPublishers.ofByteArray(body), headers);
  }

  /// Sends anything.
  ///
  /// @param headers names and values by turns
  Answer send(String method, String path, BodyPublisher body, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).method(method, body);
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<byte[]> response = exchange(request.build());
    assertThat(
            DOCUMENT.complaints(
                method,
                path,
                response.statusCode(),
                response.headers().firstValue("Content-Type"),
                response.body()))
        .as("%s %s -> %d", method, path, response.statusCode())
        .isEmpty();
    return new Answer(response.statusCode(), response);
  }

  private HttpResponse<byte[]> exchange(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException broken) {
      throw new AssertionError("no answer to " + request, broken);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new AssertionError(stopped);
    }
  }

  @Override
  public void close() {
    server.close();
    sluice.close();
    client.close();
  }
}
