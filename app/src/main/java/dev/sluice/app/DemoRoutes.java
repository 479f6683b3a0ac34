package dev.sluice.app;

import dev.sluice.JobStatus;
import dev.sluice.JobType;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// What the demo answers over HTTP.
///
/// Threading: thread-safe.
final class DemoRoutes {
  /// The longest `user_id`, in characters.
  static final int MAX_USER_ID = 256;

  private static final System.Logger LOG = System.getLogger("dev.sluice.app.http");

  private static final Header TEXT =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
  private static final Header JSON =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
  private static final Header ALLOW_BOTH =
      HeaderValues.createCached(HeaderNames.ALLOW, "GET, POST");
  private static final Header ALLOW_GET = HeaderValues.createCached(HeaderNames.ALLOW, "GET");

  private static final String QUEUING = "queuing user process: ";
  private static final byte[] FULL = utf8("our internal queue is full, try it later");
  private static final byte[] STOPPING = utf8("shutting down, try it later");
  private static final byte[] MISSING = utf8("missing 'user_id' in query params");
  private static final byte[] UNREADABLE =
      utf8("the request cannot be read; in its address, '%' must be followed by two hex digits");
  private static final byte[] TOO_LONG =
      utf8("'user_id' in query params is too long: at most " + MAX_USER_ID + " characters");

  /// Why the engine cannot serve is for the log: its sentence may name files of this machine.
  private static final byte[] UNAVAILABLE = utf8("jobs cannot be stored right now, try it later");

  /// Nobody knows when a disk has room again; soon enough to notice, late enough not to flood.
  private static final Header RETRY_LATER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, 5);

  private final Sluice sluice;
  private final JobType<String> type;
  private final Environment.Clock clock;
  private final JsonMapper mapper = JsonMapper.builder().build();
  private volatile boolean stopping;

  DemoRoutes(Sluice sluice, JobType<String> type, Environment.Clock clock) {
    this.sluice = sluice;
    this.type = type;
    this.clock = clock;
  }

  /// Refuses new work from now on.
  void stop() {
    stopping = true;
  }

  void route(HttpRouting.Builder routing) {
    routing
        .route(Method.GET, "/", (Handler) this::enqueue)
        .route(Method.POST, "/", (Handler) this::enqueue)
        .any("/", (_, response) -> notAllowed(response, ALLOW_BOTH))
        .route(Method.GET, "/jobs/{id}", (Handler) this::show)
        .any("/jobs/{id}", (_, response) -> notAllowed(response, ALLOW_GET))
        .any((request, response) ->
            json(response, Status.NOT_FOUND_404, error("there is nothing at this path")))
        .error(
            EngineUnavailableException.class,
            (_, response, failure) -> unavailable(response, failure))
        // The engine cannot look a job up that does not run here.
        .error(
            IllegalStateException.class,
            (_, response, failure) ->
                json(
                    response,
                    Status.NOT_IMPLEMENTED_501,
                    error(String.valueOf(failure.getMessage()))))
        .error(
            HttpException.class,
            (_, response, failure) ->
                json(response, failure.status(), error(failure.status().reasonPhrase())))
        .error(Exception.class, (_, response, failure) -> broken(response, failure));
  }

  /// What Helidon gives up on before a route sees it. Its own reason is not told: it may hold what
  /// the client sent.
  static TransportResponse unreadable(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType type,
      Status status,
      ServerResponseHeaders headers,
      String reason) {
    return TransportResponse.builder()
        .status(status)
        .headers(headers)
        .header(TEXT)
        .entity(UNREADABLE)
        .build();
  }

  private void enqueue(ServerRequest request, ServerResponse response) {
    String userId = request.query().first("user_id").orElse("");
    response.header(TEXT);
    if (userId.isEmpty()) {
      response.status(Status.BAD_REQUEST_400).send(MISSING);
      return;
    }
    if (userId.length() > MAX_USER_ID) {
      response.status(Status.BAD_REQUEST_400).send(TOO_LONG);
      return;
    }
    if (stopping) {
      response.status(Status.SERVICE_UNAVAILABLE_503).send(STOPPING);
      return;
    }
    switch (sluice.enqueue(type, userId)) {
      case Admission.Accepted(var id) -> queuing(response, userId, id);
      case Admission.Duplicate(var id) -> queuing(response, userId, id);
      case Admission.Refused(var reason, var retryAfter) -> refuse(response, reason, retryAfter);
    }
  }

  private static void queuing(ServerResponse response, String userId, JobId id) {
    response
        .status(Status.ACCEPTED_202)
        .header(HeaderValues.create(HeaderNames.LOCATION, "/jobs/" + id))
        .send(utf8(QUEUING + userId));
  }

  private static void refuse(
      ServerResponse response, Admission.Reason reason, Optional<Duration> retryAfter) {
    retryAfter.ifPresent(
        time -> response.header(HeaderValues.create(HeaderNames.RETRY_AFTER, time.toSeconds())));
    response
        .status(Status.SERVICE_UNAVAILABLE_503)
        .send(reason == Admission.Reason.STOPPING ? STOPPING : FULL);
  }

  private void show(ServerRequest request, ServerResponse response) {
    String text = request.path().pathParameters().get("id");
    Optional<JobStatus> status = id(text).flatMap(sluice::find);
    if (status.isPresent()) {
      Instant now = Instant.ofEpochMilli(clock.wallMillis());
      json(response, Status.OK_200, JobPage.of(status.get(), now));
    } else {
      json(response, Status.NOT_FOUND_404, error("no job of this id is kept"));
    }
  }

  private static Optional<JobId> id(String text) {
    try {
      return Optional.of(JobId.parse(text));
    } catch (IllegalArgumentException noId) {
      return Optional.empty();
    }
  }

  private void notAllowed(ServerResponse response, Header allow) {
    response.header(allow);
    json(response, Status.METHOD_NOT_ALLOWED_405, error("this method is not allowed here"));
  }

  private static void unavailable(ServerResponse response, EngineUnavailableException failure) {
    LOG.log(System.Logger.Level.WARNING, "refused a request: " + failure.getMessage());
    response
        .header(TEXT)
        .header(RETRY_LATER)
        .status(Status.SERVICE_UNAVAILABLE_503)
        .send(UNAVAILABLE);
  }

  private void broken(ServerResponse response, Exception failure) {
    LOG.log(System.Logger.Level.ERROR, "a request failed: " + failure);
    json(response, Status.INTERNAL_SERVER_ERROR_500, error("the request failed; the log says why"));
  }

  private static Map<String, String> error(String sentence) {
    return Map.of("error", sentence);
  }

  private void json(ServerResponse response, Status status, Object body) {
    response.status(status).header(JSON).send(mapper.writeValueAsBytes(body));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
