package dev.sluice.server;

import dev.sluice.JobType;
import dev.sluice.job.Names;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/// The queues of a server, as it is configured.
///
/// Threading: immutable.
///
/// @param named each queue by its name
/// @param autoCreate what becomes of a queue that is not among them; empty when it is refused
public record QueueList(Map<String, QueueSpec> named, Optional<AutoCreate> autoCreate) {
  static final int MOST = 1000;

  /// What a queue gets that nobody configured, when the first job for it comes.
  ///
  /// Threading: immutable.
  ///
  /// @param template what it gets
  /// @param max most queues that come to be in this way, 1 to 1,000; default 100
  public record AutoCreate(QueueSpec template, int max) {
    public AutoCreate {
      if (max < 1 || max > MOST) {
        throw new IllegalArgumentException(
            "auto-create.max: " + max + " must be between 1 and " + MOST);
      }
    }

    static AutoCreate read(JsonNode document, String pointer) {
      Fields fields = new Fields(document, pointer);
      QueueSpec template =
          fields
              .node("template")
              .map(node -> QueueSpec.read(node, fields.at("template")))
              .orElseGet(QueueSpec::defaults);
      int max = (int) (long) fields.whole("max", 1, MOST).orElse(100L);
      fields.done();
      return new AutoCreate(template, max);
    }
  }

  public QueueList {
    if (named.size() > MOST) {
      throw new IllegalArgumentException("queues: " + named.size() + " must be at most " + MOST);
    }
    Map<String, QueueSpec> all = new TreeMap<>(named);
    all.keySet().forEach(name -> Names.require("queue", name));
    named = Collections.unmodifiableMap(all);
  }

  /// The queue `default` and no other.
  public static QueueList defaults() {
    return new QueueList(Map.of(JobType.DEFAULT_QUEUE, QueueSpec.defaults()), Optional.empty());
  }

  /// None: for a program that has given its [dev.sluice.Sluice] queues of its own.
  public static QueueList none() {
    return new QueueList(Map.of(), Optional.empty());
  }

  /// Reads an object of queues by name; `default` is always among them. The key `auto-create` is no
  /// queue: `{template, max}`.
  ///
  /// @param pointer where it stands in its document
  /// @throws BadField when a value breaks a rule
  public static QueueList read(JsonNode document, String pointer) {
    Fields fields = new Fields(document, pointer);
    Optional<AutoCreate> autoCreate =
        fields.node("autoCreate").map(node -> AutoCreate.read(node, fields.at("autoCreate")));
    Map<String, QueueSpec> named = new LinkedHashMap<>();
    for (String name : document.propertyNames()) {
      if (!name.equals("autoCreate") && !name.equals("auto-create")) {
        String at = pointer + BadField.step(name);
        named.put(requireName(name, at), spec(document.get(name), at));
      }
    }
    named.putIfAbsent(JobType.DEFAULT_QUEUE, QueueSpec.defaults());
    return new QueueList(named, autoCreate);
  }

  /// A YAML file may name a queue and say nothing of it.
  private static QueueSpec spec(JsonNode node, String pointer) {
    return node.isNull() ? QueueSpec.defaults() : QueueSpec.read(node, pointer);
  }

  private static String requireName(String name, String pointer) {
    try {
      return Names.require("queue", name);
    } catch (IllegalArgumentException _) {
      throw new BadField(pointer, "must be named by 1 to 128 characters of A-Z a-z 0-9 . _ -");
    }
  }

  /// The document of this, complete.
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    autoCreate.ifPresent(it -> {
      Map<String, Object> creating = new LinkedHashMap<>();
      creating.put("max", it.max());
      creating.put("template", it.template().json());
      json.put("autoCreate", creating);
    });
    named.forEach((name, spec) -> json.put(name, spec.json()));
    return json;
  }
}
