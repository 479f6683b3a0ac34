package dev.sluice.app.remote;

import java.util.Optional;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// JSON as the server speaks it. Numbers keep every digit.
///
/// Threading: stateless.
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private Json() {}

  /// Reads one value.
  ///
  /// @throws tools.jackson.core.JacksonException when the text is none
  static JsonNode read(String text) {
    return MAPPER.readTree(text);
  }

  static JsonNode read(byte[] bytes) {
    return MAPPER.readTree(bytes);
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /// Writes a value in one line.
  static String line(JsonNode node) {
    return MAPPER.writeValueAsString(node);
  }

  /// Writes a value for people.
  static String pretty(JsonNode node) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
  }

  /// A member as text; empty when there is none, or it is null.
  static Optional<String> text(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return Optional.empty();
    }
    return Optional.of(value.isString() ? value.stringValue() : line(value));
  }

  /// A member as a number, 0 when there is none.
  static long number(JsonNode node, String name) {
    return node.path(name).asLong(0);
  }

  static double fraction(JsonNode node, String name) {
    return node.path(name).asDouble(0);
  }

  static boolean flag(JsonNode node, String name) {
    return node.path(name).asBoolean(false);
  }
}
