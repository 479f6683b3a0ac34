package dev.sluice.app.config;

import dev.sluice.server.BadField;
import dev.sluice.server.Durations;
import dev.sluice.server.QueueList;
import dev.sluice.server.ServerConfig;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What the server is told: flags win over variables of the environment, these over the file, the
/// file over the defaults.
///
/// A variable is named after its key: `SLUICE_`, then the key in capitals with `_` for `.` and `-`:
/// `SLUICE_HTTP_PORT`, `SLUICE_QUEUES_MAIL_RETRY_MAX_DELAY`. One that means no key is an error.
///
/// Threading: immutable.
public final class Configuration {
  /// The file that is read when nobody names one and it is there.
  public static final String FILE = "sluice.yaml";

  private static final String PREFIX = "SLUICE_";
  private static final String SQLITE = "sqlite:";

  /// Variables that begin like ours and mean something else.
  private static final Set<String> OTHERS =
      Set.of(
          "SLUICE_CONFIG",
          "SLUICE_FROM",
          "SLUICE_JAVA_OPTS",
          "SLUICE_SERVER",
          "SLUICE_TO",
          "SLUICE_TOKEN",
          "SLUICE_TOKEN_FILE");

  /// What Kubernetes puts into every pod of a namespace that has a Service named `sluice`.
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "SLUICE_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"
              + "|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

  /// The value of `SLUICE_PORT` that is such a link, and not what somebody wishes.
  private static final Pattern LINKED_PORT = Pattern.compile("(tcp|udp|sctp)://.*");

  private static final Set<String> TOP =
      Set.of("engine", "data", "grace", "http", "queues", "webhooks");
  private static final Duration LONGEST_GRACE = Duration.ofHours(24);

  private final Optional<Path> file;
  private final Document document;
  private final String engine;
  private final Optional<Path> data;
  private final Duration grace;
  private final ServerConfig server;

  private Configuration(Optional<Path> file, Document document) {
    this.file = file;
    this.document = document;
    ObjectNode root = document.root();
    for (String key : root.propertyNames()) {
      if (!TOP.contains(key)) {
        throw new BadField(
            Document.step(key), Document.UNKNOWN + "; known are " + String.join(", ", sorted(TOP)));
      }
    }
    engine = text("engine").orElse("sqlite:");
    data = text("data").map(Configuration::path);
    grace = text("grace").map(Configuration::grace).orElse(Duration.ofSeconds(25));
    server =
        ServerConfig.read(object("http"), "/http")
            .withWebhooks(object("webhooks"), "/webhooks")
            .withQueues(QueueList.read(object("queues"), "/queues"));
  }

  private static Set<String> sorted(Set<String> names) {
    return new TreeSet<>(names);
  }

  /// Puts a configuration together.
  ///
  /// @param file the file; empty for none
  /// @param environment the variables of the process
  /// @param flags values by their keys, like `http.port`, and the flags' names
  /// @throws ConfigException when something breaks a rule
  public static Configuration load(
      Optional<Path> file, Map<String, String> environment, List<Flag> flags) {
    Document document = new Document();
    file.ifPresent(path -> YamlFile.read(path, document));
    new TreeMap<>(environment).forEach((name, value) -> variable(name, value, document));
    for (Flag flag : flags) {
      document.set(List.of(flag.key().split("\\.")), flag.value(), flag.name());
    }
    try {
      return new Configuration(file, document);
    } catch (BadField bad) {
      throw complaint(document, bad.pointer(), bad.rule());
    }
  }

  /// A value of the command line.
  ///
  /// @param key the key that it sets, with dots
  /// @param name the flag as the user knows it
  public record Flag(String key, String name, JsonNode value) {
    public static Flag of(String key, String name, String text) {
      return new Flag(key, name, JsonNodeFactory.instance.stringNode(text));
    }

    public static Flag of(String key, String name, long number) {
      return new Flag(key, name, JsonNodeFactory.instance.numberNode(number));
    }

    public static Flag of(String key, String name, boolean yes) {
      return new Flag(key, name, JsonNodeFactory.instance.booleanNode(yes));
    }
  }

  private static void variable(String name, String value, Document document) {
    if (!name.startsWith(PREFIX) || OTHERS.contains(name) || isServiceLink(name, value)) {
      return;
    }
    JsonNode queues = document.root().path("queues");
    List<String> path =
        Keys.ALL
            .path(name.substring(PREFIX.length()), queues.propertyNames())
            .filter(some -> !some.isEmpty())
            .orElseThrow(() ->
                new ConfigException(
                    name
                        + ": is the name of no key; it must be SLUICE_ and the key in capitals,"
                        + " like SLUICE_HTTP_PORT"));
    document.set(path, YamlFile.plain(value), name);
  }

  private static boolean isServiceLink(String name, String value) {
    return SERVICE_LINK.matcher(name).matches()
        || (name.equals("SLUICE_PORT") && LINKED_PORT.matcher(value).matches());
  }

  private Optional<String> text(String key) {
    JsonNode node = document.root().get(key);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isString()) {
      throw new BadField("/" + key, "must be a text");
    }
    return Optional.of(node.asString());
  }

  private JsonNode object(String key) {
    JsonNode node = document.root().get(key);
    return node == null || node.isNull() ? JsonNodeFactory.instance.objectNode() : node;
  }

  private static Path path(String text) {
    try {
      return Path.of(text).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new BadField("/data", "must name a folder: " + invalid.getReason());
    }
  }

  private static Duration grace(String text) {
    try {
      Duration grace = Durations.parse(text);
      if (grace.compareTo(LONGEST_GRACE) <= 0) {
        return grace;
      }
    } catch (IllegalArgumentException _) {
      // The same complaint for both.
    }
    throw new BadField("/grace", "must be a time between 0s and 24h, with its unit, like 25s");
  }

  /// The complaint about a value that somebody else found wrong.
  ///
  /// @param key with dots, like `http.host`
  /// @param rule a part of a sentence
  public ConfigException complaint(String key, String rule) {
    return complaint(document, "/" + key.replace('.', '/'), rule);
  }

  /// The complaint about a value of this configuration that somebody else found wrong.
  ///
  /// @param bad its pointer begins at the root
  public ConfigException complaint(BadField bad) {
    return complaint(document, bad.pointer(), bad.rule());
  }

  private static ConfigException complaint(Document document, String where, String words) {
    // Lists of keys, as a file has them.
    String rule = words.startsWith(Document.UNKNOWN) ? Document.dashed(words) : words;
    String pointer = document.written(where);
    JsonNode node = document.root().at(pointer);
    Optional<String> origin = document.origin(pointer);
    StringBuilder sentence = new StringBuilder();
    origin.ifPresent(it -> sentence.append(it).append(": "));
    // Who gave a flag knows it by that name.
    if (origin.filter(it -> it.startsWith("--")).isEmpty()) {
      sentence.append(dotted(pointer)).append(": ");
    }
    sentence.append(Shown.sentence(pointer, node, rule));
    return new ConfigException(sentence.toString().replaceAll("\\p{Cntrl}+", " "));
  }

  /// A pointer as people write keys.
  static String dotted(String pointer) {
    return pointer.isEmpty()
        ? "the document"
        : pointer.substring(1).replace('/', '.').replace("~1", "/").replace("~0", "~");
  }

  /// The file that was read.
  public Optional<Path> file() {
    return file;
  }

  /// An engine's URL as it may be shown: without what stands between the first colon behind the
  /// scheme and the last `@`, however wrong the URL is.
  public static String withoutPassword(String url) {
    int at = url.lastIndexOf('@');
    // The name of a file may have both, and is no secret.
    if (at < 0 || url.regionMatches(true, 0, SQLITE, 0, SQLITE.length())) {
      return url;
    }
    int slashes = url.indexOf("://");
    int colon = url.indexOf(':', slashes < 0 || slashes > at ? 0 : slashes + 3);
    return colon < 0 || colon > at ? url : url.substring(0, colon + 1) + "***" + url.substring(at);
  }

  /// The engine's URL, with its password if it has one.
  public String engine() {
    return engine;
  }

  /// The folder for tokens, the audit log and what an engine keeps; empty for the usual one.
  public Optional<Path> data() {
    return data;
  }

  /// How long a stop waits for running jobs.
  public Duration grace() {
    return grace;
  }

  public ServerConfig server() {
    return server;
  }

  /// Every value that holds, with where it came from, as YAML.
  ///
  /// @param usualData the folder when none is named
  public List<String> print(Path usualData) {
    return Printed.lines(
        this, usualData, pointer -> document.exactOrigin(pointer).orElse("default"));
  }
}
