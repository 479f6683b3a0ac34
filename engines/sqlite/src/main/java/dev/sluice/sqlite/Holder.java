package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// The right to be the only engine on a file: an OS lock on `<file>.lock`, which also names who has
/// it. Held for life, over every reconnect; the OS frees it when the process dies in any way.
///
/// SQLite's own lock, held by the connection, says the same a second time: POSIX forgets a lock as
/// soon as its process closes any handle on the file, and a second engine in this process does so
/// when it is turned away.
///
/// Threading: confined to the writer's thread, so that no interrupt of a caller closes the channel.
final class Holder {
  private static final int LONGEST_NOTE = 64;

  private final FileChannel channel;

  private Holder(FileChannel channel) {
    this.channel = channel;
  }

  static Holder take(Path file) {
    Path note = file.resolveSibling(file.getFileName() + ".lock");
    try {
      // Somebody else's file gets no lock file of ours beside it. Where there is one already, the
      // file stays closed: closing it would end the lock of an engine that this process has on it.
      if (Files.notExists(note)) {
        Header.requireOurs(file);
      }
      FileChannel channel =
          FileChannel.open(
              note,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
              Place.ownerOnly(note, "rw-------"));
      boolean taken = false;
      try {
        taken = lock(channel);
        if (!taken) {
          throw new EngineUnavailableException(
              file + " is held by " + holder(channel) + "; stop that one, or name another file");
        }
        write(channel);
        return new Holder(channel);
      } finally {
        if (!taken) {
          channel.close();
        }
      }
    } catch (IOException failure) {
      throw new EngineUnavailableException(
          note + " cannot be written (" + Failures.reason(failure) + "); check its directory",
          failure);
    }
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException _) {
      return false;
    }
  }

  private static void write(FileChannel channel) throws IOException {
    byte[] note = ("process " + ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(note), 0);
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer note = ByteBuffer.allocate(LONGEST_NOTE);
    channel.read(note, 0);
    String text = new String(note.array(), 0, note.position(), StandardCharsets.US_ASCII);
    return text.isEmpty() ? "another process" : text;
  }

  void release() {
    try {
      channel.close();
    } catch (IOException failure) {
      throw new EngineUnavailableException("the lock file cannot be closed: " + failure, failure);
    }
  }
}
