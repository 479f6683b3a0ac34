package dev.sluice.app;

import dev.sluice.engine.EngineUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Where a benchmark keeps its files: a directory of its own, removed at the end.
///
/// Threading: confined to the thread that runs the benchmark.
///
/// @param engine the engine to open, its file inside the directory
/// @param directory empty when the engine has no files
record BenchPlace(EngineConfig engine, Optional<Path> directory) implements AutoCloseable {
  /// What `sqlite:` without a path stands for here.
  static final Path FRESH = Path.of("");

  /// Makes the directory: beside the file that was named, or in Sluice's data folder, which is on a
  /// real disk more often than the folder for temporary files.
  ///
  /// @throws IllegalArgumentException when the file is there already
  static BenchPlace prepare(EngineConfig engine) {
    return switch (engine) {
      case EngineConfig.Memory _, EngineConfig.Rabbit _, EngineConfig.Sqs _ ->
          new BenchPlace(engine, Optional.empty());
      case EngineConfig.Sqlite(var file) -> {
        if (!file.equals(FRESH) && Files.exists(file)) {
          throw new IllegalArgumentException(
              "engine: 'sqlite:" + file + "' must name a file that is not there yet");
        }
        @org.jspecify.annotations.Nullable Path parent = file.getParent();
        Path directory = create(parent == null ? EngineConfig.dataFolder() : parent);
        yield new BenchPlace(
            new EngineConfig.Sqlite(directory.resolve("bench.db")), Optional.of(directory));
      }
    };
  }

  private static Path create(Path parent) {
    try {
      Files.createDirectories(parent);
      return Files.createTempDirectory(parent, "bench-");
    } catch (IOException failure) {
      throw new EngineUnavailableException(
          "engine: cannot make a directory in "
              + parent
              + "; name a file where this user has the right to write",
          failure);
    }
  }

  /// Bytes of all files.
  long bytes() {
    long sum = 0;
    for (Path path : paths()) {
      sum += path.toFile().length();
    }
    return sum;
  }

  @Override
  public void close() {
    for (Path path : paths()) {
      if (!path.toFile().delete()) {
        System.getLogger("dev.sluice.app.bench")
            .log(System.Logger.Level.WARNING, "could not remove " + path);
      }
    }
  }

  /// The directory and what is in it, innermost first.
  private List<Path> paths() {
    if (directory.isEmpty()) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(directory.get())) {
      return all.sorted(Comparator.reverseOrder()).toList();
    } catch (IOException failure) {
      throw new EngineUnavailableException("cannot list " + directory.get(), failure);
    }
  }
}
