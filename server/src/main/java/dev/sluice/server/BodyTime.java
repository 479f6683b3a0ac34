package dev.sluice.server;

/// How long the server goes on waiting for the bytes of a body: in all, or, when they come line by
/// line for as long as the client likes, for each line from its first byte, and between two lines.
///
/// Threading: confined to the connection's thread.
final class BodyTime {
  private final HttpLimits limits;
  private boolean between;
  private long line;
  private long waitedNanos;
  private long bytes;

  BodyTime(HttpLimits limits) {
    this.limits = limits;
  }

  /// A body begins.
  void begin() {
    line = 0;
    turn(false);
  }

  /// The body is one of lines, and this is how far it has come.
  ///
  /// @param ended how many lines have ended
  /// @param begun whether there are bytes of the next one
  void at(long ended, boolean begun) {
    if (ended != line || begun == between) {
      line = ended;
      turn(!begun);
    }
  }

  private void turn(boolean betweenLines) {
    between = betweenLines;
    waitedNanos = 0;
    bytes = 0;
  }

  /// Some bytes came, after a wait.
  void came(int length, long nanos) {
    bytes += length;
    waitedNanos += nanos;
  }

  /// How long the next bytes may be waited for. What frames the lines gives no time: it can go on
  /// without one.
  long leftNanos() {
    return (between
            ? limits.idle().toNanos()
            : limits.bodyTime().toNanos() + limits.nanosFor(bytes))
        - waitedNanos;
  }
}
