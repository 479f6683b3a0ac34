package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;

/// What an error of SQLite means, and how to say it.
///
/// Threading: immutable.
final class Failures {
  private static final int PRIMARY = 0xFF;

  private Failures() {}

  /// Memory and file disagree: an error that only reading everything anew can mend.
  static SQLException disagreement(String what) {
    return new SQLException(
        "the file does not hold what it held before: " + what,
        null,
        SQLiteErrorCode.SQLITE_CORRUPT.code);
  }

  /// Somebody else is in the file.
  static SQLException busy() {
    return new SQLException(
        "the log cannot be written back", null, SQLiteErrorCode.SQLITE_BUSY.code);
  }

  static boolean isConstraint(SQLException failure) {
    return is(failure, SQLiteErrorCode.SQLITE_CONSTRAINT);
  }

  static boolean isFull(SQLException failure) {
    return is(failure, SQLiteErrorCode.SQLITE_FULL);
  }

  /// Whether nothing is known of the file any more, so that the connection must go.
  static boolean isBroken(SQLException failure) {
    return switch (SQLiteErrorCode.getErrorCode(failure.getErrorCode() & PRIMARY)) {
      case SQLITE_IOERR,
          SQLITE_CORRUPT,
          SQLITE_NOTADB,
          SQLITE_CANTOPEN,
          SQLITE_READONLY,
          SQLITE_NOMEM,
          SQLITE_BUSY,
          SQLITE_LOCKED,
          SQLITE_PROTOCOL,
          SQLITE_MISUSE,
          SQLITE_INTERNAL ->
          true;
      default -> false;
    };
  }

  static EngineUnavailableException say(Path file, SQLException failure) {
    boolean full =
        SQLiteErrorCode.getErrorCode(failure.getErrorCode() & PRIMARY)
            == SQLiteErrorCode.SQLITE_FULL;
    return new EngineUnavailableException(
        full ? Kind.OVERLOADED : Kind.FAILED, sentence(file, failure, false), failure);
  }

  /// As [#say], of a file that was never open: nobody is there yet who could go on.
  static EngineUnavailableException sayAtOpen(Path file, SQLException failure) {
    return new EngineUnavailableException(sentence(file, failure, true), failure);
  }

  /// What the system says of a file, without the name of a class.
  static String reason(IOException failure) {
    return switch (failure) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException missing -> missing.getFile() + " is not there";
      case FileAlreadyExistsException taken -> taken.getFile() + " is not a directory";
      case FileSystemException other when other.getReason() != null ->
          other.getFile() + ": " + other.getReason();
      default -> String.valueOf(failure.getMessage());
    };
  }

  static EngineUnavailableException noDatabase(Path file) {
    return new EngineUnavailableException(noDatabaseSentence(file));
  }

  private static String noDatabaseSentence(Path file) {
    return file + " is no SQLite database; name another file, or move this one away";
  }

  static EngineUnavailableException foreign(Path file) {
    return new EngineUnavailableException(
        file + " is a database of another program; name another file");
  }

  private static String sentence(Path file, SQLException failure, boolean opening) {
    return switch (SQLiteErrorCode.getErrorCode(failure.getErrorCode() & PRIMARY)) {
      case SQLITE_FULL ->
          "the disk is full: "
              + file
              + " cannot grow; make room, and "
              + (opening ? "start again" : "it goes on by itself");
      case SQLITE_NOTADB -> noDatabaseSentence(file);
      // SQLite also says "corrupt" when the disk fails to read: the file may be whole.
      case SQLITE_CORRUPT ->
          file
              + " is damaged ("
              + failure.getMessage()
              + "), or its disk fails: look for disk errors in the system's log first; then restore"
              + " it from a backup, or move it away to start anew";
      case SQLITE_READONLY, SQLITE_PERM ->
          file + " cannot be written; give this user the right to write to it and its directory";
      case SQLITE_CANTOPEN ->
          file + " cannot be opened (" + failure.getMessage() + "); check its directory";
      case SQLITE_BUSY, SQLITE_LOCKED ->
          file + " is in use by another process; stop that one, or name another file";
      case SQLITE_IOERR ->
          "reading or writing "
              + file
              + " failed ("
              + failure.getMessage()
              + "); "
              + (opening
                  ? "look for disk errors in the system's log, and start again"
                  : "it is opened and read anew before anything else is done");
      default -> "SQLite could not do it on " + file + ": " + failure.getMessage();
    };
  }

  private static boolean is(SQLException failure, SQLiteErrorCode code) {
    return (failure.getErrorCode() & PRIMARY) == code.code;
  }
}
