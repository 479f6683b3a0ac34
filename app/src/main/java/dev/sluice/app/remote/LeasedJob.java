package dev.sluice.app.remote;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// A job that this program holds.
///
/// Threading: immutable.
///
/// @param json as the server gave it
/// @param deadlineNanos when the lease is over unless it is extended, by this process's clock
record LeasedJob(JsonNode json, long deadlineNanos) {
  String id() {
    return Harmless.line(Json.text(json, "id").orElse("?"));
  }

  long attempt() {
    return Json.number(json, "attempt");
  }

  /// The path that extends and settles it, but for the verb.
  String leasePath() {
    return "/v1/leases/" + Json.text(json.path("lease"), "token").orElse("?");
  }

  byte[] payload() {
    return Json.text(json, "payloadBase64")
        .map(text -> Base64.getDecoder().decode(text))
        .orElseGet(() ->
            json.has("payload")
                ? Json.line(json.path("payload")).getBytes(StandardCharsets.UTF_8)
                : new byte[0]);
  }

  /// What a command finds in its environment.
  Map<String, String> variables() {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("SLUICE_JOB_ID", Json.text(json, "id").orElse(""));
    variables.put("SLUICE_QUEUE", Json.text(json, "queue").orElse(""));
    variables.put("SLUICE_TYPE", Json.text(json, "type").orElse(""));
    variables.put("SLUICE_ATTEMPT", Long.toString(attempt()));
    variables.put("SLUICE_EPOCH", Long.toString(Json.number(json, "epoch")));
    Json.text(json, "contentType").ifPresent(type -> variables.put("SLUICE_CONTENT_TYPE", type));
    return variables;
  }
}
