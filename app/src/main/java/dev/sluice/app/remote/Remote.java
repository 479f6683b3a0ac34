package dev.sluice.app.remote;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The server, as this program speaks to it. What it refuses is thrown as [RemoteFailure].
///
/// Threading: thread-safe.
final class Remote implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(5);

  /// How long an answer may take.
  static final Duration ANSWER = Duration.ofSeconds(30);

  private static final int LARGEST_ANSWER = 256 << 20;
  private static final int LONGEST_DETAIL = 500;

  private final URI base;
  private final Optional<String> token;
  private final HttpClient http;

  /// @throws IllegalArgumentException when `caFile` is none
  Remote(URI base, Optional<String> token, Optional<Path> caFile) {
    this.base = base;
    this.token = token;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT);
    caFile.ifPresent(file -> builder.sslContext(Trust.in(file)));
    this.http = builder.build();
  }

  /// The address as people know it.
  String address() {
    return base.toString();
  }

  /// One segment of a path; also `*` and `:` of names are written as `%XX`.
  static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /// A path with a query of the values that are there.
  static String query(String path, Map<String, String> values) {
    String query =
        values.entrySet().stream()
            .map(value -> value.getKey() + "=" + segment(value.getValue()))
            .collect(Collectors.joining("&"));
    return query.isEmpty() ? path : path + "?" + query;
  }

  JsonNode get(String path) throws InterruptedException {
    return json(request(path).GET(), ANSWER);
  }

  JsonNode get(String path, Duration wait) throws InterruptedException {
    return json(request(path).GET(), ANSWER.plus(wait));
  }

  JsonNode post(String path, JsonNode body) throws InterruptedException {
    return post(path, body, ANSWER);
  }

  JsonNode post(String path, JsonNode body, Duration most) throws InterruptedException {
    return json(withBody(path, "POST", body), most);
  }

  JsonNode put(String path, JsonNode body) throws InterruptedException {
    return json(withBody(path, "PUT", body), ANSWER);
  }

  JsonNode delete(String path) throws InterruptedException {
    return json(request(path).DELETE(), ANSWER);
  }

  /// Sends a body as it is, and gives the answer while it comes. The caller closes it.
  ///
  /// @param patience how long the answer's beginning may take, and then each silence in it; a read
  ///   after a longer one throws
  InputStream stream(
      String path,
      String method,
      BodyPublisher body,
      Map<String, String> headers,
      Duration patience)
      throws InterruptedException {
    HttpRequest.Builder request = request(path).method(method, body);
    headers.forEach(request::header);
    HttpResponse<InputStream> answer =
        await(http.sendAsync(request.build(), BodyHandlers.ofInputStream()), "answer", patience);
    InputStream in = new PatientInput(answer.body(), patience);
    if (answer.statusCode() >= 300) {
      throw refusal(answer.statusCode(), answer, bytes(in));
    }
    return in;
  }

  private HttpRequest.Builder withBody(String path, String method, JsonNode body) {
    return request(path)
        .header("Content-Type", "application/json")
        .method(method, BodyPublishers.ofString(Json.line(body)));
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path)).header("Accept", "application/json");
    token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
    return request;
  }

  private JsonNode json(HttpRequest.Builder request, Duration most) throws InterruptedException {
    HttpResponse<byte[]> answer = whole(request.build(), most);
    byte[] bytes = answer.body();
    int status = answer.statusCode();
    if (status >= 300) {
      throw refusal(status, answer, bytes);
    }
    try {
      return bytes.length == 0 ? Json.object() : Json.read(bytes);
    } catch (JacksonException bad) {
      throw RemoteFailure.broken(base + " answers something else than JSON: is it Sluice?", bad);
    }
  }

  /// The answer with its body. A request's own time-out ends with the headers, so it would not see
  /// a server that hangs in the middle of the body.
  private HttpResponse<byte[]> whole(HttpRequest request, Duration most)
      throws InterruptedException {
    return await(
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST_ANSWER)),
        "whole answer",
        most);
  }

  private <T> T await(CompletableFuture<T> answer, String what, Duration most)
      throws InterruptedException {
    try {
      return answer.get(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      throw RemoteFailure.broken(base + " gave no " + what + " within " + Times.rough(most), late);
    } catch (ExecutionException failure) {
      throw failed(failure.getCause());
    } finally {
      answer.cancel(true);
    }
  }

  private RemoteFailure failed(@Nullable Throwable cause) {
    return switch (cause) {
      case ConnectException failure -> unreachable(failure);
      case HttpConnectTimeoutException failure -> unreachable(failure);
      case UnresolvedAddressException failure -> unreachable(failure);
      case SSLException failure ->
          RemoteFailure.unreachable(
              "cannot trust " + base + ": " + ConnectionTrouble.words(failure) + " (see --ca-file)",
              failure);
      case IOException failure -> broken(failure);
      case null, default -> throw new IllegalStateException("a request failed", cause);
    };
  }

  private RemoteFailure unreachable(Exception failure) {
    return RemoteFailure.unreachable(
        "cannot reach " + base + ": is the server running? (./sluice serve)", failure);
  }

  /// What stands for a connection that broke while an answer was read.
  RemoteFailure broken(IOException failure) {
    return RemoteFailure.broken(
        "the connection to " + base + " broke: " + ConnectionTrouble.words(failure), failure);
  }

  private byte[] bytes(InputStream answer) {
    try (InputStream in = answer) {
      byte[] bytes = in.readNBytes(LARGEST_ANSWER + 1);
      if (bytes.length > LARGEST_ANSWER) {
        throw RemoteFailure.broken(base + " answers more than this program can hold", null);
      }
      return bytes;
    } catch (IOException failure) {
      throw broken(failure);
    }
  }

  private RemoteFailure refusal(int status, HttpResponse<?> answer, byte[] bytes) {
    JsonNode problem;
    try {
      problem = Json.read(bytes);
    } catch (JacksonException _) {
      problem = Json.object();
    }
    return RemoteFailure.refused(
        sentence(status, problem),
        status,
        Json.text(problem, "reason").orElse(""),
        retryAfter(answer, problem));
  }

  /// What is wrong, in the server's words.
  private String sentence(int status, JsonNode problem) {
    String words =
        Json.text(problem, "detail")
            .or(() -> Json.text(problem, "title"))
            .map(text -> Columns.cut(Harmless.line(text), LONGEST_DETAIL))
            .orElse("status " + status + " without a reason; is it Sluice?");
    JsonNode error = problem.path("errors").path(0);
    String where =
        Json.text(error, "pointer")
            .map(pointer -> " (" + Harmless.line(pointer) + ")")
            .filter(pointer -> !words.contains(pointer.substring(2, pointer.length() - 1)))
            .orElse("");
    String hint = status == 401 && token.isEmpty() ? " (see --token-file)" : "";
    return base + " says: " + words + where + hint;
  }

  private static @Nullable Duration retryAfter(HttpResponse<?> answer, JsonNode problem) {
    long millis = Json.number(problem, "retryAfterMs");
    if (millis > 0) {
      return Duration.ofMillis(millis);
    }
    return answer
        .headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("\\d{1,6}"))
        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
        .orElse(null);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
