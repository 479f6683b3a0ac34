package dev.sluice.server;

import java.util.Arrays;
import java.util.Locale;

/// What can happen to a job, in the words of the API.
enum EventType {
  STARTED,
  SUCCEEDED,
  RETRYING,
  SNOOZED,
  PARKED,
  DIED,
  CANCELLED,
  RELEASED,
  CRASHED,
  LEASE_LOST,
  BECAME_ZOMBIE,
  LATE_RESULT;

  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  String text() {
    return text;
  }

  /// The type of that text.
  ///
  /// @throws IllegalArgumentException when there is none
  static EventType of(String text) {
    return Arrays.stream(values())
        .filter(type -> type.text.equals(text))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "must be some of "
                    + String.join(", ", Arrays.stream(values()).map(EventType::text).toList())));
  }
}
