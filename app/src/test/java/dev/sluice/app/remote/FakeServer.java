package dev.sluice.app.remote;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// A server that answers what a test tells it to.
///
/// Threading: thread-safe.
final class FakeServer implements AutoCloseable {
  /// What came.
  record Request(String line, String body, Map<String, List<String>> headers) {
    Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name)).map(List::getFirst);
    }
  }

  /// What is answered; a negative status hangs up in the middle of the body.
  record Reply(int status, String body, Map<String, String> headers) {
    static Reply of(int status, String body) {
      return new Reply(status, body, Map.of());
    }

    Reply with(String name, String value) {
      return new Reply(status, body, Map.of(name, value));
    }
  }

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, Function<Request, Reply>> routes = new ConcurrentHashMap<>();
  private final BlockingQueue<Request> came = new LinkedBlockingQueue<>();
  private final List<Request> all = new CopyOnWriteArrayList<>();

  private FakeServer(HttpServer http) {
    this.http = http;
  }

  static FakeServer start() throws IOException {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    FakeServer server = new FakeServer(http);
    http.setExecutor(server.threads);
    http.createContext("/", server::handle);
    http.start();
    return server;
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  /// @param line as in `GET /v1/queues`; the query counts only when it is given
  FakeServer on(String line, Function<Request, Reply> answer) {
    routes.put(line, answer);
    return this;
  }

  FakeServer on(String line, int status, String body) {
    return on(line, _ -> Reply.of(status, body));
  }

  /// The first request of that line that was not asked for yet.
  Request await(String line) throws InterruptedException {
    while (true) {
      Request request = came.poll(30, TimeUnit.SECONDS);
      if (request == null) {
        throw new AssertionError(line + " never came: " + all);
      }
      if (request.line().startsWith(line)) {
        return request;
      }
    }
  }

  List<Request> all(String line) {
    return all.stream().filter(request -> request.line().startsWith(line)).toList();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    String query = exchange.getRequestURI().getRawQuery();
    String line = exchange.getRequestMethod() + " " + path + (query == null ? "" : "?" + query);
    Request request =
        new Request(
            line,
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
            Map.copyOf(exchange.getRequestHeaders()));
    all.add(request);
    came.add(request);
    Function<Request, Reply> route =
        Optional.ofNullable(routes.get(line))
            .orElseGet(() ->
                routes.getOrDefault(
                    exchange.getRequestMethod() + " " + path,
                    _ -> Reply.of(404, "{\"detail\":\"there is nothing at this path\"}")));
    Reply reply = route.apply(request);
    byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
    reply.headers().forEach((name, value) -> exchange.getResponseHeaders().add(name, value));
    boolean hangUp = reply.status() < 0;
    exchange.sendResponseHeaders(
        Math.abs(reply.status()), hangUp ? body.length + 10 : body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
