package dev.sluice.sqlite;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/// Database files of one test, each engine on its own.
///
/// Threading: confined to the test.
final class Shelf {
  private final Path directory;
  private final Map<Engine, Path> files = new HashMap<>();

  Shelf(Path directory) {
    this.directory = directory;
  }

  Path newFile() {
    return directory.resolve(UUID.randomUUID() + ".db");
  }

  SqliteEngine open(Environment environment) {
    return open(newFile(), environment);
  }

  private SqliteEngine open(Path file, Environment environment) {
    SqliteEngine engine = SqliteEngine.open(file, environment);
    files.put(engine, file);
    return engine;
  }

  SqliteEngine reopen(Engine engine, Environment environment) {
    engine.close();
    return open(file(engine), environment);
  }

  /// Opens what a killed process would have left: the files as they are in the middle of its life.
  SqliteEngine crash(Engine engine, Environment environment) {
    Path image = newFile();
    copy(file(engine), image);
    engine.close();
    return open(image, environment);
  }

  Path file(Engine engine) {
    Path file = files.get(engine);
    if (file == null) {
      throw new IllegalArgumentException("not an engine of this shelf");
    }
    return file;
  }

  static void copy(Path from, Path to) {
    try {
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
      Path log = from.resolveSibling(from.getFileName() + "-wal");
      if (Files.exists(log)) {
        Files.copy(log, to.resolveSibling(to.getFileName() + "-wal"));
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
