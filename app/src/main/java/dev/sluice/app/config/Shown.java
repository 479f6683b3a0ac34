package dev.sluice.app.config;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// What a complaint shows of the value that it is about. Complaints end in logs, and a value that
/// stands in the wrong place may be a secret: it is shown only where the key is known and is none
/// for secrets.
///
/// Threading: stateless.
final class Shown {
  private static final int LONGEST = 64;

  /// Where secrets of receivers stand: URL, headers, and what was meant for `secret-file`.
  private static final Pattern WEBHOOK = Pattern.compile(".*/delivery/webhook(/.*)?");

  /// Values that have no variable, and so stand in no [Keys].
  private static final Pattern LISTS = Pattern.compile("/webhooks/(ports|networks)(/[0-9]+)?");

  private static final Pattern QUOTED_FIRST = Pattern.compile("^'.*' ");

  private Shown() {}

  /// The rest of a complaint: the value, as far as it may be shown, and the rule.
  static String sentence(String pointer, JsonNode value, String rule) {
    if (!value.isValueNode() || value.isNull() || rule.startsWith(Document.UNKNOWN)) {
      return rule;
    }
    if (WEBHOOK.matcher(pointer).matches() && !value.isNumber()) {
      // Some say themselves why they show nothing.
      return rule.startsWith("(") ? rule : "*** " + QUOTED_FIRST.matcher(rule).replaceFirst("");
    }
    if (!isKnown(pointer)) {
      return rule;
    }
    if (pointer.equals("/engine") && value.isString()) {
      return ofEngine(value.asString(), rule);
    }
    String shown = shown(value);
    // Some rules begin with the value already.
    return rule.startsWith(shown) || rule.startsWith("'") ? rule : shown + " " + rule;
  }

  private static boolean isKnown(String pointer) {
    List<String> steps =
        Stream.of(pointer.substring(Math.min(1, pointer.length())).split("/", -1))
            .map(Document::dashed)
            .toList();
    return Keys.ALL.isValue(steps) || LISTS.matcher(pointer).matches();
  }

  /// What is wrong with a part of the URL names that part.
  private static String ofEngine(String url, String rule) {
    if (!rule.startsWith("must ") && !rule.startsWith("asks ")) {
      return rule;
    }
    String masked = Configuration.withoutPassword(url);
    int options = masked.indexOf('?');
    return "'" + cut(options < 0 ? masked : masked.substring(0, options)) + "' " + rule;
  }

  private static String shown(JsonNode value) {
    String text = cut(value.asString());
    return value.isString() ? "'" + text + "'" : text;
  }

  private static String cut(String text) {
    return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
  }
}
