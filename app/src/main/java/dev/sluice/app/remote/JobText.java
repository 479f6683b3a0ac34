package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// A job as people read it.
///
/// Threading: stateless.
final class JobText {
  private static final int LABEL = 16;
  private static final int LONGEST = 4000;
  private static final Set<String> ELSEWHERE =
      Set.of("id", "state", "payload", "payloadBase64", "headers", "attempts");

  private JobText() {}

  /// What the newest unsuccessful attempt left behind: its outcome, when its error is for others.
  static Optional<String> lastError(JsonNode job) {
    JsonNode attempts = job.path("attempts");
    return Json.text(job, "error")
        .or(() -> Json.text(job, "lastError"))
        .or(() ->
            attempts.isArray() && !attempts.isEmpty()
                ? left(attempts.get(attempts.size() - 1))
                : Optional.empty());
  }

  private static Optional<String> left(JsonNode attempt) {
    return Json.text(attempt, "error").or(() -> outcome(attempt));
  }

  private static Optional<String> outcome(JsonNode attempt) {
    return Json.text(attempt, "outcome")
        .map(text -> text.toLowerCase(Locale.ROOT).replace('_', ' '));
  }

  static List<String> lines(JsonNode job, Times times, Ink ink) {
    List<String> lines = new ArrayList<>();
    String state = Json.text(job, "state").orElse("?");
    lines.add(
        ink.paint(Tone.STRONG, Harmless.line(Json.text(job, "id").orElse("?")))
            + " "
            + ink.paint(Tone.ofState(state), Harmless.line(state)));
    for (Map.Entry<String, JsonNode> member : job.properties()) {
      if (!ELSEWHERE.contains(member.getKey()) && !member.getValue().isNull()) {
        lines.add(labelled(words(member.getKey()), value(member, times)));
      }
    }
    for (Map.Entry<String, JsonNode> header : job.path("headers").properties()) {
      lines.add(labelled("header", header.getKey() + ": " + header.getValue().asString("")));
    }
    if (job.has("payload")) {
      lines.add(labelled("payload", Json.line(job.path("payload"))));
    }
    Json.text(job, "payloadBase64").ifPresent(text -> lines.add(labelled("payload", text)));
    attempts(job, times, lines);
    return lines;
  }

  private static void attempts(JsonNode job, Times times, List<String> lines) {
    for (JsonNode attempt : job.path("attempts").values()) {
      String error = Json.text(attempt, "error").map(text -> ": " + text).orElse("");
      lines.add(
          labelled(
              "attempt " + Json.number(attempt, "attempt"),
              outcome(attempt).orElse("?")
                  + " "
                  + Json.text(attempt, "endedAt").map(times::withAge).orElse("")
                  + error));
    }
  }

  private static String value(Map.Entry<String, JsonNode> member, Times times) {
    JsonNode value = member.getValue();
    String name = member.getKey();
    if (value.isString()) {
      boolean time = name.endsWith("At") || name.equals("eta");
      return time ? times.withAge(value.stringValue()) : value.stringValue();
    }
    if (value.isIntegralNumber() && name.endsWith("Bytes")) {
      return Numbers.bytes(value.asLong());
    }
    return value.isIntegralNumber() ? Numbers.grouped(value.asLong()) : Json.line(value);
  }

  /// `deathReason` becomes `death reason`.
  static String words(String name) {
    return name.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
  }

  static String labelled(String label, String text) {
    String safe = Harmless.line(text);
    return "  "
        + Columns.padded(Harmless.line(label), LABEL)
        + " "
        + (safe.length() > LONGEST ? Columns.cut(safe, LONGEST) : safe);
  }
}
