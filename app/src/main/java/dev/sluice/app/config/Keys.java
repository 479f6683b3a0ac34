package dev.sluice.app.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The keys that a configuration may have, as far as the names of variables need them: whether
/// `SLUICE_HTTP_MAX_PAYLOAD` means `http.max-payload` or `http.max.payload` nobody can tell from
/// the name. What may be their values is the readers' business.
///
/// Threading: immutable.
final class Keys {
  private static final Keys LEAF = new Keys(Map.of(), null);
  private static final Keys LIMITS =
      leaves(
          "max-connections",
          "max-connections-per-address",
          "max-request-line",
          "max-headers",
          "idle",
          "header-time",
          "body-time",
          "write-time",
          "min-rate");
  private static final Keys HTTP =
      leaves("host", "port", "max-payload", "behind-proxy")
          .with("tls", leaves("certificate", "key"))
          .with("limits", LIMITS);
  private static final Keys WEBHOOK =
      leaves("url", "secret-file", "max-in-flight", "connect-timeout", "response-timeout");
  private static final Keys RETAINED = leaves("age", "jobs", "bytes");
  private static final Keys QUEUE =
      leaves(
              "concurrency",
              "rate",
              "burst",
              "timeout",
              "grace",
              "time-to-start",
              "lease",
              "max-crashes",
              "max-zombies")
          .with("capacity", leaves("jobs", "bytes"))
          .with("retry", leaves("max-attempts", "delay", "multiplier", "max-delay", "jitter"))
          .with("retention", leaves().with("succeeded", RETAINED).with("dead", RETAINED))
          .with("delivery", leaves().with("webhook", WEBHOOK));
  private static final Keys QUEUES =
      new Keys(Map.of("auto-create", leaves("max").with("template", QUEUE)), QUEUE);

  /// The whole configuration.
  static final Keys ALL =
      leaves("engine", "data", "grace")
          .with("http", HTTP)
          .with("webhooks", leaves("http"))
          .with("queues", QUEUES);

  private final Map<String, Keys> inner;

  /// What is in an object under a name that the user chose; null when there are no such names.
  private final @Nullable Keys named;

  private Keys(Map<String, Keys> inner, @Nullable Keys named) {
    this.inner = inner;
    this.named = named;
  }

  private static Keys leaves(String... names) {
    Map<String, Keys> inner = new LinkedHashMap<>();
    for (String name : names) {
      inner.put(name, LEAF);
    }
    return new Keys(inner, null);
  }

  private Keys with(String name, Keys keys) {
    Map<String, Keys> more = new LinkedHashMap<>(inner);
    more.put(name, keys);
    return new Keys(more, named);
  }

  /// The path that a variable's name, without its `SLUICE_`, means. A name of a queue that the file
  /// does not have is written in small letters, with `-` for `_`; where two readings are possible
  /// the one with the shorter name of the queue holds.
  ///
  /// @param chosen names of queues that are there already
  Optional<List<String>> path(String variable, Iterable<String> chosen) {
    if (variable.isEmpty()) {
      return Optional.of(List.of());
    }
    for (Map.Entry<String, Keys> entry : inner.entrySet()) {
      Optional<List<String>> path =
          after(variable, upper(entry.getKey()))
              .flatMap(rest -> entry.getValue().path(rest, chosen))
              .map(rest -> joined(entry.getKey(), rest));
      if (path.isPresent()) {
        return path;
      }
    }
    return named == null ? Optional.empty() : underName(variable, named, chosen);
  }

  /// Whether a path leads to a key that has a value, and not to an object or nowhere.
  boolean isValue(List<String> path) {
    if (path.isEmpty()) {
      return this == LEAF;
    }
    Keys next = inner.getOrDefault(path.getFirst(), named);
    return next != null && next.isValue(path.subList(1, path.size()));
  }

  /// Every key, as a path; `name` stands for the names that users choose.
  List<List<String>> paths(String name) {
    List<List<String>> paths = new ArrayList<>();
    Map<String, Keys> all = new LinkedHashMap<>(inner);
    if (named != null) {
      all.put(name, named);
    }
    all.forEach((key, keys) -> {
      if (keys == LEAF) {
        paths.add(List.of(key));
      } else {
        keys.paths(name).forEach(rest -> paths.add(joined(key, rest)));
      }
    });
    return paths;
  }

  private static Optional<List<String>> underName(
      String variable, Keys keys, Iterable<String> chosen) {
    for (String name : chosen) {
      Optional<List<String>> path =
          after(variable, upper(name)).flatMap(rest -> keys.path(rest, List.of()));
      if (path.isPresent()) {
        return path.map(rest -> joined(name, rest));
      }
    }
    for (int end = variable.indexOf('_'); end > 0; end = variable.indexOf('_', end + 1)) {
      Optional<List<String>> path = keys.path(variable.substring(end + 1), List.of());
      if (path.isPresent()) {
        String name = variable.substring(0, end).toLowerCase(Locale.ROOT).replace('_', '-');
        return path.map(rest -> joined(name, rest));
      }
    }
    return Optional.empty();
  }

  private static List<String> joined(String first, List<String> rest) {
    List<String> path = new ArrayList<>();
    path.add(first);
    path.addAll(rest);
    return path;
  }

  /// What follows a word and its `_`; empty text when nothing does.
  private static Optional<String> after(String variable, String word) {
    if (variable.equals(word)) {
      return Optional.of("");
    }
    return variable.startsWith(word + "_")
        ? Optional.of(variable.substring(word.length() + 1))
        : Optional.empty();
  }

  /// How a key stands in the name of a variable.
  private static String upper(String key) {
    return key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }
}
