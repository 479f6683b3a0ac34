package dev.sluice.server;

import dev.sluice.engine.Environment;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What happens to jobs, live, as server-sent events.
///
/// Threading: thread-safe; each stream holds its request's thread.
final class EventRoutes {
  private static final Header EVENT_STREAM =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "text/event-stream");
  private static final Header NO_STORE =
      HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");
  private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");

  private static final long HEARTBEAT_NANOS = 15_000_000_000L;

  /// How often it is asked whether the reader still may.
  private static final long AGAIN_NANOS = 1_000_000_000L;

  private static final byte[] HEARTBEAT = utf8(":\n\n");
  private static final byte[] GAP = utf8("event: gap\ndata: {}\n\n");

  private final JobEvents events;
  private final Gate gate;
  private final Environment.Clock clock;

  EventRoutes(JobEvents events, Gate gate, Environment.Clock clock) {
    this.events = events;
    this.gate = gate;
    this.clock = clock;
  }

  List<Route> routes() {
    return List.of(Route.get("/v1/events", Scope.READ, Set.of("queue", "type"), this::stream));
  }

  /// What one reader wants.
  private record Wanted(Caller caller, Optional<String> queue, Set<EventType> types) {
    boolean holds(EventLine line) {
      return types.contains(line.type())
          && queue.map(line.queue()::equals).orElse(true)
          && caller.mayUse(line.queue());
    }

    Wanted by(Caller again) {
      return new Wanted(again, queue, types);
    }
  }

  private void stream(Call call) throws IOException {
    Optional<String> queue = call.query("queue").map(call::permitted);
    Set<EventType> types =
        call.query("type", EventRoutes::types).orElse(EnumSet.allOf(EventType.class));
    Wanted wanted = new Wanted(call.caller(), queue, types);
    if (call.isHead()) {
      // Events that nobody is told are not waited for.
      head(call);
      call.send(new byte[0]);
      return;
    }
    try (JobEvents.Reader reader = reader(call)) {
      head(call);
      OutputStream out = call.response().outputStream();
      tell(call, reader, wanted, out);
      out.close();
    } finally {
      // An interrupt was meant for the stream, and not for what the thread does next.
      var _ = Thread.interrupted();
    }
  }

  private static void head(Call call) {
    call.response().status(Status.OK_200).header(EVENT_STREAM).header(NO_STORE);
    call.begin();
  }

  private JobEvents.Reader reader(Call call) {
    JobEvents.Reader reader = events.reader(call.header(LAST_EVENT_ID).orElse(null));
    if (reader == null) {
      throw Problem.of(
              Status.SERVICE_UNAVAILABLE_503,
              "too-many-readers",
              "too many watch already, or the server stops")
          .later()
          .exception();
    }
    return reader;
  }

  private static Set<EventType> types(String text) {
    Set<EventType> types = EnumSet.noneOf(EventType.class);
    for (String one : text.split(",", -1)) {
      types.add(EventType.of(one.strip()));
    }
    return types;
  }

  private void tell(Call call, JobEvents.Reader reader, Wanted wanted, OutputStream out)
      throws IOException {
    // At once, so that the client knows that it is connected.
    out.write(reader.hasGap() ? GAP : HEARTBEAT);
    out.flush();
    long wroteAt = clock.monotonicNanos();
    long askedAt = wroteAt;
    long flushedAt = wroteAt;
    boolean held = false;
    Wanted still = wanted;
    try {
      while (true) {
        EventLine line = reader.next(AGAIN_NANOS);
        long now = clock.monotonicNanos();
        if (now - askedAt >= AGAIN_NANOS) {
          still = still.by(gate.again(call.request(), Scope.READ));
          askedAt = now;
        }
        if (line != null && still.holds(line)) {
          out.write(event(call, reader.id(), line, still.caller));
          wroteAt = now;
          held = true;
        } else if (now - wroteAt >= HEARTBEAT_NANOS) {
          // Also among events of others: whoever sees nothing must still be seen to have gone.
          out.write(HEARTBEAT);
          wroteAt = now;
          held = true;
        }
        if (held && (!reader.hasMore() || now - flushedAt >= AGAIN_NANOS)) {
          out.flush();
          flushedAt = now;
          held = false;
        }
      }
    } catch (ProblemException refused) {
      // The stream ends, and the client that comes back is told why it may not.
      call.refused(refused.problem());
    } catch (JobEvents.Ended | InterruptedException _) {
      // Too slow, or the server stops: the client comes back with the last id.
    }
  }

  private static byte[] event(Call call, String id, EventLine line, Caller caller) {
    return utf8(
        "id: "
            + id
            + "\nevent: "
            + line.type().text()
            + "\ndata: "
            + call.mapper().writeValueAsString(line.json(caller.may(Scope.READ_PAYLOAD)))
            + "\n\n");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
