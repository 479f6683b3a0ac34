package dev.sluice.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;

/// A disk that fails when it is told to.
///
/// Threading: set by the test, read by the writer.
final class FailingDisk implements Disk {
  private static final long PLENTY = 1L << 40;

  volatile long usableBytes = PLENTY;
  volatile boolean failsBeforeCommit;
  volatile boolean failsAfterCommit;
  volatile int maxPages;

  @Override
  public long usableBytes(Path file) {
    return usableBytes;
  }

  @Override
  public long reserveBytes(Path file) {
    return RESERVE_BYTES;
  }

  @Override
  public int maxPages() {
    return maxPages;
  }

  @Override
  public void committing() throws SQLException {
    if (failsBeforeCommit) {
      failsBeforeCommit = false;
      throw failure();
    }
  }

  @Override
  public void committed() throws SQLException {
    if (failsAfterCommit) {
      failsAfterCommit = false;
      throw failure();
    }
  }

  private static SQLException failure() {
    return new SQLException("fsync failed", null, SQLiteErrorCode.SQLITE_IOERR_FSYNC.code);
  }
}
