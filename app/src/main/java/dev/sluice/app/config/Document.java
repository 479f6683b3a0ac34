package dev.sluice.app.config;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A tree of values that knows of each where it came from.
///
/// Threading: confined to one thread.
final class Document {
  /// How rules about keys begin that nobody knows.
  static final String UNKNOWN = "is not known here";

  private static final Pattern CAPITAL = Pattern.compile("([A-Z])");

  private final ObjectNode root = JsonNodeFactory.instance.objectNode();
  private final Map<String, String> origins = new HashMap<>();

  ObjectNode root() {
    return root;
  }

  /// Remembers where the value at a pointer came from.
  void from(String pointer, String origin) {
    origins.put(normal(pointer), origin);
  }

  /// Sets a value, and whatever objects it needs around it; a key that is there in the other way of
  /// writing (`maxPayload`) is the same key.
  void set(Iterable<String> path, JsonNode value, String origin) {
    ObjectNode object = root;
    StringBuilder pointer = new StringBuilder();
    String last = null;
    for (String step : path) {
      if (last != null) {
        object = inner(object, last);
      }
      last = existing(object, step);
      pointer.append(step(last));
    }
    if (last != null) {
      object.set(last, value);
      from(pointer.toString(), origin);
    }
  }

  private static ObjectNode inner(ObjectNode object, String name) {
    return object.get(name) instanceof ObjectNode there ? there : object.putObject(name);
  }

  private static String existing(ObjectNode object, String name) {
    return object.propertyNames().stream()
        .filter(other -> dashed(other).equals(name))
        .findFirst()
        .orElse(name);
  }

  /// Where the value came from, or the nearest object around it.
  Optional<String> origin(String pointer) {
    String at = normal(pointer);
    while (!at.isEmpty()) {
      String origin = origins.get(at);
      if (origin != null) {
        return Optional.of(origin);
      }
      at = at.substring(0, at.lastIndexOf('/'));
    }
    return Optional.ofNullable(origins.get(""));
  }

  /// Where exactly this value came from; empty for a default.
  Optional<String> exactOrigin(String pointer) {
    return Optional.ofNullable(origins.get(normal(pointer)));
  }

  /// A pointer as the document writes its keys; what is not there is written as in a file.
  String written(String pointer) {
    StringBuilder written = new StringBuilder();
    JsonNode at = root;
    String[] steps = pointer.split("/", -1);
    for (int i = 1; i < steps.length; i++) {
      String name = steps[i].replace("~1", "/").replace("~0", "~");
      if (at.at(step(name)).isMissingNode()) {
        String dashed = dashed(name);
        name = at instanceof ObjectNode object ? existing(object, dashed) : dashed;
      }
      written.append(step(name));
      at = at.at(step(name));
    }
    return written.toString();
  }

  private static String normal(String pointer) {
    return dashed(pointer);
  }

  static String dashed(String name) {
    return CAPITAL.matcher(name).replaceAll("-$1").toLowerCase(Locale.ROOT);
  }

  /// A name as one step of a pointer.
  static String step(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }
}
