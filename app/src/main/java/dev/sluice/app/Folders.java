package dev.sluice.app;

import dev.sluice.job.SluiceException;
import dev.sluice.server.FileTrouble;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Folders that only their owner can look into.
final class Folders {
  private Folders() {}

  /// Creates a folder that is not there yet.
  ///
  /// @throws SluiceException when that is not possible
  static Path createPrivate(Path folder) {
    try {
      if (Files.isDirectory(folder)) {
        return folder;
      }
      return isPosix()
          ? Files.createDirectories(
              folder,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
          : Files.createDirectories(folder);
    } catch (IOException failure) {
      throw new SluiceException(
          "data: cannot make the folder " + folder + ", " + FileTrouble.words(failure), failure);
    }
  }

  /// A folder, if it is not there.
  static Optional<Path> missing(@Nullable Path folder) {
    return Optional.ofNullable(folder).filter(it -> !Files.exists(it));
  }

  static boolean isPosix() {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
  }
}
