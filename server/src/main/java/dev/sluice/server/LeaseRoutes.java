package dev.sluice.server;

import dev.sluice.Outcome;
import dev.sluice.Sluice;
import dev.sluice.Workers;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settled;
import dev.sluice.job.Job;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The door for workers in any language: they lease jobs, extend the leases while they work, and
/// tell how it ended. Each word about a lease has a form for one and a form for many, whose answer
/// holds one result for each, in order.
///
/// Threading: thread-safe.
final class LeaseRoutes {
  private static final int MOST_BODY = 8 << 20;
  private static final Duration LONGEST_PAUSE = Duration.ofDays(3650);

  /// The look at the queue is somebody else's turn; without a wait there would be none.
  private static final Duration LEAST_WAIT = Duration.ofMillis(100);

  private final QueueBook book;
  private final Sluice sluice;
  private final Environment.Clock clock;
  private final JsonMapper mapper;
  private final LeaseWaits waits;
  private final LeaseTokens tokens = new LeaseTokens();

  /// What somebody asks of one lease.
  ///
  /// @param held empty when the token is not of this process
  private record Word<T>(Optional<LeaseTokens.Held> held, T what) {}

  /// @param by empty for the queue's own
  private record Extend(
      Optional<Duration> by, Optional<Double> progress, Optional<String> message) {}

  LeaseRoutes(
      QueueBook book, Sluice sluice, Environment.Clock clock, JsonMapper mapper, LeaseWaits waits) {
    this.book = book;
    this.sluice = sluice;
    this.clock = clock;
    this.mapper = mapper;
    this.waits = waits;
  }

  List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    routes.add(Route.post("/v1/queues/{queue}/jobs:lease", Scope.WORK, this::lease));
    routes.add(Route.post("/v1/leases/{token}:extend", Scope.WORK, this::extendOne));
    routes.add(Route.post("/v1/leases:extend", Scope.WORK, this::extendMany));
    Map<String, Function<Fields, Optional<Outcome>>> endings = new LinkedHashMap<>();
    endings.put("complete", _ -> Optional.of(Outcome.done()));
    endings.put("fail", fields -> Optional.of(failure(fields)));
    endings.put("release", _ -> Optional.empty());
    endings.put("snooze", fields -> Optional.of(snooze(fields)));
    endings.forEach((name, reader) -> {
      routes.add(
          Route.post("/v1/leases/{token}:" + name, Scope.WORK, call -> settleOne(call, reader)));
      routes.add(Route.post("/v1/leases:" + name, Scope.WORK, call -> settleMany(call, reader)));
    });
    return routes;
  }

  private void lease(Call call) throws IOException {
    String queue = call.queue();
    Fields fields = call.fields(MOST_BODY);
    int max = (int) (long) fields.whole("max", 1, Workers.MAX_JOBS).orElse(1L);
    Optional<Duration> own = fields.duration("lease", Workers.MIN_LEASE, Workers.MAX_LEASE);
    Duration asked = fields.duration("wait", Duration.ZERO, Workers.MAX_WAIT).orElse(Duration.ZERO);
    fields.done();
    // Only now: what asks for no jobs makes no queue.
    QueueBook.Entry entry = Asked.of(() -> book.requireOrCreate(queue));
    if (entry.effective().webhook().isPresent()) {
      throw Problem.of(
              Status.CONFLICT_409,
              "not-pulled",
              "the queue '" + queue + "' delivers its jobs to a webhook; no worker can lease them")
          .exception();
    }
    Duration lease = own.orElse(entry.effective().policy().lease());
    Duration wait = asked.compareTo(LEAST_WAIT) < 0 ? LEAST_WAIT : asked;
    List<Workers.Leased> jobs =
        waits.during(call, () -> Asked.of(() -> sluice.workers().lease(queue, max, lease, wait)));
    boolean told = false;
    try {
      // A first write to a connection that the client has closed goes well.
      if (call.isClientGone()) {
        throw new CloseConnectionException("the client went while it waited for jobs");
      }
      call.send(Status.OK_200, Map.of("jobs", jobs.stream().map(this::json).toList()));
      told = true;
    } finally {
      if (!told) {
        giveBack(jobs);
      }
    }
  }

  /// Nobody knows of these leases, so nobody would work on them until they end.
  private void giveBack(List<Workers.Leased> jobs) {
    sluice.workers().settle(jobs.stream().map(job -> Workers.Report.release(job.lease())).toList());
  }

  private Map<String, Object> json(Workers.Leased leased) {
    Job job = leased.job();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", job.id().toString());
    json.put("queue", job.queue());
    json.put("type", job.type());
    Payloads.put(job, mapper, json);
    json.put("attempt", leased.attempt());
    json.put("epoch", leased.lease().epoch());
    json.put("headers", job.options().headers());
    Map<String, Object> lease = new LinkedHashMap<>();
    lease.put("token", tokens.token(leased.lease(), job.queue()));
    lease.put("expiresAt", leased.expiresAt().toString());
    json.put("lease", lease);
    return json;
  }

  private <T> Word<T> one(Call call, Function<Fields, T> reader) throws IOException {
    Fields fields = call.fields(MOST_BODY);
    T what = reader.apply(fields);
    fields.done();
    return new Word<>(held(call, call.part("token")), what);
  }

  private <T> List<Word<T>> many(Call call, Function<Fields, T> reader) throws IOException {
    Fields fields = call.fields(MOST_BODY);
    List<Word<T>> words =
        fields
            .list("leases", (node, at) -> word(call, node, at, reader))
            .orElseThrow(() -> new BadField("/leases", "must be given"));
    fields.done();
    if (words.size() > Workers.MAX_JOBS) {
      throw new BadField("/leases", "must be at most " + Workers.MAX_JOBS);
    }
    return words;
  }

  private <T> Word<T> word(Call call, JsonNode node, String at, Function<Fields, T> reader) {
    Fields fields = new Fields(node, at);
    String token =
        fields.text("token").orElseThrow(() -> new BadField(at + "/token", "must be given"));
    T what = reader.apply(fields);
    fields.done();
    return new Word<>(held(call, token), what);
  }

  /// The lease of a token, if the caller may use its queue.
  private Optional<LeaseTokens.Held> held(Call call, String token) {
    Optional<LeaseTokens.Held> held = tokens.open(token);
    held.ifPresent(it -> call.permitted(it.queue()));
    return held;
  }

  private void extendOne(Call call) throws IOException {
    Word<Extend> word = one(call, LeaseRoutes::extend);
    call.send(Status.OK_200, extend(List.of(word)).getFirst().orElseThrow(LeaseRoutes::lost));
  }

  private void extendMany(Call call) throws IOException {
    List<Object> results = new ArrayList<>();
    for (Optional<Map<String, Object>> answer : extend(many(call, LeaseRoutes::extend))) {
      results.add(answer.map(it -> result(Status.OK_200, it)).orElseGet(LeaseRoutes::lostResult));
    }
    call.send(Status.OK_200, Map.of("results", results));
  }

  private static Extend extend(Fields fields) {
    Extend extend =
        new Extend(
            fields.duration("lease", Workers.MIN_LEASE, Workers.MAX_LEASE),
            fields.number("progress", 0, 1),
            fields.text("message"));
    if (extend.message.isPresent() && extend.progress.isEmpty()) {
      throw new BadField(fields.at("message"), "needs a progress beside it");
    }
    return extend;
  }

  /// One answer for each word, in order; empty for a lease that is lost.
  private List<Optional<Map<String, Object>>> extend(List<Word<Extend>> words) {
    Map<Duration, Set<Lease>> byLength = new LinkedHashMap<>();
    for (Word<Extend> word : words) {
      word.held.ifPresent(held -> {
        word.what.progress.ifPresent(fraction ->
            sluice.workers().progress(held.lease(), fraction, word.what.message.orElse("")));
        byLength
            .computeIfAbsent(length(held, word.what), _ -> new LinkedHashSet<>())
            .add(held.lease());
      });
    }
    // Before the engine is asked: a lease may end later than its worker was told, and not earlier.
    long now = clock.wallMillis();
    Map<Duration, Map<Lease, Extension>> answers = new LinkedHashMap<>();
    byLength.forEach((by, leases) -> answers.put(by, extend(List.copyOf(leases), by)));
    Map<String, Boolean> quiet =
        words.stream()
            .flatMap(word -> word.held.stream())
            .map(LeaseTokens.Held::queue)
            .distinct()
            .collect(Collectors.toMap(Function.identity(), this::isQuiet));
    return words.stream()
        .map(word ->
            word.held.flatMap(held -> {
              Duration by = length(held, word.what);
              Extension answer =
                  answers
                      .getOrDefault(by, Map.of())
                      .getOrDefault(held.lease(), Extension.LEASE_LOST);
              boolean hush = quiet.getOrDefault(held.queue(), false);
              return extended(answer, Instant.ofEpochMilli(now + by.toMillis()), hush);
            }))
        .toList();
  }

  private Duration length(LeaseTokens.Held held, Extend wanted) {
    return wanted
        .by
        .or(() -> book.find(held.queue()).map(entry -> entry.effective().policy().lease()))
        .orElse(Duration.ofSeconds(30));
  }

  private Map<Lease, Extension> extend(List<Lease> leases, Duration by) {
    List<Extension> extended = Asked.of(() -> sluice.workers().extend(leases, by));
    Map<Lease, Extension> answers = new LinkedHashMap<>();
    for (int i = 0; i < leases.size(); i++) {
      answers.put(leases.get(i), extended.get(i));
    }
    return answers;
  }

  /// Whether a worker of the queue should take no more jobs.
  private boolean isQuiet(String queue) {
    return waits.isStopping() || book.find(queue).isEmpty() || sluice.workers().isPaused(queue);
  }

  private static Optional<Map<String, Object>> extended(
      Extension answer, Instant expiresAt, boolean quiet) {
    if (answer == Extension.LEASE_LOST) {
      return Optional.empty();
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("expiresAt", expiresAt.toString());
    json.put("cancelRequested", answer == Extension.CANCEL_REQUESTED);
    json.put("quiet", quiet);
    return Optional.of(json);
  }

  private static Outcome failure(Fields fields) {
    String error = fields.text("error").orElse("the worker gave no reason");
    Optional<Duration> retryAfter = fields.duration("retryAfter", Duration.ZERO, LONGEST_PAUSE);
    boolean bury = fields.flag("bury").orElse(false);
    if (bury && retryAfter.isPresent()) {
      throw new BadField(fields.at("retryAfter"), "cannot be combined with bury");
    }
    return bury ? Outcome.bury(error) : new Outcome.Retry(retryAfter, error);
  }

  private static Outcome snooze(Fields fields) {
    return Outcome.snooze(
        fields
            .duration("pause", Duration.ZERO, LONGEST_PAUSE)
            .orElseThrow(() -> new BadField(fields.at("pause"), "must be given")));
  }

  private void settleOne(Call call, Function<Fields, Optional<Outcome>> reader) throws IOException {
    if (settle(List.of(one(call, reader))).getFirst() == Settled.LEASE_LOST) {
      throw lost();
    }
    call.noContent();
  }

  private void settleMany(Call call, Function<Fields, Optional<Outcome>> reader)
      throws IOException {
    List<Map<String, Object>> results = new ArrayList<>();
    for (Settled settled : settle(many(call, reader))) {
      results.add(
          switch (settled) {
            case APPLIED -> result(Status.NO_CONTENT_204, Map.of());
            case LEASE_LOST -> lostResult();
          });
    }
    call.send(Status.OK_200, Map.of("results", results));
  }

  private List<Settled> settle(List<Word<Optional<Outcome>>> words) {
    List<Workers.Report> reports = new ArrayList<>();
    for (Word<Optional<Outcome>> word : words) {
      word.held.ifPresent(held -> reports.add(new Workers.Report(held.lease(), word.what)));
    }
    var told = sluice.workers().settle(reports).iterator();
    return words.stream()
        .map(word -> word.held.isPresent() ? told.next() : Settled.LEASE_LOST)
        .toList();
  }

  private static Map<String, Object> result(Status status, Map<String, Object> more) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("status", status.code());
    json.putAll(more);
    return json;
  }

  private static Map<String, Object> lostResult() {
    return result(Status.CONFLICT_409, Map.of("reason", "lease-lost"));
  }

  private static ProblemException lost() {
    return Problem.of(
            Status.CONFLICT_409,
            "lease-lost",
            "the lease is not valid any more: it ended, was settled, or the server was restarted;"
                + " stop this work")
        .exception();
  }
}
