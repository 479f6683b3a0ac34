package dev.sluice;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// A directory of a benchmark's own, on the disk that holds the working directory's `target`, or
/// else among the temporary files.
///
/// Threading: immutable.
///
/// @param directory where it is
record Scratch(Path directory) {
  static Scratch make() throws IOException {
    Path near = Path.of("target");
    return new Scratch(
        Files.isDirectory(near)
            ? Files.createTempDirectory(near, "bench")
            : Files.createTempDirectory("sluice-bench"));
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  void delete() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
