package dev.sluice.server;

import io.helidon.http.DirectHandler;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/// What is answered to bytes that are no request: a [Problem] too, and the end of the connection.
///
/// Threading: thread-safe.
final class Refusals implements DirectHandler {
  private static final Status HEADERS_TOO_LARGE =
      Status.create(431, "Request Header Fields Too Large");

  /// What Helidon says of too many bytes of headers, which it takes for a bad request like others.
  private static final String TOO_MUCH = "Header size exceeded";

  private static final Header PROBLEM =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, Problem.CONTENT_TYPE);

  private final JsonMapper mapper;

  private Refusals(JsonMapper mapper) {
    this.mapper = mapper;
  }

  static DirectHandlers handlers(JsonMapper mapper) {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    Refusals refusals = new Refusals(mapper);
    for (EventType type : EventType.values()) {
      handlers.addHandler(type, refusals);
    }
    return handlers.build();
  }

  @Override
  public TransportResponse handle(
      TransportRequest request,
      EventType type,
      Status wanted,
      ServerResponseHeaders headers,
      String message) {
    Status status = TOO_MUCH.equals(message) ? HEADERS_TOO_LARGE : wanted;
    Problem problem =
        Problem.of(status, reason(status), status.reasonPhrase().toLowerCase(Locale.ROOT));
    return TransportResponse.builder()
        .status(status)
        .headers(headers)
        .header(PROBLEM)
        .keepAlive(false)
        .entity(mapper.writeValueAsBytes(problem.json()))
        .build();
  }

  private static String reason(Status status) {
    return switch (status.code()) {
      case 400 -> "malformed";
      case 413 -> "too-large";
      case 414 -> "uri-too-long";
      case 431 -> "headers-too-large";
      default -> "http";
    };
  }
}
