package dev.sluice.sqlite;

import dev.sluice.engine.EngineUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// The first bytes of a database file, read without SQLite and without a trace.
///
/// Threading: stateless.
final class Header {
  private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
  private static final int LENGTH = 100;
  private static final int SCHEMA_COOKIE = 40;
  private static final int APPLICATION_ID = 68;

  private Header() {}

  /// Refuses a file that another program wrote. An empty one, and a database without a table, may
  /// become ours; what only stands in a write-ahead log is judged later, by [Database].
  ///
  /// @throws EngineUnavailableException when it is not ours
  static void requireOurs(Path file) throws IOException {
    byte[] header;
    try (InputStream in = Files.newInputStream(file)) {
      header = in.readNBytes(LENGTH);
    }
    if (header.length == 0) {
      return;
    }
    ByteBuffer fields = ByteBuffer.wrap(header);
    if (header.length < LENGTH
        || fields.slice(0, MAGIC.length).mismatch(ByteBuffer.wrap(MAGIC)) >= 0) {
      throw Failures.noDatabase(file);
    }
    boolean empty = fields.getInt(SCHEMA_COOKIE) == 0;
    if (!empty && fields.getInt(APPLICATION_ID) != Database.APPLICATION_ID) {
      throw Failures.foreign(file);
    }
  }
}
