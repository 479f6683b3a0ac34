package dev.sluice.app.remote;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Any JSON object as lines for people: one for each value, named by the way to it.
///
/// Threading: stateless.
final class Document {
  private Document() {}

  private record Value(String name, String text) {}

  static List<String> lines(JsonNode document, Times times) {
    List<Value> values = new ArrayList<>();
    collect("", document, times, values);
    int widest = values.stream().mapToInt(value -> Columns.of(value.name())).max().orElse(0);
    return values.stream()
        .map(value -> Columns.padded(value.name(), widest) + "  " + value.text())
        .toList();
  }

  private static void collect(String prefix, JsonNode node, Times times, List<Value> values) {
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      String name = prefix + Harmless.line(member.getKey());
      JsonNode value = member.getValue();
      if (value.isObject() && !value.isEmpty()) {
        collect(name + ".", value, times, values);
      } else {
        values.add(new Value(name, text(name, value, times)));
      }
    }
  }

  private static String text(String name, JsonNode value, Times times) {
    if (value.isString()) {
      String text = Harmless.line(value.stringValue());
      if (name.endsWith("At") || name.equals("eta")) {
        return times.withAge(text);
      }
      return name.endsWith("Age") ? Times.rough(Times.parsed(text)) : text;
    }
    return value.isIntegralNumber()
        ? Numbers.grouped(value.asLong())
        : Harmless.line(Json.line(value));
  }
}
