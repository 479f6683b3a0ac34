package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.engine.Environment;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
final class EventsTest {
  private final Map<String, Caller> callers =
      new ConcurrentHashMap<>(
          Map.of(
              "all", ListedCallers.everywhere(Scope.ADMIN),
              "one", ListedCallers.caller(Set.of("one"), Scope.READ)));

  /// By how much the server's clock is ahead.
  private final AtomicLong ahead = new AtomicLong();

  private final HttpProbe probe =
      HttpProbe.start(
          ServerConfig.defaults(),
          new ListedCallers(callers),
          builder ->
              builder
                  .queue("one", QueuePolicy.defaults(), Delivery.to((_, _) -> Outcome.done()))
                  .queue("two", QueuePolicy.defaults(), Delivery.to((_, _) -> Outcome.bury("why"))),
          new Environment(
              new AheadClock(ahead),
              Environment.system().random(),
              Environment.system().threads()));

  private record AheadClock(AtomicLong nanos) implements Environment.Clock {
    @Override
    public long wallMillis() {
      return System.currentTimeMillis();
    }

    @Override
    public long monotonicNanos() {
      return System.nanoTime() + nanos.get();
    }
  }

  @AfterEach
  void stop() {
    probe.close();
  }

  private void enqueue(String queue) {
    probe.sluice().enqueue(new JobType<>("t", Codec.bytes(), queue), new byte[] {'1'});
  }

  private Events open(String query, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(probe.uri("/v1/events" + query));
    request.headers(headers);
    HttpResponse<Stream<String>> response =
        probe.client().send(request.build(), HttpResponse.BodyHandlers.ofLines());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
    Events events = new Events(response.body());
    events.first = events.block();
    return events;
  }

  /// One stream, event by event.
  private static final class Events implements AutoCloseable {
    private final Stream<String> lines;
    private final Iterator<String> rest;
    private List<String> first = List.of();

    Events(Stream<String> lines) {
      this.lines = lines;
      this.rest = lines.iterator();
    }

    List<String> block() {
      List<String> block = new ArrayList<>();
      while (rest.hasNext()) {
        String line = rest.next();
        if (line.isEmpty()) {
          return block;
        }
        block.add(line);
      }
      return block;
    }

    @Override
    public void close() {
      lines.close();
    }
  }

  @Test
  void eventsAreToldWithoutPayload() throws Exception {
    try (Events events = open("", "Authorization", "Bearer all")) {
      assertThat(events.first).containsExactly(":");
      enqueue("two");
      assertThat(events.block()).contains("event: started");
      List<String> died = events.block();
      assertThat(died).contains("event: died");
      assertThat(died.getLast())
          .contains("\"queue\":\"two\"", "\"reason\":\"BURIED\"", "\"error\":\"why\"")
          .doesNotContain("payload");
    }
  }

  @Test
  void errorsAreForThoseWhoMaySeePayloads() throws Exception {
    callers.put("meta", ListedCallers.everywhere(Scope.READ));
    try (Events events = open("?type=died", "Authorization", "Bearer meta")) {
      enqueue("two");
      assertThat(events.block().getLast())
          .contains("\"reason\":\"BURIED\"")
          .doesNotContain("why", "\"error\"");
    }
    callers.put("meta", ListedCallers.everywhere(Scope.READ, Scope.READ_PAYLOAD));
    try (Events events = open("?type=died", "Authorization", "Bearer meta")) {
      enqueue("two");
      assertThat(events.block().getLast()).contains("\"error\":\"why\"");
    }
  }

  @Test
  void filtersHold() throws Exception {
    try (Events events = open("?queue=two&type=died,cancelled", "Authorization", "Bearer all")) {
      enqueue("one");
      enqueue("two");
      assertThat(events.block()).contains("event: died");
    }
  }

  @Test
  void eventsOfOtherQueuesAreNotTold() throws Exception {
    try (Events events = open("?type=died,succeeded", "Authorization", "Bearer one")) {
      enqueue("two");
      enqueue("one");
      assertThat(events.block()).contains("event: succeeded");
    }
    assertThat(probe.get("/v1/events?queue=two", "Authorization", "Bearer one").status())
        .isEqualTo(403);
  }

  @Test
  void whatWasMissedIsToldAgain() throws Exception {
    String id;
    try (Events events = open("?type=died", "Authorization", "Bearer all")) {
      enqueue("two");
      id = events.block().getFirst().substring("id: ".length());
      enqueue("two");
      events.block();
    }
    try (Events again = open("?type=died", "Authorization", "Bearer all", "Last-Event-ID", id)) {
      List<String> missed = again.block();
      assertThat(missed).contains("event: died");
      assertThat(missed.getFirst()).isNotEqualTo("id: " + id);
    }
    try (Events unknown = open("", "Authorization", "Bearer all", "Last-Event-ID", "other-7")) {
      assertThat(unknown.first).contains("event: gap");
    }
  }

  @Test
  void streamsEndWithTheServer() throws Exception {
    try (Events events = open("", "Authorization", "Bearer all")) {
      probe.server().close();
      assertThat(events.block()).isEmpty();
    }
    assertThat(probe.server().live().events().readers()).isZero();
  }

  @Test
  void aStreamEndsWithItsToken() throws Exception {
    try (Events events = open("", "Authorization", "Bearer all")) {
      callers.remove("all");
      assertThat(events.block()).isEmpty();
    }
    assertThat(probe.get("/v1/events", "Authorization", "Bearer all").status()).isEqualTo(401);
  }

  @Test
  void thereIsAHeartbeatAlsoAmongEventsOfOthers() throws Exception {
    try (Events events = open("?queue=one", "Authorization", "Bearer all")) {
      ahead.addAndGet(Duration.ofSeconds(16).toNanos());
      CompletableFuture<List<String>> heard = CompletableFuture.supplyAsync(events::block);
      while (!heard.isDone()) {
        enqueue("two");
      }
      assertThat(heard.join()).containsExactly(":");
    }
  }

  @Test
  void badTypesAreNamed() {
    assertThat(probe.get("/v1/events?type=x", "Authorization", "Bearer all").status())
        .isEqualTo(422);
    assertThat(probe.get("/v1/events").status()).isEqualTo(401);
  }

  @Test
  void readersAreBounded() throws Exception {
    List<Events> all = new ArrayList<>();
    try {
      for (int i = 0; i < JobEvents.MOST; i++) {
        all.add(open("", "Authorization", "Bearer all"));
      }
      assertThat(probe.get("/v1/events", "Authorization", "Bearer all").status()).isEqualTo(503);
    } finally {
      all.forEach(Events::close);
    }
  }

  @Test
  void whoeverFallsBehindIsCutOff() throws Exception {
    JobEvents events = probe.server().live().events();
    HttpRequest request =
        HttpRequest.newBuilder(probe.uri("/v1/events"))
            .header("Authorization", "Bearer all")
            .build();
    try (InputStream unread =
        probe.client().send(request, HttpResponse.BodyHandlers.ofInputStream()).body()) {
      assertThat(unread.read()).isEqualTo(':');
      var job =
          new dev.sluice.job.Job(
              new dev.sluice.job.JobId(1, 1),
              "one",
              "t",
              new byte[0],
              dev.sluice.job.Priority.NORMAL,
              0,
              dev.sluice.job.JobOptions.NONE);
      String long1 = "x".repeat(1000);
      // Far more than all buffers between here and there hold.
      while (events.readers() > 0) {
        events.on(
            new dev.sluice.JobEvent.Died(job, 1, dev.sluice.job.DeathReason.BURIED, long1, 0));
      }
      assertThat(drained(unread)).isPositive();
    }
  }

  private static long drained(InputStream in) {
    try {
      return in.readAllBytes().length;
    } catch (IOException cut) {
      return 1;
    }
  }
}
