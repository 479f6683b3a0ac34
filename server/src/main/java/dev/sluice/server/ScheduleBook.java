package dev.sluice.server;

import dev.sluice.JobType;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import io.helidon.http.Status;
import java.time.Instant;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/// The schedules of this server. They are kept by the engine and in force again after a restart.
/// Bounded by [#MOST].
///
/// Threading: thread-safe. Changes go one after the other under `changing`, which is held across
/// the engine's write on purpose: the engine must end up with the change that won here. Whoever
/// looks never takes it.
final class ScheduleBook {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server");
  private static final String PREFIX = "schedule/";

  /// Each costs a look of the keeper every second.
  private static final int MOST = 1000;

  private final Sluice sluice;
  private final QueueBook queues;
  private final Environment.Clock clock;
  private final JsonMapper mapper;
  private final int maxPayload;
  private final NavigableMap<String, ScheduleSpec> entries = new ConcurrentSkipListMap<>();

  /// What is kept and not in force, because it does not fit what is configured today. Only the
  /// start adds to it.
  private final NavigableMap<String, Idle> idle = new ConcurrentSkipListMap<>();

  private final ReentrantLock changing = new ReentrantLock();

  /// A schedule that is kept and not in force.
  ///
  /// Threading: immutable.
  ///
  /// @param queue where its jobs would go; empty when not even that can be told
  /// @param reason why not, as a sentence
  record Idle(Optional<String> queue, String reason) {
    /// Whether a caller may know of it.
    boolean isFor(Caller caller) {
      return caller.queues().isEmpty() || queue.filter(caller::mayUse).isPresent();
    }
  }

  private ScheduleBook(
      Sluice sluice, QueueBook queues, Environment.Clock clock, JsonMapper mapper, int maxPayload) {
    this.sluice = sluice;
    this.queues = queues;
    this.clock = clock;
    // A number in a payload keeps its looks.
    this.mapper =
        mapper
            .rebuild()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();
    this.maxPayload = maxPayload;
  }

  /// Puts every schedule that is kept in force.
  ///
  /// @param maxPayload largest payload of one job
  static ScheduleBook open(
      Sluice sluice, QueueBook queues, Environment.Clock clock, JsonMapper mapper, int maxPayload) {
    ScheduleBook book = new ScheduleBook(sluice, queues, clock, mapper, maxPayload);
    sluice
        .remembered()
        .forEach((key, text) -> {
          if (key.startsWith(PREFIX)) {
            book.recall(key.substring(PREFIX.length()), text);
          }
        });
    return book;
  }

  private void recall(String name, String text) {
    try {
      JsonNode document = mapper.readTree(text);
      try {
        enforce(name, read(document));
      } catch (IllegalArgumentException unfit) {
        leaveOut(name, queue(document), String.valueOf(unfit.getMessage()));
      }
    } catch (JacksonException _) {
      leaveOut(name, Optional.empty(), "what is kept of it is no valid JSON");
    }
  }

  private void leaveOut(String name, Optional<String> queue, String reason) {
    idle.put(name, new Idle(queue, reason));
    LOG.log(
        System.Logger.Level.WARNING, "schedule '" + name + "' is kept but not in force: " + reason);
  }

  /// The queue that a document names, whatever else is wrong with it.
  private static Optional<String> queue(JsonNode document) {
    JsonNode queue = document.path("queue");
    if (document.isObject() && (queue.isMissingNode() || queue.isNull())) {
      return Optional.of(JobType.DEFAULT_QUEUE);
    }
    return queue.isString() ? Optional.of(queue.asString()) : Optional.empty();
  }

  /// Reads bytes as a document whose numbers keep their looks.
  JsonMapper mapper() {
    return mapper;
  }

  private ScheduleSpec read(JsonNode document) {
    return atHome(parse(document));
  }

  private ScheduleSpec parse(JsonNode document) {
    Instant now = Instant.ofEpochMilli(clock.wallMillis());
    return ScheduleSpec.read(document, mapper, maxPayload, now);
  }

  private ScheduleSpec atHome(ScheduleSpec spec) {
    if (queues.find(spec.queue()).isEmpty()) {
      throw new BadField("/queue", "must be a queue of this server");
    }
    return spec;
  }

  private void enforce(String name, ScheduleSpec spec) {
    sluice.schedule(name, spec.schedule(), spec.job(), spec.missed());
    entries.put(name, spec);
    idle.remove(name);
  }

  Map<String, ScheduleSpec> all() {
    return entries;
  }

  /// A schedule that a caller may use; any other is none for it.
  ///
  /// @throws ProblemException 404 when there is none
  ScheduleSpec require(String name, Caller caller) {
    return Optional.ofNullable(entries.get(name))
        .filter(spec -> caller.mayUse(spec.queue()))
        .orElseThrow(() -> unknown(name, caller));
  }

  private ProblemException unknown(String name, Caller caller) {
    return Optional.ofNullable(idle.get(name))
        .filter(known -> known.isFor(caller))
        .map(known ->
            Problem.of(
                Status.NOT_FOUND_404,
                "not-in-force",
                "the schedule is kept but not in force: " + known.reason()))
        .orElseGet(
            () -> Problem.of(Status.NOT_FOUND_404, "unknown-schedule", "there is no such schedule"))
        .exception();
  }

  /// What a document of a caller asks for.
  ///
  /// @throws BadField when a value breaks a rule
  /// @throws ProblemException 403 when the caller may not use its queue, be there one or not
  ScheduleSpec read(JsonNode document, Call call) {
    ScheduleSpec spec = parse(document);
    call.permitted(spec.queue());
    return atHome(spec);
  }

  /// Every schedule that is kept and not in force, by name.
  Map<String, Idle> allIdle() {
    return idle;
  }

  /// Puts a schedule in force, in place of an earlier one of that name. The same one again changes
  /// nothing.
  ///
  /// @return whether there was none of that name
  /// @throws ProblemException 403 when the one of that name is not the caller's, 409 when there are
  ///   too many
  /// @throws EngineUnavailableException when it could not be kept; then nothing has changed here
  boolean put(String name, ScheduleSpec spec, Caller caller) {
    changing.lock();
    try {
      ScheduleSpec known = entries.get(name);
      Idle left = idle.get(name);
      if (left != null && !left.isFor(caller)) {
        throw unknown(name, caller);
      }
      if (known != null && !caller.mayUse(known.queue())) {
        throw Problem.of(
                Status.FORBIDDEN_403,
                "forbidden",
                "the name is taken by a schedule of a queue that the token is not for")
            .exception();
      }
      if (known != null && known.document().equals(spec.document())) {
        return false;
      }
      if (known == null && entries.size() >= MOST) {
        throw Problem.of(
                Status.CONFLICT_409,
                "too-many-schedules",
                "there are " + MOST + " schedules, no more are taken")
            .exception();
      }
      sluice.remember(PREFIX + name, mapper.writeValueAsString(spec.document()));
      enforce(name, spec);
      return known == null;
    } finally {
      changing.unlock();
    }
  }

  /// Takes a schedule out of force, and the firing that waits; forgets one that is not in force.
  ///
  /// @throws ProblemException 404 when the caller has none of that name
  void remove(String name, Caller caller) {
    changing.lock();
    try {
      Idle left = idle.get(name);
      if (left == null || !left.isFor(caller)) {
        var _ = require(name, caller);
      }
      sluice.remember(PREFIX + name, null);
      sluice.unschedule(name);
      entries.remove(name);
      idle.remove(name);
    } finally {
      changing.unlock();
    }
  }
}
