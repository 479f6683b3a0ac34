package dev.sluice.server;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Objects;

/// What went wrong with a file, in words for people: the JDK's messages are names of classes and
/// paths.
///
/// Threading: stateless.
public final class FileTrouble {
  private FileTrouble() {}

  /// The reason, as the end of a sentence that names the file.
  public static String words(IOException failure) {
    Objects.requireNonNull(failure, "failure: must not be null");
    return switch (failure) {
      case AccessDeniedException _ -> "this user has no right to";
      case NoSuchFileException _ -> "there is no such file or folder";
      case FileAlreadyExistsException _ -> "something else of this name is there";
      case FileSystemException named when named.getReason() != null ->
          String.valueOf(named.getReason()).toLowerCase(Locale.ROOT);
      default ->
          failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    };
  }
}
