package dev.sluice.app.remote;

import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// `concurrency=4 rate=10/s capacity.jobs=1000` as the JSON that it stands for.
///
/// Threading: stateless.
final class Assignments {
  private Assignments() {}

  /// @throws IllegalArgumentException when a text is no assignment, or two of them contradict
  static ObjectNode read(List<String> texts) {
    ObjectNode document = Json.object();
    for (String text : texts) {
      int equals = text.indexOf('=');
      if (!text.matches("(?s)[A-Za-z][A-Za-z-]*(\\.[A-Za-z][A-Za-z-]*)*=.+")) {
        throw new IllegalArgumentException("'" + text + "' must be like concurrency=4");
      }
      put(document, text, text.substring(0, equals).split("\\.", -1), value(text, equals));
    }
    return document;
  }

  private static void put(ObjectNode document, String text, String[] path, JsonNode value) {
    ObjectNode at = document;
    for (int i = 0; i < path.length - 1; i++) {
      JsonNode next = at.path(path[i]);
      if (next.isMissingNode()) {
        at = at.putObject(path[i]);
      } else if (next instanceof ObjectNode object) {
        at = object;
      } else {
        throw new IllegalArgumentException("'" + text + "' contradicts what stands before it");
      }
    }
    if (at.has(path[path.length - 1])) {
      throw new IllegalArgumentException("'" + text + "' is given twice");
    }
    at.set(path[path.length - 1], value);
  }

  /// Numbers, objects and the like are JSON; what is no JSON is a text.
  private static JsonNode value(String text, int equals) {
    String value = text.substring(equals + 1);
    try {
      return Json.read(value);
    } catch (JacksonException _) {
      return StringNode.valueOf(value);
    }
  }
}
