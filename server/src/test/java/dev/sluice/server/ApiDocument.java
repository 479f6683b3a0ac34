package dev.sluice.server;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// The OpenAPI document, to check answers against.
///
/// Threading: thread-safe.
final class ApiDocument {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "head");

  private final JsonNode document;
  private final SchemaRegistry registry =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

  private ApiDocument(JsonNode document) {
    this.document = document;
  }

  static ApiDocument load() {
    try (InputStream in = ApiDocument.class.getResourceAsStream("openapi.yaml")) {
      return new ApiDocument(YAMLMapper.builder().build().readTree(Objects.requireNonNull(in)));
    } catch (IOException broken) {
      throw new IllegalStateException(broken);
    }
  }

  JsonNode document() {
    return document;
  }

  /// Every route, as `METHOD /path`.
  Set<String> routes() {
    Set<String> routes = new HashSet<>();
    JsonNode paths = document.get("paths");
    for (String path : paths.propertyNames()) {
      for (String method : paths.get(path).propertyNames()) {
        if (METHODS.contains(method)) {
          routes.add(method.toUpperCase(Locale.ROOT) + " " + path);
        }
      }
    }
    return routes;
  }

  /// What in an answer is not as the document says; empty when all is well.
  List<String> complaints(
      String method, String path, int status, Optional<String> contentType, byte[] body) {
    Optional<JsonNode> operation = operation(method, path);
    if (operation.isEmpty()) {
      // Nothing is promised for paths that do not exist, but for how they are refused.
      return status < 400
          ? List.of("no such operation: " + method + " " + path)
          : problem(contentType, body);
    }
    JsonNode responses = operation.get().get("responses");
    JsonNode response =
        responses.has(Integer.toString(status))
            ? responses.get(Integer.toString(status))
            : responses.get(status / 100 + "XX");
    if (response == null) {
      return List.of("status " + status + " is not in the document");
    }
    response = resolved(response);
    JsonNode content = response.get("content");
    if (content == null) {
      return body.length == 0 ? List.of() : List.of("a body where none should be");
    }
    String type = contentType.map(ApiDocument::bare).orElse("");
    JsonNode media = content.get(type);
    if (media == null) {
      return List.of("content type '" + type + "' is none of " + content.propertyNames());
    }
    return media.has("schema") ? check(type, media.get("schema"), body) : List.of();
  }

  private List<String> problem(Optional<String> contentType, byte[] body) {
    if (body.length == 0) {
      return List.of();
    }
    if (!contentType.map(ApiDocument::bare).orElse("").equals(Problem.CONTENT_TYPE)) {
      return List.of("a refusal with the content type " + contentType.orElse("none"));
    }
    return check(Problem.CONTENT_TYPE, document.at("/components/schemas/Problem"), body);
  }

  private List<String> check(String type, JsonNode schema, byte[] body) {
    String text = new String(body, java.nio.charset.StandardCharsets.UTF_8);
    if (type.endsWith("json")) {
      if (!type.endsWith("ndjson")) {
        return errors(schema, text);
      }
      List<String> all = new ArrayList<>();
      text.lines().forEach(line -> all.addAll(errors(schema, line)));
      return all;
    }
    return List.of();
  }

  private List<String> errors(JsonNode schema, String json) {
    JsonNode node = JSON.readTree(json);
    return schema(schema).validate(node).stream()
        .map(error -> error.getInstanceLocation() + ": " + error.getMessage() + " in " + json)
        .toList();
  }

  private Schema schema(JsonNode schema) {
    return schemas.computeIfAbsent(
        schema,
        one -> {
          ObjectNode whole = JSON.createObjectNode();
          whole.set("components", document.get("components"));
          whole.putArray("allOf").add(one);
          return registry.getSchema(whole);
        });
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.get("$ref").asString().substring(1)) : node;
  }

  private Optional<JsonNode> operation(String method, String path) {
    JsonNode paths = document.get("paths");
    String plain = path.contains("?") ? path.substring(0, path.indexOf('?')) : path;
    String bestPath = null;
    for (String template : paths.propertyNames()) {
      if (matches(template, plain)
          && paths.get(template).has(method.toLowerCase(Locale.ROOT))
          && (bestPath == null || template.length() > bestPath.length())) {
        bestPath = template;
      }
    }
    return bestPath == null
        ? Optional.empty()
        : Optional.of(paths.get(bestPath).get(method.toLowerCase(Locale.ROOT)));
  }

  private static boolean matches(String template, String path) {
    String regex =
        java.util.Arrays.stream(template.split("(?=\\{)|(?<=\\})"))
            .map(part -> part.startsWith("{") ? "[^/]+" : Pattern.quote(part))
            .reduce("", String::concat);
    return Pattern.matches(regex, path);
  }

  private static String bare(String contentType) {
    int end = contentType.indexOf(';');
    return (end < 0 ? contentType : contentType.substring(0, end)).strip();
  }
}
