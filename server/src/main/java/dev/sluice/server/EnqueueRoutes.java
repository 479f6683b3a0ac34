package dev.sluice.server;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.Outlook;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.Names;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Handing over jobs.
///
/// Threading: thread-safe.
final class EnqueueRoutes {
  /// What curl's `-d` calls whatever it sends, unless told otherwise: JSON, here.
  private static final String CURL = "application/x-www-form-urlencoded";

  /// What surrounds a payload in its JSON.
  static final int ENVELOPE = 64 << 10;

  private static final HeaderName IDEMPOTENCY_KEY = HeaderNames.create("Idempotency-Key");

  private final Sluice sluice;
  private final QueueBook queues;
  private final Environment.Clock clock;
  private final int maxPayload;
  private final BulkEnqueue bulk;

  /// Whether queues are made on the way.
  private final boolean creating;

  EnqueueRoutes(
      Sluice sluice,
      QueueBook queues,
      Gate gate,
      Environment environment,
      Complaints complaints,
      ServerConfig config) {
    this.sluice = sluice;
    this.queues = queues;
    this.clock = environment.clock();
    this.maxPayload = Math.min(config.maxPayload(), sluice.limits().payloadBytes());
    this.bulk = new BulkEnqueue(sluice, gate, environment, complaints, this.maxPayload);
    this.creating = config.queues().autoCreate().isPresent();
  }

  List<Route> routes() {
    return List.of(
        Route.post("/v1/queues/{queue}/jobs", Scope.ENQUEUE, RawJob.OPTIONS, this::enqueue));
  }

  private void enqueue(Call call) throws IOException {
    String queue = call.queue();
    if (!creating || !isName(queue)) {
      // Then there is no need to look at the job.
      queues.require(queue);
    }
    String contentType = call.header(HeaderNames.CONTENT_TYPE).orElse("");
    switch (bare(contentType)) {
      case "application/x-ndjson", "application/ndjson" -> {
        requireNoQuery(call);
        bulk.answer(call, queue, () -> Asked.of(() -> queues.requireOrCreate(queue)));
      }
      case "", "application/json", CURL -> one(call, queue, json(call));
      default -> one(call, queue, raw(call, contentType));
    }
  }

  private static boolean isName(String queue) {
    try {
      return Names.require("queue", queue).equals(queue);
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  private static String bare(String contentType) {
    int end = contentType.indexOf(';');
    return (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  /// What is said in the query of a body that says it itself would be lost.
  private static void requireNoQuery(Call call) {
    call.request().query().names().stream()
        .findFirst()
        .ifPresent(name -> {
          throw new BadField(
              "?" + Call.oneLine(name),
              "is for raw payloads; in JSON it stands beside the payload");
        });
  }

  private JobRequest json(Call call) throws IOException {
    requireNoQuery(call);
    byte[] body = call.body(maxPayload + ENVELOPE);
    JobRequest request = JobRequest.read(call.mapper(), body, 0, body.length);
    if (request.payload().length > maxPayload) {
      throw Call.tooLarge(maxPayload);
    }
    return keyed(call, request);
  }

  private JobRequest raw(Call call, String contentType) throws IOException {
    // First the options: what they get wrong need not be read for.
    JobRequest request = RawJob.read(call, contentType);
    return keyed(call, request.withPayload(call.body(maxPayload)));
  }

  private static JobRequest keyed(Call call, JobRequest request) {
    String key = call.header(IDEMPOTENCY_KEY).orElse(null);
    if (key == null) {
      return request;
    }
    Optional<String> other = request.options().key();
    if (other.isPresent() && !other.get().equals(key)) {
      throw new BadField("/key", "must be the same as the header Idempotency-Key, or absent");
    }
    return request.withOptions(Asked.of(() -> request.options().withKey(key)));
  }

  private void one(Call call, String queue, JobRequest wanted) {
    // Only now: what is no job makes no queue.
    var _ = Asked.of(() -> queues.requireOrCreate(queue));
    JobType<byte[]> type = new JobType<>(wanted.type(), Codec.bytes(), queue);
    switch (Asked.of(() -> sluice.enqueue(type, wanted.payload(), wanted.options()))) {
      case Admission.Accepted(var id) -> accepted(call, queue, id, wanted.options());
      case Admission.Duplicate(var id) -> duplicate(call, id, wanted);
      case Admission.Refused(var reason, var retryAfter) ->
          refused(call, queue, reason, retryAfter);
    }
  }

  private void accepted(Call call, String queue, JobId id, EnqueueOptions options) {
    String name = id.toString();
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("id", name);
    long now = clock.wallMillis();
    long dueAt = dueMillis(options, now);
    if (dueAt > now) {
      body.put("state", "SCHEDULED");
      body.put("eta", Instant.ofEpochMilli(dueAt).toString());
    } else {
      Outlook outlook = sluice.outlook(queue);
      body.put("state", "READY");
      // The job itself has been counted, unless it has started already.
      body.put("position", Math.max(1, outlook.ahead()));
      outlook
          .eta()
          .ifPresent(eta -> body.put("eta", Instant.ofEpochMilli(now + eta.toMillis()).toString()));
    }
    call.header(location(name));
    call.send(Status.ACCEPTED_202, body);
  }

  /// When the job may run; 0 for at once.
  static long dueMillis(EnqueueOptions options, long nowMillis) {
    if (options.delay().isPresent()) {
      return nowMillis + options.delay().get().toMillis();
    }
    return options.runAt().isPresent() ? options.runAt().get().toEpochMilli() : 0;
  }

  private static Header location(String id) {
    return HeaderValues.create(HeaderNames.LOCATION, "/v1/jobs/" + id);
  }

  /// The first job of the key, if it was the same job.
  private void duplicate(Call call, JobId id, JobRequest wanted) {
    if (!wanted.isSameAs(sluice, id)) {
      throw JobRequest.keyReused().with("id", id.toString()).exception();
    }
    call.header(location(id.toString()));
    call.send(Status.OK_200, Map.of("id", id.toString(), "duplicate", true));
  }

  private void refused(
      Call call, String queue, Admission.Reason reason, Optional<Duration> retryAfter) {
    Problem problem = Problem.of(Status.SERVICE_UNAVAILABLE_503, word(reason), reason.sentence());
    if (retryAfter.isPresent()) {
      call.header(HeaderValues.create(HeaderNames.RETRY_AFTER, retryAfter.get().toSeconds()));
      problem = problem.with(Problem.RETRY_AFTER, retryAfter.get().toMillis());
    }
    // What is known here, and not what the engine would have to be asked for: a refusal must be
    // cheap just when there are many.
    Outlook outlook = sluice.outlook(queue);
    call.send(
        problem
            .with("depth", outlook.waiting())
            .with("drainPerSecond", Math.round(outlook.drainPerSecond() * 1000) / 1000.0));
  }

  /// A reason as programs read it.
  static String word(Admission.Reason reason) {
    return switch (reason) {
      case CAPACITY_JOBS -> "capacity-jobs";
      case CAPACITY_BYTES -> "capacity-bytes";
      case PAUSED -> "paused";
      case NO_WORKER -> "no-worker";
      case STOPPING -> "stopping";
    };
  }
}
