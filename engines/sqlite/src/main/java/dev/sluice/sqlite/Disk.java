package dev.sluice.sqlite;

import java.nio.file.Path;
import java.sql.SQLException;

/// What the file stands on. Tests bring one that is full or fails.
///
/// Threading: thread-safe.
interface Disk {
  /// The machine's disk.
  Disk REAL = new Disk() {};

  /// The most that is kept free for settlements: two full write-ahead logs and some.
  long RESERVE_BYTES = 64L << 20;

  /// How much room is left, so that jobs which run can still end when no new ones are taken.
  ///
  /// Refusing early is chosen over a spare file that is given up in need: the reserve is a property
  /// of the disk at this moment, so it comes back by itself, no crash can lose it, and it costs
  /// nothing while there is room.
  default long usableBytes(Path file) {
    return file.toFile().getUsableSpace();
  }

  /// How much must be left for a job to be taken: 64 MiB, or a quarter of a small disk.
  default long reserveBytes(Path file) {
    long total = file.toFile().getTotalSpace();
    return total <= 0 ? 0 : Math.min(RESERVE_BYTES, total / 4);
  }

  /// Most pages of the database file; 0 for as many as SQLite can.
  default int maxPages() {
    return 0;
  }

  /// Called before a transaction that wrote is committed.
  default void committing() throws SQLException {}

  /// Called after a transaction that wrote was committed, before anybody is told.
  default void committed() throws SQLException {}
}
