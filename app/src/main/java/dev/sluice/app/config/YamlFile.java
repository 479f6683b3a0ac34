package dev.sluice.app.config;

import dev.sluice.server.FileTrouble;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A YAML file as JSON values, with the line of each. Only what JSON has: no tags, no keys but
/// texts, no aliases.
///
/// Threading: confined to one thread.
final class YamlFile {
  private static final long MOST_BYTES = 1 << 20;
  private static final int DEEPEST = 20;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final String name;
  private final Document document;
  private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private YamlFile(String name, Document document) {
    this.name = name;
    this.document = document;
  }

  /// Reads a file into a document.
  ///
  /// @throws ConfigException when it cannot be read or is no YAML
  static void read(Path file, Document document) {
    String text;
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new ConfigException(file + ": has more than 1 MiB, that is no configuration");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException none) {
      throw new ConfigException(file + ": there is no such file");
    } catch (IOException failure) {
      throw new ConfigException(file + ": cannot be read, " + FileTrouble.words(failure));
    }
    new YamlFile(file.toString(), document).read(text);
  }

  private void read(String text) {
    Optional<Node> root;
    try {
      LoadSettings settings = LoadSettings.builder().setLabel(name).setUseMarks(true).build();
      root =
          new Composer(settings, new ParserImpl(settings, new StreamReader(settings, text)))
              .getSingleNode();
    } catch (MarkedYamlEngineException bad) {
      int line = bad.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
      throw new ConfigException(name + " line " + line + ": is no YAML: " + bad.getProblem());
    } catch (YamlEngineException bad) {
      throw new ConfigException(name + ": is no YAML: " + bad.getMessage());
    }
    document.from("", name);
    root.filter(node -> !isNull(node))
        .ifPresent(node -> {
          if (!(convert(node, "", 0) instanceof ObjectNode object)) {
            throw bad(node, "must be a list of keys and values");
          }
          document.root().setAll(object);
        });
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL);
  }

  private JsonNode convert(Node node, String pointer, int depth) {
    if (depth > DEEPEST) {
      throw bad(node, "is nested too deeply");
    }
    if (!(node instanceof ScalarNode) && !seen.add(node)) {
      throw bad(node, "is an alias, which is not understood here");
    }
    document.from(pointer, where(node));
    return switch (node) {
      case MappingNode mapping -> object(mapping, pointer, depth);
      case SequenceNode sequence -> list(sequence.getValue(), pointer, depth);
      case ScalarNode scalar -> scalar(scalar);
      default -> throw bad(node, "is not understood here");
    };
  }

  private ObjectNode object(MappingNode mapping, String pointer, int depth) {
    ObjectNode object = JSON.objectNode();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw bad(tuple.getKeyNode(), "is a key and must be a text");
      }
      String at = pointer + Document.step(key.getValue());
      JsonNode value = convert(tuple.getValueNode(), at, depth + 1);
      // The line of the key is the one to look at.
      document.from(at, where(key));
      if (object.has(key.getValue())) {
        throw new ConfigException(
            where(key) + ": " + Configuration.dotted(at) + ": stands here twice");
      }
      object.set(key.getValue(), value);
    }
    return object;
  }

  private ArrayNode list(List<Node> nodes, String pointer, int depth) {
    ArrayNode list = JSON.arrayNode();
    for (Node node : nodes) {
      list.add(convert(node, pointer + "/" + list.size(), depth + 1));
    }
    return list;
  }

  private JsonNode scalar(ScalarNode node) {
    String text = node.getValue();
    if (node.getTag().equals(Tag.STR)) {
      return JSON.stringNode(text);
    }
    if (node.getTag().equals(Tag.NULL)) {
      return JSON.nullNode();
    }
    if (node.getTag().equals(Tag.BOOL)) {
      return JSON.booleanNode(text.equalsIgnoreCase("true"));
    }
    try {
      if (node.getTag().equals(Tag.INT)) {
        return whole(text);
      }
      if (node.getTag().equals(Tag.FLOAT)) {
        return JSON.numberNode(Double.parseDouble(text));
      }
    } catch (NumberFormatException _) {
      // Written in a way that JSON does not have: then it is a text.
      return JSON.stringNode(text);
    }
    throw bad(node, "has a tag that is not understood here");
  }

  /// A text as YAML's core schema reads a plain scalar.
  static JsonNode plain(String text) {
    if (text.matches("[-+]?[0-9]{1,18}")) {
      return whole(text);
    }
    if (text.matches("[-+]?[0-9]{1,15}\\.[0-9]{1,15}")) {
      return JSON.numberNode(Double.parseDouble(text));
    }
    return text.equals("true") || text.equals("false")
        ? JSON.booleanNode(text.equals("true"))
        : JSON.stringNode(text);
  }

  private static JsonNode whole(String text) {
    BigInteger value = new BigInteger(text.startsWith("+") ? text.substring(1) : text);
    return value.bitLength() < 64
        ? JSON.numberNode(value.longValueExact())
        : JSON.numberNode(value);
  }

  private ConfigException bad(Node node, String rule) {
    return new ConfigException(where(node) + ": " + rule);
  }

  private String where(Node node) {
    return name + " line " + node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
  }
}
