package dev.sluice.server;

import io.helidon.http.Status;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/// What is wrong with a request, or with the server, as RFC 9457 writes it down.
///
/// Threading: immutable.
///
/// @param status the HTTP status
/// @param reason a short stable word for programs, the end of the `type`
/// @param detail one sentence for people; never holds a payload
/// @param more further members
record Problem(Status status, String reason, String detail, Map<String, Object> more) {
  static final String CONTENT_TYPE = "application/problem+json";

  /// A member, in milliseconds; there is a header `Retry-After` for it, too.
  static final String RETRY_AFTER = "retryAfterMs";

  static final Status INVALID = Status.create(422, "Unprocessable Content");

  private static final long LATER_MILLIS = 5000;

  Problem {
    more = new LinkedHashMap<>(more);
  }

  static Problem of(Status status, String reason, String detail) {
    return new Problem(status, reason, detail, Map.of());
  }

  Problem with(String name, Object value) {
    Map<String, Object> longer = new LinkedHashMap<>(more);
    longer.put(name, value);
    return new Problem(status, reason, detail, longer);
  }

  /// With a time after which it may be gone, where nobody knows one: soon enough to notice, late
  /// enough not to flood.
  Problem later() {
    return with(RETRY_AFTER, LATER_MILLIS);
  }

  /// The time after which to come back, in milliseconds; empty when none would be honest.
  OptionalLong retryAfterMillis() {
    return more.get(RETRY_AFTER) instanceof Long millis
        ? OptionalLong.of(millis)
        : OptionalLong.empty();
  }

  /// The members in the order in which people read them.
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", "urn:sluice:" + reason);
    json.put("title", status.reasonPhrase());
    json.put("status", status.code());
    json.put("detail", detail);
    json.put("reason", reason);
    json.putAll(more);
    return json;
  }

  /// The same, to be thrown.
  ProblemException exception() {
    return new ProblemException(this);
  }
}
