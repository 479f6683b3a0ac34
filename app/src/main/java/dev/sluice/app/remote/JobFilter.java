package dev.sluice.app.remote;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Which jobs are meant.
///
/// Threading: confined to the main thread.
final class JobFilter {
  @Option(names = "--queue", paramLabel = "QUEUE", description = "Jobs of this queue.")
  private @Nullable String queue;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "scheduled, ready, running, succeeded, dead or cancelled.")
  private @Nullable String state;

  @Option(names = "--type", paramLabel = "TYPE", description = "Jobs of this type.")
  private @Nullable String type;

  @Option(names = "--key", paramLabel = "KEY", description = "The job of this key.")
  private @Nullable String key;

  @Option(names = "--q", paramLabel = "TEXT", description = "Jobs in which this text occurs.")
  private @Nullable String text;

  /// The filter's values by the server's names.
  Map<String, String> values() {
    Map<String, String> values = new LinkedHashMap<>();
    put(values, "queue", queue);
    put(values, "state", state == null ? null : state.toUpperCase(Locale.ROOT));
    put(values, "type", type);
    put(values, "key", key);
    put(values, "q", text);
    return values;
  }

  private static void put(Map<String, String> values, String name, @Nullable String value) {
    if (value != null) {
      values.put(name, value);
    }
  }
}
