package dev.sluice.server;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;

/// What the server can do, as an OpenAPI document.
///
/// Threading: thread-safe.
final class DocumentRoutes {
  private static final Header YAML =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/yaml");

  private final byte[] document;

  DocumentRoutes() {
    try (InputStream in = DocumentRoutes.class.getResourceAsStream("openapi.yaml")) {
      document = Objects.requireNonNull(in, "openapi.yaml is missing").readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  List<Route> routes() {
    return List.of(
        Route.open(
            "/openapi.yaml",
            call -> {
              call.header(YAML);
              call.send(document);
            }));
  }
}
