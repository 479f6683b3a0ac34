package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/// The place of the database in the file system: checked before SQLite sees it, because SQLite's
/// own errors do not tell what to do.
///
/// Threading: immutable.
final class Place {
  // Their locks and syncs do not hold what SQLite needs of them.
  private static final Set<String> NETWORK =
      Set.of(
          "nfs",
          "nfs3",
          "nfs4",
          "cifs",
          "smb",
          "smb2",
          "smb3",
          "smbfs",
          "ncpfs",
          "afs",
          "afpfs",
          "9p",
          "ceph",
          "glusterfs",
          "lustre",
          "webdav",
          "davfs",
          "fuse.sshfs",
          "fuse.s3fs",
          "fuse.rclone",
          "fuse.glusterfs",
          "fuse.davfs");

  private Place() {}

  /// Makes directory and file ready, for their owner only, and returns the file's absolute path.
  static Path prepare(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    Path directory = absolute.getParent();
    if (directory == null || Files.isDirectory(absolute)) {
      throw new IllegalArgumentException(absolute + " is a directory; name a file in it");
    }
    if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
      throw new IllegalArgumentException(
          absolute + " is a device or a pipe; name a file on a local disk");
    }
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory, ownerOnly(directory, "rwx------"));
      }
      Path real = directory.toRealPath().resolve(absolute.getFileName());
      requireLocal(real, Files.getFileStore(real.getParent()).type());
      create(real);
      return real;
    } catch (IOException failure) {
      throw new EngineUnavailableException(
          absolute
              + " cannot be created ("
              + Failures.reason(failure)
              + "); make its directory, or give this user the right to write there",
          failure);
    }
  }

  /// Refuses a file that is reached over the network.
  ///
  /// @throws IllegalArgumentException when a file system of that type is not on this machine
  static void requireLocal(Path file, String type) {
    if (NETWORK.contains(type.toLowerCase(Locale.ROOT))) {
      throw new IllegalArgumentException(
          file
              + " is on a network file system ("
              + type
              + "), where locks and syncs do not hold; name a file on a local disk");
    }
  }

  private static void create(Path file) throws IOException {
    try {
      Files.createFile(file, ownerOnly(file, "rw-------"));
    } catch (FileAlreadyExistsException _) {
      if (!Files.isWritable(file)) {
        throw new EngineUnavailableException(
            file + " cannot be written; give this user the right to write to it and its directory");
      }
    }
  }

  static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
    if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
    };
  }
}
