package dev.sluice.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// A file of secrets, one in each line.
///
/// Threading: stateless.
final class SecretFile {
  private static final int MOST_BYTES = 4096;
  private static final Set<PosixFilePermission> OWNERS =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  private SecretFile() {}

  /// Its lines, without the empty ones.
  ///
  /// @throws IllegalArgumentException when it cannot be read, or others may read it; the message is
  ///   a part of a sentence and shows nothing of what the file holds
  static List<String> read(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException("'" + file + "' must be a file that can be read");
      }
      requirePrivate(file);
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
          throw new IllegalArgumentException(
              "'" + file + "' must have at most " + MOST_BYTES + " bytes");
        }
        return new String(bytes, StandardCharsets.UTF_8)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
      }
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          "'" + file + "' must be a file that can be read", unreadable);
    }
  }

  private static void requirePrivate(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
    if (!OWNERS.containsAll(mode)) {
      throw new IllegalArgumentException(
          "'"
              + file
              + "' must be for its owner alone (chmod 600), its mode is "
              + PosixFilePermissions.toString(mode));
    }
  }
}
