package dev.sluice.app.config;

import dev.sluice.server.Durations;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;

/// A configuration as YAML, complete, with a comment on each value that says where it came from.
///
/// Threading: confined to one thread.
final class Printed {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z/][A-Za-z0-9_./@-]*");
  private static final Pattern AMOUNT = Pattern.compile("[0-9]+[A-Za-z][A-Za-z0-9]*");
  private static final Pattern CHOSEN_NAMES = Pattern.compile("/queues|.*/headers");
  private static final int COMMENT_COLUMN = 44;

  private final UnaryOperator<String> origin;
  private final List<String> lines = new ArrayList<>();

  private Printed(UnaryOperator<String> origin) {
    this.origin = origin;
  }

  static List<String> lines(
      Configuration configuration, Path usualData, UnaryOperator<String> origin) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("engine", Configuration.withoutPassword(configuration.engine()));
    all.put("data", configuration.data().orElse(usualData).toString());
    all.put("grace", Durations.text(configuration.grace()));
    all.put("http", configuration.server().json());
    all.put("webhooks", configuration.server().webhooksJson());
    all.put("queues", configuration.server().queues().json());
    Printed printed = new Printed(origin);
    printed.object(all, "", "");
    return printed.lines;
  }

  private void object(Map<?, ?> object, String pointer, String indent) {
    boolean chosen = CHOSEN_NAMES.matcher(pointer).matches();
    object.forEach((name, value) -> {
      String own = String.valueOf(name);
      String key = chosen && !own.equals("autoCreate") ? own : Document.dashed(own);
      String at = pointer + Document.step(own);
      if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
        lines.add(indent + text(key) + ":");
        object(inner, at, indent + "  ");
      } else {
        lines.add(commented(indent + text(key) + ": " + text(value), origin.apply(at)));
      }
    });
  }

  private static String commented(String line, String origin) {
    return line + " ".repeat(Math.max(1, COMMENT_COLUMN - line.length())) + "# " + origin;
  }

  /// A value as YAML reads it back.
  private static String text(@Nullable Object value) {
    if (!(value instanceof String text)) {
      return switch (value) {
        case Map<?, ?> _ -> "{}";
        case null -> "null";
        case List<?> list ->
            list.stream().map(Printed::text).collect(Collectors.joining(", ", "[", "]"));
        default -> String.valueOf(value);
      };
    }
    boolean plain =
        (PLAIN.matcher(text).matches() || AMOUNT.matcher(text).matches())
            && !text.matches("(?i)true|false|null|yes|no|on|off|[0-9]+e[0-9]+");
    return plain ? text : JsonNodeFactory.instance.stringNode(text).toString();
  }
}
