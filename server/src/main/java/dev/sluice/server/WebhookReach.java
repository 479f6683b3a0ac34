package dev.sluice.server;

import dev.sluice.webhook.Reach;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Where webhooks may go, as a document. It holds for all queues and cannot be changed over HTTP:
/// whoever may change queues must not be able to reach into the server's own network.
///
/// Threading: stateless.
public final class WebhookReach {
  private WebhookReach() {}

  /// Reads `{http, ports, networks}`: whether plain HTTP is allowed, ports besides 443, and ranges
  /// of private addresses that are opened.
  ///
  /// @throws BadField when a value breaks a rule
  public static Reach read(JsonNode document, String pointer) {
    Fields fields = new Fields(document, pointer);
    boolean http = fields.flag("http").orElse(false);
    List<Integer> ports = fields.list("ports", WebhookReach::port).orElse(List.of());
    List<String> networks = fields.list("networks", WebhookReach::network).orElse(List.of());
    fields.done();
    return fields.checked("networks", () -> new Reach(http, Set.copyOf(ports), networks));
  }

  private static int port(JsonNode node, String pointer) {
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.asInt() < 1
        || node.asInt() > 65535) {
      throw new BadField(pointer, "must be a whole number from 1 to 65535");
    }
    return node.asInt();
  }

  private static String network(JsonNode node, String pointer) {
    if (!node.isString()) {
      throw new BadField(pointer, "must be a text");
    }
    try {
      return new Reach(false, Set.of(), List.of(node.asString())).networks().getFirst();
    } catch (IllegalArgumentException bad) {
      throw new BadField(pointer, BadField.ruleOf("networks", bad));
    }
  }

  /// The document of one.
  public static Map<String, Object> json(Reach reach) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("http", reach.http());
    json.put("ports", reach.ports().stream().sorted().toList());
    json.put("networks", reach.networks());
    return json;
  }
}
