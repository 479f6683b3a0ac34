package dev.sluice.app;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a benchmark measured; its fields are those of `--json`.
///
/// Threading: immutable.
///
/// @param heapBytesPerJob heap of one waiting job, payload included
/// @param diskBytesPerJob growth of the engine's files for one waiting job; 0 without files
/// @param raw what the same machine does in the same run without Sluice; null for engines elsewhere
record BenchResult(
    String engine,
    int jobs,
    int payload,
    int producers,
    int batch,
    long enqueuePerSecond,
    long runPerSecond,
    long bothPerSecond,
    Percentiles admissionMillis,
    Percentiles startMillis,
    long heapBytesPerJob,
    long diskBytesPerJob,
    @Nullable Raw raw) {

  /// Two points of a distribution, in milliseconds.
  record Percentiles(double p50, double p99) {
    static Percentiles ofNanos(long[] nanos) {
      long[] sorted = nanos.clone();
      Arrays.sort(sorted);
      return new Percentiles(millis(sorted, 0.50), millis(sorted, 0.99));
    }

    private static double millis(long[] sorted, double share) {
      int index = (int) Math.min(sorted.length - 1L, (long) Math.ceil(share * sorted.length) - 1);
      return Math.round(sorted[Math.max(0, index)] / 1e3) / 1e3;
    }
  }

  /// The limit that the machine sets, and the part of it that Sluice reaches.
  ///
  /// @param what what was done, and which figure of Sluice it is compared with
  record Raw(String what, long perSecond, double ratio) {}

  /// For people.
  String text() {
    return """
    engine %s, %,d jobs of %,d bytes, %,d producers, %,d in a call
      enqueue          %,12d /s
      run              %,12d /s
      both at once     %,12d /s
      admission        p50 %.3f ms, p99 %.3f ms at 1,000 jobs/s
      enqueue to start p50 %.3f ms, p99 %.3f ms
      heap             %,12d bytes for a waiting job
    %s%s\
    """
        .formatted(
            engine,
            jobs,
            payload,
            producers,
            batch,
            enqueuePerSecond,
            runPerSecond,
            bothPerSecond,
            admissionMillis.p50(),
            admissionMillis.p99(),
            startMillis.p50(),
            startMillis.p99(),
            heapBytesPerJob,
            diskText(),
            rawText());
  }

  private String diskText() {
    return diskBytesPerJob == 0
        ? ""
        : "  disk             %,12d bytes for a waiting job\n".formatted(diskBytesPerJob);
  }

  private String rawText() {
    Raw limit = raw;
    return limit == null
        ? ""
        : """
          raw limit        %,12d /s: %s
          ratio            %12.2f
        """
            .formatted(limit.perSecond(), limit.what(), limit.ratio());
  }
}
