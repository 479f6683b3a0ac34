package dev.sluice.app.remote;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// A queue as the server shows it, read leniently: what is not there is 0.
///
/// Threading: immutable.
record QueueRow(JsonNode json) {
  String name() {
    return Json.text(json, "name").orElse("?");
  }

  /// A count as people should read it: with `~` when it is near the truth only.
  String shown(long count) {
    return mark() + Numbers.grouped(count);
  }

  /// What stands before each count.
  String mark() {
    return Json.flag(json, "approximate") ? "~" : "";
  }

  /// Jobs in a state.
  long count(String state) {
    return Json.number(json.path("counts"), state);
  }

  long waiting() {
    return Json.number(json, "waiting");
  }

  /// What was counted since the server started.
  long total(String name) {
    return Json.number(json.path("totals"), name);
  }

  boolean paused() {
    return Json.flag(json, "paused");
  }

  double drainPerSecond() {
    return Json.fraction(json, "drainPerSecond");
  }

  /// How long the job that waits longest has waited.
  Optional<String> oldestAge() {
    return Json.text(json, "oldestWaitingAge").map(age -> Times.rough(Times.parsed(age)));
  }
}
