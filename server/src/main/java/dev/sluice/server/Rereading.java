package dev.sluice.server;

import dev.sluice.job.SluiceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// When something that is kept in files has to be read again: whenever they are not the ones that
/// were last read well. A reading that failed is tried again at each look, for what hindered it may
/// go without changing the files; it is complained about once.
///
/// Threading: confined to one thread at a time.
///
/// @param <V> what tells one version of the files from another
final class Rereading<V> {
  private final Supplier<V> version;
  private V read;
  private @Nullable Complaint complaint;

  private record Complaint(Optional<Object> version, String sentence) {}

  /// What tells one version of a file from another.
  record Version(FileTime changed, long size, @Nullable Object key) {
    /// The one that is there now; empty when there is no file.
    static Optional<Version> of(Path file) throws IOException {
      try {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return Optional.of(
            new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey()));
      } catch (NoSuchFileException none) {
        return Optional.empty();
      }
    }
  }

  /// Begins before the first reading, so that a change during it is noticed.
  ///
  /// @param version asked at each look
  /// @throws SluiceException when it cannot be told
  Rereading(Supplier<V> version) {
    this.version = version;
    this.read = version.get();
  }

  /// Reads again if that is needed.
  ///
  /// @param reading throws a [SluiceException] when the files cannot be used
  /// @param complain is told so, once for each version and reason
  void look(Runnable reading, Consumer<SluiceException> complain) {
    Optional<Object> now = Optional.empty();
    try {
      V there = version.get();
      if (!there.equals(read)) {
        now = Optional.of(there);
        reading.run();
        read = there;
      }
      complaint = null;
    } catch (SluiceException bad) {
      Complaint fresh = new Complaint(now, String.valueOf(bad.getMessage()));
      if (!fresh.equals(complaint)) {
        complain.accept(bad);
      }
      complaint = fresh;
    }
  }
}
