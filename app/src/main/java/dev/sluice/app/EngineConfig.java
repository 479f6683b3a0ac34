package dev.sluice.app;

import dev.sluice.app.config.Configuration;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Remembering;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.rabbitmq.RabbitEngine;
import dev.sluice.sqlite.SqliteEngine;
import dev.sluice.sqs.SqsEngine;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/// Which engine, as its URL says. The one place where the text of an engine URL is understood.
///
/// Threading: immutable.
sealed interface EngineConfig {

  /// `memory:` holds jobs in this process.
  record Memory() implements EngineConfig {}

  /// `sqlite:PATH` holds jobs in one file.
  record Sqlite(Path file) implements EngineConfig {}

  /// `amqp://user:password@host/vhost` holds jobs in a RabbitMQ broker.
  record Rabbit(String url) implements EngineConfig {
    /// The URL holds a password.
    @Override
    public String toString() {
      return "Rabbit[" + shown(url) + "]";
    }
  }

  /// `sqs:REGION` holds jobs in AWS SQS, or what speaks its protocol.
  record Sqs(String url) implements EngineConfig {}

  /// What an engine URL must be.
  String RULE = "must be memory:, sqlite:PATH, amqp://HOST/VHOST, amqps://HOST/VHOST or sqs:REGION";

  /// Reads an engine URL.
  ///
  /// @param defaultFile what `sqlite:` without a path means
  /// @throws IllegalArgumentException when it names no engine of this version
  static EngineConfig parse(String url, Path defaultFile) {
    int colon = url.indexOf(':');
    String scheme = colon < 0 ? "" : url.substring(0, colon).toLowerCase(Locale.ROOT);
    String rest = url.substring(colon + 1);
    return switch (scheme) {
      case "memory" -> {
        if (!rest.isEmpty()) {
          throw new IllegalArgumentException(
              "engine: '" + shown(url) + "' must be just memory:, nothing follows the colon");
        }
        yield new Memory();
      }
      case "sqlite" -> new Sqlite(rest.isEmpty() ? defaultFile : file(url, rest));
      case "amqp", "amqps" -> {
        RabbitEngine.requireUrl(url);
        yield new Rabbit(url);
      }
      case "sqs" -> {
        SqsEngine.requireUrl(url);
        yield new Sqs(url);
      }
      case "postgresql", "postgres" ->
          throw new IllegalArgumentException(
              "engine: '"
                  + shown(url)
                  + "' asks for PostgreSQL, which this version does not have yet; it "
                  + RULE);
      default -> throw new IllegalArgumentException("engine: '" + shown(url) + "' " + RULE);
    };
  }

  /// What [#parse] found wrong, without the field and the URL.
  static String rule(String url, IllegalArgumentException bad) {
    String rule = String.valueOf(bad.getMessage());
    for (String said : List.of("engine: ", "'" + shown(url) + "' ")) {
      rule = rule.startsWith(said) ? rule.substring(said.length()) : rule;
    }
    return rule;
  }

  /// An engine's URL without the password in it.
  static String shown(String url) {
    return Configuration.withoutPassword(url);
  }

  private static Path file(String url, String path) {
    try {
      return Path.of(path).toAbsolutePath().normalize();
    } catch (InvalidPathException invalid) {
      throw new IllegalArgumentException(
          "engine: '" + url + "' must name a file: " + invalid.getReason(), invalid);
    }
  }

  /// Where this user's Sluice data lives: `$XDG_DATA_HOME/sluice`, else `~/.local/share/sluice`.
  static Path dataFolder() {
    String xdg = System.getenv("XDG_DATA_HOME");
    Path base =
        xdg == null || xdg.isBlank()
            ? Path.of(System.getProperty("user.home", "."), ".local", "share")
            : Path.of(xdg);
    return base.resolve("sluice").toAbsolutePath();
  }

  /// Opens the engine.
  ///
  /// @throws EngineUnavailableException when it cannot be opened
  /// @throws IllegalArgumentException when no engine can be there
  default Engine open() {
    return switch (this) {
      case Memory() -> MemoryEngine.open();
      case Sqlite(var file) -> named(() -> SqliteEngine.open(file));
      case Rabbit(var url) -> named(() -> RabbitEngine.open(url));
      case Sqs(var url) -> named(() -> SqsEngine.open(url));
    };
  }

  /// Whether the engine keeps what is changed while the server runs.
  default boolean isRemembering() {
    return Remembering.class.isAssignableFrom(
        switch (this) {
          case Memory() -> MemoryEngine.class;
          case Sqlite _ -> SqliteEngine.class;
          case Rabbit _ -> RabbitEngine.class;
          case Sqs _ -> SqsEngine.class;
        });
  }

  /// What is wrong with the queues where the engine keeps them, in sentences; makes those that are
  /// missing.
  ///
  /// @param engine that was opened from this
  /// @throws EngineUnavailableException when it cannot be asked
  static List<String> check(Engine engine, Collection<String> queues) {
    return switch (engine) {
      case RabbitEngine rabbit ->
          queues.stream().flatMap(queue -> rabbit.check(queue).stream()).toList();
      case SqsEngine sqs -> queues.stream().flatMap(queue -> sqs.check(queue).stream()).toList();
      default -> List.of();
    };
  }

  private static Engine named(Supplier<Engine> opening) {
    try {
      return opening.get();
    } catch (IllegalArgumentException unfit) {
      throw new IllegalArgumentException(sentence(unfit), unfit);
    } catch (EngineUnavailableException failure) {
      throw new EngineUnavailableException(sentence(failure), failure);
    }
  }

  private static String sentence(RuntimeException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.startsWith("engine: ") ? message : "engine: " + message;
  }

  /// Where the jobs are, as a text: two engines with the same one have the same jobs.
  default String place() {
    return switch (this) {
      case Memory() -> "memory";
      case Sqlite(var file) -> "sqlite " + real(file);
      case Rabbit(var url) -> RabbitEngine.place(url);
      case Sqs(var url) -> SqsEngine.place(url);
    };
  }

  /// The file behind links, also when it is not there yet.
  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException _) {
      Path folder = file.getParent();
      Path name = file.getFileName();
      return folder == null || name == null ? file : real(folder).resolve(name);
    }
  }

  /// The folder that [#open] will make; empty when it is there already, or none is needed.
  default Optional<Path> missingFolder() {
    return switch (this) {
      case Memory(), Rabbit _, Sqs _ -> Optional.empty();
      case Sqlite(var file) -> Folders.missing(file.getParent());
    };
  }

  /// The engine in words, for the first lines that a command prints.
  default String words() {
    return switch (this) {
      case Memory() -> "memory: (in this process; jobs end with it)";
      case Sqlite(var file) -> "sqlite:" + file + " (jobs survive a crash)";
      case Rabbit(var url) -> shown(url) + " (jobs are on the broker)";
      case Sqs(var url) -> url + " (jobs are in the queues of SQS)";
    };
  }
}
