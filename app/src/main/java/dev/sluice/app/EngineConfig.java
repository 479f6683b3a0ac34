package dev.sluice.app;

import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.sqlite.SqliteEngine;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Which engine, as its URL says. The one place where the text of an engine URL is understood.
///
/// Threading: immutable.
sealed interface EngineConfig {

  /// `memory:` holds jobs in this process.
  record Memory() implements EngineConfig {}

  /// `sqlite:PATH` holds jobs in one file.
  record Sqlite(Path file) implements EngineConfig {}

  /// Engines that other versions have or will have.
  Map<String, String> ELSEWHERE =
      Map.of(
          "postgresql", "PostgreSQL",
          "postgres", "PostgreSQL",
          "amqp", "RabbitMQ",
          "amqps", "RabbitMQ",
          "sqs", "AWS SQS");

  /// Reads an engine URL.
  ///
  /// @param defaultFile what `sqlite:` without a path means
  /// @throws IllegalArgumentException when it names no engine of this version
  static EngineConfig parse(String url, Path defaultFile) {
    int colon = url.indexOf(':');
    String scheme = colon < 0 ? "" : url.substring(0, colon).toLowerCase(Locale.ROOT);
    String rest = url.substring(colon + 1);
    String missing = ELSEWHERE.get(scheme);
    if (missing != null) {
      throw new IllegalArgumentException(
          "engine: '"
              + url
              + "' asks for "
              + missing
              + ", which this version does not have yet; "
              + "use memory: or sqlite:PATH");
    }
    return switch (scheme) {
      case "memory" -> {
        if (!rest.isEmpty()) {
          throw new IllegalArgumentException(
              "engine: '" + url + "' must be just memory:, nothing follows the colon");
        }
        yield new Memory();
      }
      case "sqlite" -> new Sqlite(rest.isEmpty() ? defaultFile : file(url, rest));
      default ->
          throw new IllegalArgumentException(
              "engine: '" + url + "' must be memory: or sqlite:PATH");
    };
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
      case Sqlite(var file) -> open(file);
    };
  }

  private static Engine open(Path file) {
    try {
      return SqliteEngine.open(file);
    } catch (IllegalArgumentException unfit) {
      throw new IllegalArgumentException("engine: " + unfit.getMessage(), unfit);
    } catch (EngineUnavailableException failure) {
      throw new EngineUnavailableException("engine: " + failure.getMessage(), failure);
    }
  }

  /// The folder that [#open] will make; empty when it is there already, or none is needed.
  default Optional<Path> missingFolder() {
    return switch (this) {
      case Memory() -> Optional.empty();
      case Sqlite(var file) -> Folders.missing(file.getParent());
    };
  }

  /// The engine in words, for the first lines that a command prints.
  default String words() {
    return switch (this) {
      case Memory() -> "memory: (in this process; jobs end with it)";
      case Sqlite(var file) -> "sqlite:" + file + " (jobs survive a crash)";
    };
  }
}
