package dev.sluice.app.remote;

import dev.sluice.app.remote.EventStream.Event;
import dev.sluice.app.remote.Ink.Tone;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// `sluice tail`: what happens to jobs, while it happens.
///
/// Threading: confined to the main thread.
@Command(
    name = "tail",
    description = "Prints what happens to jobs while it happens, until Ctrl-C.",
    mixinStandardHelpOptions = true)
final class TailCommand implements Callable<Integer> {
  private static final Set<String> SHOWN = Set.of("type", "id", "queue");

  /// The server says something every 15 s at least.
  private static final Duration SILENCE = Duration.ofSeconds(45);

  private static final int NAME = 10;
  private static final int QUEUE = 12;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Option(names = "--queue", paramLabel = "QUEUE", description = "Only jobs of this queue.")
  private @Nullable String queue;

  @Option(
      names = "--type",
      paramLabel = "TYPES",
      description = "Only these kinds of event, such as died,retrying.")
  private @Nullable String types;

  @Option(names = "--limit", paramLabel = "N", description = "Ends after so many events.")
  private long limit = Long.MAX_VALUE;

  private long seen;

  @Override
  public Integer call() throws InterruptedException {
    if (limit < 1) {
      throw server.bad("limit: " + limit + " must be at least 1");
    }
    Output output = server.output();
    Outage outage = new Outage(output);
    EventStream events = new EventStream();
    Map<String, String> filter = new LinkedHashMap<>();
    if (queue != null) {
      filter.put("queue", queue);
    }
    if (types != null) {
      filter.put("type", types);
    }
    String path = Remote.query("/v1/events", filter);
    try (Remote remote = server.remote()) {
      while (!once(remote, path, events, outage, output)) {
        new Pause().await(Pause.backoff(Math.max(1, outage.failures())));
      }
    }
    return 0;
  }

  /// Reads one connection's events.
  ///
  /// @return whether there were enough
  private boolean once(Remote remote, String path, EventStream events, Outage outage, Output output)
      throws InterruptedException {
    Map<String, String> headers = new HashMap<>();
    headers.put("Accept", "text/event-stream");
    if (!events.lastId().isEmpty()) {
      headers.put("Last-Event-ID", events.lastId());
    }
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                remote.stream(path, "GET", BodyPublishers.noBody(), headers, SILENCE),
                StandardCharsets.UTF_8))) {
      boolean ended =
          events.read(
              lines,
              event -> {
                outage.over();
                print(event, output);
                return ++seen < limit && !output.isGone();
              });
      if (!ended) {
        return true;
      }
      outage.began(RemoteFailure.broken("the server " + remote.address() + " hung up", null));
    } catch (RemoteFailure failure) {
      if (!failure.mayPass()) {
        throw failure;
      }
      outage.began(failure);
    } catch (IOException failure) {
      outage.began(remote.broken(failure));
    }
    return false;
  }

  private static JsonNode data(Event event) {
    try {
      return Json.read(event.data());
    } catch (JacksonException _) {
      return Json.object().put("text", event.data());
    }
  }

  private static void print(Event event, Output output) {
    JsonNode data = data(event);
    if (output.json()) {
      output.json(data);
      return;
    }
    Times times = Times.here();
    String name =
        event.name().equals("message") ? Json.text(data, "type").orElse("?") : event.name();
    String id = Json.text(data, "id").orElse("");
    String front =
        times.clock()
            + "  "
            + Columns.padded(Harmless.line(name), NAME)
            + "  "
            + Columns.padded(Harmless.line(Json.text(data, "queue").orElse("")), QUEUE)
            + "  "
            + Harmless.line(id)
            + "  "
            + Harmless.line(rest(data, times));
    String line = output.width() > 0 ? Columns.cut(front, output.width()) : front.stripTrailing();
    output.print(output.ink().paint(tone(name), line));
  }

  private static String rest(JsonNode data, Times times) {
    Map<String, String> rest = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member : data.properties()) {
      if (!SHOWN.contains(member.getKey()) && !member.getValue().isNull()) {
        rest.put(
            JobText.words(member.getKey()),
            member.getKey().equals("at")
                ? times.age(member.getValue().asString(""))
                : Json.text(data, member.getKey()).orElse(""));
      }
    }
    return String.join(
        ", ", rest.entrySet().stream().map(it -> it.getKey() + " " + it.getValue()).toList());
  }

  private static Tone tone(String name) {
    return switch (name) {
      case "succeeded" -> Tone.GOOD;
      case "died", "crashed", "lease-lost", "became-zombie" -> Tone.BAD;
      case "retrying", "snoozed", "parked" -> Tone.LATER;
      default -> Tone.PLAIN;
    };
  }
}
