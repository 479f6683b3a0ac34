package dev.sluice.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// One object of a document, read field by field. Every complaint names the place, and a field that
/// nobody asked for is one too. A field `maxAttempts` may be written `max-attempts` as well: JSON
/// and YAML have different habits.
///
/// Threading: confined to one thread.
final class Fields {
  private final JsonNode object;
  private final String pointer;
  private final Set<String> asked = new LinkedHashSet<>();

  /// @param pointer where the object stands in its document
  /// @throws BadField when it is no object
  Fields(JsonNode object, String pointer) {
    if (!object.isObject()) {
      throw new BadField(pointer, "must be an object");
    }
    this.object = object;
    this.pointer = pointer;
  }

  /// Where a field stands.
  String at(String name) {
    return pointer + BadField.step(written(name));
  }

  private String written(String name) {
    String dashed = dashed(name);
    return !object.has(name) && object.has(dashed) ? dashed : name;
  }

  private static String dashed(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(java.util.Locale.ROOT);
  }

  /// The value of a field; empty when it is absent or null.
  ///
  /// @throws BadField when it stands there in both ways of writing
  Optional<JsonNode> node(String name) {
    String dashed = dashed(name);
    if (!dashed.equals(name) && object.has(name) && object.has(dashed)) {
      throw new BadField(
          pointer + BadField.step(dashed), "cannot be given beside " + name + ", it is the same");
    }
    asked.add(name);
    asked.add(dashed);
    JsonNode node = object.get(written(name));
    return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
  }

  Optional<Fields> object(String name) {
    return node(name).map(node -> new Fields(node, at(name)));
  }

  Optional<String> text(String name) {
    return node(name)
        .map(node -> {
          if (!node.isString()) {
            throw new BadField(at(name), "must be a text");
          }
          return node.asString();
        });
  }

  /// A text, made into something; what that finds wrong is said of this field.
  <T> Optional<T> text(String name, Function<String, T> parser) {
    return text(name).map(text -> checked(name, () -> parser.apply(text)));
  }

  Optional<Duration> duration(String name) {
    return text(name, Durations::parse);
  }

  /// A duration within bounds.
  Optional<Duration> duration(String name, Duration least, Duration most) {
    Optional<Duration> duration = duration(name);
    duration.ifPresent(it -> {
      if (it.compareTo(least) < 0 || it.compareTo(most) > 0) {
        throw new BadField(
            at(name), "must be from " + Durations.text(least) + " to " + Durations.text(most));
      }
    });
    return duration;
  }

  /// An amount of bytes, as a number or as a text like `64MiB`, within bounds.
  Optional<Long> bytes(String name, long least, long most) {
    if (node(name).filter(JsonNode::isString).isEmpty()) {
      return whole(name, least, most);
    }
    Optional<Long> bytes = text(name, ByteSizes::parse);
    bytes.ifPresent(it -> {
      if (it < least || it > most) {
        throw new BadField(
            at(name), "must be from " + ByteSizes.text(least) + " to " + ByteSizes.text(most));
      }
    });
    return bytes;
  }

  Optional<Boolean> flag(String name) {
    return node(name)
        .map(node -> {
          if (!node.isBoolean()) {
            throw new BadField(at(name), "must be true or false");
          }
          return node.asBoolean();
        });
  }

  /// A whole number within bounds.
  Optional<Long> whole(String name, long least, long most) {
    return node(name)
        .map(node -> {
          if (!node.isIntegralNumber()
              || !node.canConvertToLong()
              || node.asLong() < least
              || node.asLong() > most) {
            throw new BadField(at(name), "must be a whole number from " + least + " to " + most);
          }
          return node.asLong();
        });
  }

  Optional<Double> number(String name, double least, double most) {
    return node(name)
        .map(node -> {
          if (!node.isNumber() || !(node.asDouble() >= least && node.asDouble() <= most)) {
            throw new BadField(at(name), "must be a number from " + least + " to " + most);
          }
          return node.asDouble();
        });
  }

  /// An object whose values are texts.
  Optional<Map<String, String>> texts(String name) {
    return node(name)
        .map(node -> {
          Fields inner = new Fields(node, at(name));
          Map<String, String> texts = new LinkedHashMap<>();
          for (String key : node.propertyNames()) {
            JsonNode value = node.get(key);
            if (!value.isString()) {
              throw new BadField(inner.pointer + BadField.step(key), "must be a text");
            }
            texts.put(key, value.asString());
          }
          return texts;
        });
  }

  /// A list, each element made into something.
  ///
  /// @param reader is given an element and where it stands
  <T> Optional<List<T>> list(String name, BiFunction<JsonNode, String, T> reader) {
    return node(name)
        .map(node -> {
          if (!node.isArray()) {
            throw new BadField(at(name), "must be a list");
          }
          List<T> list = new ArrayList<>();
          for (int i = 0; i < node.size(); i++) {
            list.add(reader.apply(node.get(i), at(name) + "/" + i));
          }
          return list;
        });
  }

  /// Objects by names that the user chose.
  <T> Map<String, T> named(BiFunction<JsonNode, String, T> reader) {
    Map<String, T> named = new LinkedHashMap<>();
    for (String key : object.propertyNames()) {
      asked.add(key);
      named.put(key, reader.apply(object.get(key), pointer + BadField.step(key)));
    }
    return named;
  }

  /// Does something with a value of this field; what that finds wrong is said of the field.
  <T> T checked(String name, java.util.function.Supplier<T> work) {
    try {
      return work.get();
    } catch (BadField known) {
      throw known;
    } catch (IllegalArgumentException bad) {
      throw new BadField(at(name), String.valueOf(bad.getMessage()));
    }
  }

  /// Says what is there that nobody knows.
  ///
  /// @throws BadField when there is such a field
  void done() {
    for (String name : object.propertyNames()) {
      if (!asked.contains(name)) {
        throw new BadField(
            pointer + BadField.step(name), "is not known here; known are " + known());
      }
    }
  }

  private String known() {
    return String.join(", ", asked.stream().filter(name -> !name.contains("-")).sorted().toList());
  }
}
