package dev.sluice.app.remote;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.function.Predicate;

/// Server-sent events, as they come.
///
/// Threading: confined to one thread.
final class EventStream {
  private static final int LARGEST = 1 << 20;

  /// An event.
  ///
  /// @param id empty when it has none
  record Event(String id, String name, String data) {}

  private String lastId = "";

  /// The id of the event that was read last; empty before the first.
  String lastId() {
    return lastId;
  }

  /// Reads until the stream ends or somebody has enough.
  ///
  /// @param more is given each event; false ends the reading
  /// @return whether the stream ended by itself
  boolean read(BufferedReader lines, Predicate<Event> more) throws IOException {
    String name = "message";
    StringBuilder data = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      int colon = line.indexOf(':');
      String field = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1).replaceFirst("^ ", "");
      switch (field) {
        case "" -> {
          if (line.isEmpty() && !data.isEmpty()) {
            if (!more.test(new Event(lastId, name, data.toString()))) {
              return false;
            }
            data.setLength(0);
            name = "message";
          }
        }
        case "event" -> name = value;
        case "id" -> lastId = value;
        case "data" -> data.append(data.isEmpty() ? "" : "\n").append(value);
        default -> {}
      }
      if (data.length() > LARGEST) {
        throw new IOException("an event is larger than " + LARGEST + " bytes");
      }
    }
    return true;
  }
}
