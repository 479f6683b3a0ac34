package dev.sluice.server;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What one client, or all of them, may ask of the HTTP server before they are cut off.
///
/// Threading: immutable.
///
/// @param maxConnections most connections at once, 1 to 100,000; whoever comes later waits in the
///   operating system's queue; default 10,000
/// @param maxConnectionsPerAddress most connections of one client address, 1 to 100,000; this
///   machine's own addresses are not counted, and nobody's are behind a proxy; default 256
/// @param maxRequestLine longest request line in bytes, 1 KiB to 64 KiB, beyond it is 414; default
///   8 KiB
/// @param maxHeaders most bytes of headers, 1 KiB to 256 KiB, beyond it is 431; default 16 KiB
/// @param idle a connection without a request is closed after this time, and so is one on which no
///   next line of a bulk begins, 100 ms to 1 h; default 30 s
/// @param headerTime longest time from the first byte of a request to the end of its headers, 100
///   ms to 5 min; default 5 s
/// @param bodyTime longest time that the server waits for the bytes of a body, or of each line of a
///   bulk, beside what `minRate` allows for its size, 100 ms to 1 h; default 30 s
/// @param writeTime longest time that a client may take no byte of an answer, beside what `minRate`
///   allows for its size, 100 ms to 1 h; default 10 s
/// @param minRate slowest good client in bytes per second, 1 to 1 MiB; default 1 KiB
public record HttpLimits(
    int maxConnections,
    int maxConnectionsPerAddress,
    int maxRequestLine,
    int maxHeaders,
    Duration idle,
    Duration headerTime,
    Duration bodyTime,
    Duration writeTime,
    int minRate) {
  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final HttpLimits DEFAULTS =
      new HttpLimits(
          10_000,
          256,
          8 << 10,
          16 << 10,
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          1 << 10);

  public HttpLimits {
    require("max-connections", maxConnections, 1, 100_000);
    require("max-connections-per-address", maxConnectionsPerAddress, 1, 100_000);
    require("max-request-line", maxRequestLine, 1 << 10, 64 << 10);
    require("max-headers", maxHeaders, 1 << 10, 256 << 10);
    require("idle", idle, HOUR);
    require("header-time", headerTime, FIVE_MINUTES);
    require("body-time", bodyTime, HOUR);
    require("write-time", writeTime, HOUR);
    require("min-rate", minRate, 1, 1 << 20);
  }

  /// How long the slowest good client takes for so many bytes.
  long nanosFor(long bytes) {
    return bytes * (1_000_000_000L / minRate);
  }

  static void require(String field, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          field + ": " + value + " must be between " + least + " and " + most);
    }
  }

  private static void require(String field, Duration value, Duration most) {
    if (value.compareTo(SHORTEST) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          field
              + ": "
              + Durations.text(value)
              + " must be between "
              + Durations.text(SHORTEST)
              + " and "
              + Durations.text(most));
    }
  }

  public static HttpLimits defaults() {
    return DEFAULTS;
  }

  /// Reads the limits of an object of a configuration; what is not there has its default.
  ///
  /// @throws BadField when there is something else
  static HttpLimits read(Fields fields) {
    HttpLimits limits =
        new HttpLimits(
            count(fields, "maxConnections").orElse(DEFAULTS.maxConnections),
            count(fields, "maxConnectionsPerAddress").orElse(DEFAULTS.maxConnectionsPerAddress),
            bytes(fields, "maxRequestLine", 1 << 10, 64 << 10).orElse(DEFAULTS.maxRequestLine),
            bytes(fields, "maxHeaders", 1 << 10, 256 << 10).orElse(DEFAULTS.maxHeaders),
            fields.duration("idle", SHORTEST, HOUR).orElse(DEFAULTS.idle),
            fields.duration("headerTime", SHORTEST, FIVE_MINUTES).orElse(DEFAULTS.headerTime),
            fields.duration("bodyTime", SHORTEST, HOUR).orElse(DEFAULTS.bodyTime),
            fields.duration("writeTime", SHORTEST, HOUR).orElse(DEFAULTS.writeTime),
            bytes(fields, "minRate", 1, 1 << 20).orElse(DEFAULTS.minRate));
    fields.done();
    return limits;
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("maxConnections", maxConnections);
    json.put("maxConnectionsPerAddress", maxConnectionsPerAddress);
    json.put("maxRequestLine", ByteSizes.text(maxRequestLine));
    json.put("maxHeaders", ByteSizes.text(maxHeaders));
    json.put("idle", Durations.text(idle));
    json.put("headerTime", Durations.text(headerTime));
    json.put("bodyTime", Durations.text(bodyTime));
    json.put("writeTime", Durations.text(writeTime));
    json.put("minRate", ByteSizes.text(minRate));
    return json;
  }

  private static Optional<Integer> count(Fields fields, String name) {
    return fields.whole(name, 1, 100_000).map(Math::toIntExact);
  }

  private static Optional<Integer> bytes(Fields fields, String name, int least, int most) {
    return fields.bytes(name, least, most).map(Math::toIntExact);
  }
}
