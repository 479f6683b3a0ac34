package dev.sluice.app.remote;

import java.util.Locale;

/// How far a stream of jobs is, for people at a terminal.
///
/// Threading: confined to one thread.
final class Meter implements AutoCloseable {
  private static final int WIDTH = 20;
  private static final long STEP_NANOS = 100_000_000;

  private final Output output;
  private final boolean shown;
  private final long size;
  private final long began = System.nanoTime();
  private long last;
  private boolean dirty;

  /// @param size bytes of the whole stream; 0 when nobody knows
  Meter(Output output, boolean shown, long size) {
    this.output = output;
    this.shown = shown;
    this.size = size;
  }

  double seconds() {
    return Math.max(1e-3, (System.nanoTime() - began) / 1e9);
  }

  /// @param bytes of the stream that were read
  /// @param doing what goes on beside, such as a wait; empty for nothing
  void show(Tally tally, long bytes, String doing) {
    long now = System.nanoTime();
    if (!shown || (dirty && doing.isEmpty() && now - last < STEP_NANOS)) {
      return;
    }
    last = now;
    dirty = true;
    String bar = "";
    if (size > 0) {
      int full = (int) (WIDTH * Math.min(bytes, size) / size);
      bar = "[" + "#".repeat(full) + " ".repeat(WIDTH - full) + "] ";
    }
    output.raw(
        "\r\u001b[K"
            + bar
            + String.format(
                Locale.ROOT,
                "%,d jobs, %s/s: %,d accepted, %,d duplicate, %,d refused%s",
                tally.answered(),
                Numbers.rate(tally.answered() / seconds()),
                tally.accepted,
                tally.duplicate,
                tally.refused,
                doing),
        true);
  }

  /// Takes the bar away, such that another line can be printed.
  void clear() {
    if (dirty) {
      output.raw("\r\u001b[K", true);
      dirty = false;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
