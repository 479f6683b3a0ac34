package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class ApiDocumentTest {
  private final ApiDocument document = ApiDocument.load();

  @Test
  void theDocumentHasEachRouteAndNoOther() {
    try (HttpProbe probe = HttpProbe.start()) {
      Set<String> table =
          probe.server().routes().stream()
              .map(route -> route.method().text() + " " + route.path())
              .collect(Collectors.toCollection(TreeSet::new));
      Set<String> documented = new TreeSet<>(document.routes());
      assertThat(documented).containsAll(table);
      documented.removeAll(table);
      assertThat(documented).isEmpty();
    }
  }

  @Test
  void theDocumentHasEachParameterOfTheQueryAndNoOther() {
    try (HttpProbe probe = HttpProbe.start()) {
      for (Route route : probe.server().routes()) {
        JsonNode operation =
            document
                .document()
                .get("paths")
                .get(route.path())
                .get(route.method().text().toLowerCase(Locale.ROOT));
        Set<String> documented =
            operation.path("parameters").values().stream()
                .filter(parameter -> parameter.path("in").asString("").equals("query"))
                .map(parameter -> parameter.get("name").asString())
                .collect(Collectors.toSet());
        assertThat(route.query()).as(route.path()).isEqualTo(documented);
      }
    }
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    JsonNode whole = document.document();
    for (JsonNode reference : whole.findValues("$ref")) {
      assertThat(whole.at(reference.asString().substring(1)).isMissingNode())
          .as(reference.asString())
          .isFalse();
    }
  }

  /// What a comma cuts off from a text without quotes becomes a key without a value.
  @Test
  void everyKeyHasAValue() {
    Deque<JsonNode> left = new ArrayDeque<>(List.of(document.document()));
    while (!left.isEmpty()) {
      JsonNode node = left.pop();
      node.properties()
          .forEach(entry -> assertThat(entry.getValue().isNull()).as(entry.getKey()).isFalse());
      node.values().forEach(left::push);
    }
  }

  @Test
  void everyOperationHasANameOfItsOwn() {
    assertThat(document.document().get("paths").findValuesAsString("operationId"))
        .doesNotHaveDuplicates()
        .hasSize(document.routes().size());
  }

  @Test
  void theServerShowsIt() {
    try (HttpProbe probe = HttpProbe.start()) {
      assertThat(probe.get("/openapi.yaml").text()).startsWith("openapi: 3.1.0");
    }
  }
}
