package dev.sluice.server;

import dev.sluice.webhook.Reach;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// Where webhooks may go, as a configuration says: `{http, ports, networks}`, all of it optional.
/// It holds for all queues and cannot be changed over HTTP: whoever may change queues must not be
/// able to reach into the server's own network.
///
/// Threading: stateless.
final class ReachJson {
  private ReachJson() {}

  static Reach read(JsonNode node, String pointer) {
    Fields fields = new Fields(node, pointer);
    boolean http = fields.flag("http").orElse(false);
    Set<Integer> ports = new TreeSet<>(fields.list("ports", ReachJson::port).orElse(List.of()));
    List<String> networks = fields.list("networks", ReachJson::network).orElse(List.of());
    fields.done();
    return fields.checked("networks", () -> new Reach(http, ports, networks));
  }

  private static int port(JsonNode node, String pointer) {
    // Not isInt: which class of node a number has depends on whoever made it.
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.asInt() < 1
        || node.asInt() > 65_535) {
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

  static Map<String, Object> json(Reach reach) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("http", reach.http());
    json.put("ports", List.copyOf(new TreeSet<>(reach.ports())));
    json.put("networks", reach.networks());
    return json;
  }
}
