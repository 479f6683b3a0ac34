package dev.sluice.server;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.job.Names;
import io.helidon.http.Status;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The queues of this server: what is configured, what was changed or added while it ran, and what
/// holds. Changes are kept by the engine and in force again after a restart.
///
/// Threading: thread-safe. Changes go one after the other under `changing`, which is held across
/// the engine's write on purpose: the engine must end up with the change that won here. Nobody
/// waits for it longer than for the engine. Whoever looks, and whoever enqueues to a known queue,
/// never takes it.
final class QueueBook implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server");
  private static final String PREFIX = "queue/";

  /// As long as an engine takes at most to keep a text.
  private static final Duration TURN = Duration.ofSeconds(10);

  /// Where a queue comes from.
  enum Origin {
    /// The server's configuration names it.
    CONFIGURED("configured"),
    /// It was made over HTTP.
    CREATED("created"),
    /// It was made when the first job or worker for it came.
    AUTO("auto"),
    /// The program around the server gave it to its [Sluice], and how its jobs are delivered is the
    /// program's business.
    PROGRAM("program");

    private final String text;

    Origin(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /// A queue as the book has it.
  ///
  /// Threading: immutable.
  ///
  /// @param base what holds without the override
  /// @param override what was changed while the server ran, as it was sent
  /// @param effective what holds
  record Entry(
      String name,
      Origin origin,
      QueueSpec base,
      Optional<JsonNode> override,
      QueueSpec effective) {

    static Entry of(String name, Origin origin, QueueSpec base, @Nullable JsonNode override) {
      QueueSpec effective = override == null ? base : QueueSpec.read(override, "", base);
      if (origin == Origin.PROGRAM && !effective.webhook().equals(base.webhook())) {
        throw new BadField("/delivery", "cannot be changed, it is the program's own");
      }
      // One that says nothing changes nothing.
      return new Entry(
          name,
          origin,
          base,
          Optional.ofNullable(override).filter(it -> !it.isEmpty()),
          effective.bounded());
    }

    /// Whether it is there whatever happens over HTTP.
    boolean isFixed() {
      return origin == Origin.CONFIGURED || origin == Origin.PROGRAM;
    }

    /// What holds in one of its three forms, as it is shown.
    Map<String, Object> shown(QueueSpec spec) {
      Map<String, Object> json = spec.json();
      if (origin == Origin.PROGRAM) {
        json.remove("delivery");
      }
      return json;
    }
  }

  private final QueueList configured;
  private final Sluice sluice;
  private final WebhookDeliveries deliveries;
  private final JsonMapper mapper;
  private final NavigableMap<String, Entry> entries = new ConcurrentSkipListMap<>();
  private final ReentrantLock changing = new ReentrantLock();

  private QueueBook(
      QueueList configured, Sluice sluice, WebhookDeliveries deliveries, JsonMapper mapper) {
    this.configured = configured;
    this.sluice = sluice;
    this.deliveries = deliveries;
    this.mapper = mapper;
  }

  /// Puts every queue in force.
  ///
  /// @throws BadField when a configured queue cannot be; the pointer starts at its name
  static QueueBook open(
      QueueList configured, Sluice sluice, WebhookDeliveries deliveries, JsonMapper mapper) {
    QueueBook book = new QueueBook(configured, sluice, deliveries, mapper);
    try {
      book.open();
      return book;
    } catch (RuntimeException failure) {
      book.close();
      throw failure;
    }
  }

  private void open() {
    Map<String, Entry> plain = new TreeMap<>();
    configured
        .named()
        .forEach((name, spec) -> plain.put(name, Entry.of(name, Origin.CONFIGURED, spec, null)));
    for (String name : sluice.queues()) {
      if (!plain.containsKey(name)) {
        QueueSpec spec = new QueueSpec(sluice.status(name).policy(), Optional.empty());
        plain.put(name, Entry.of(name, Origin.PROGRAM, spec, null));
      }
    }
    Map<String, String> remembered = sluice.remembered();
    changing.lock();
    try {
      // Once for each queue, with all that holds for it: its jobs start from that moment on.
      remembered.forEach((key, text) -> {
        if (key.startsWith(PREFIX)) {
          String name = key.substring(PREFIX.length());
          recall(name, text, plain.get(name));
        }
      });
      plain.forEach((name, entry) -> {
        if (!entries.containsKey(name)) {
          enforce(entry, delivery(entry, BadField.step(name)));
        }
      });
    } finally {
      changing.unlock();
    }
  }

  /// What will hold of each queue once the book is open.
  ///
  /// @param remembered what the engine keeps
  static Map<String, QueuePolicy> policies(
      QueueList configured, Map<String, String> remembered, JsonMapper mapper) {
    Map<String, QueuePolicy> policies = new TreeMap<>();
    configured.named().forEach((name, spec) -> policies.put(name, spec.bounded().policy()));
    remembered.forEach((key, text) -> {
      if (key.startsWith(PREFIX)) {
        String name = key.substring(PREFIX.length());
        QueueSpec spec = configured.named().get(name);
        Entry known = spec == null ? null : Entry.of(name, Origin.CONFIGURED, spec, null);
        try {
          recalled(name, text, known, configured, mapper)
              .ifPresent(entry -> policies.put(name, entry.effective.policy()));
        } catch (JacksonException | IllegalArgumentException unfit) {
          // Not in force, which is said when the book is opened.
        }
      }
    });
    return policies;
  }

  /// What was kept of a queue, on top of what is configured today; empty when it belongs to nothing
  /// any more.
  ///
  /// @param known the queue without what was kept; null when it is not configured
  /// @throws JacksonException when it cannot be read
  /// @throws IllegalArgumentException when it does not fit what is configured today
  private static Optional<Entry> recalled(
      String name, String text, @Nullable Entry known, QueueList configured, JsonMapper mapper) {
    JsonNode kept = mapper.readTree(text);
    String origin = kept.path("origin").asString("");
    JsonNode override = kept.get("override");
    boolean created = origin.equals(Origin.CREATED.text());
    boolean made = created || origin.equals(Origin.AUTO.text());
    if (known != null && !(made && known.origin == Origin.PROGRAM)) {
      return Optional.of(Entry.of(name, known.origin, known.base, override));
    }
    return made
        ? Optional.of(
            Entry.of(name, created ? Origin.CREATED : Origin.AUTO, template(configured), override))
        : Optional.empty();
  }

  /// What was kept may not fit what is configured today: then today's configuration holds.
  private void recall(String name, String text, @Nullable Entry known) {
    try {
      recalled(name, text, known, configured, mapper)
          .ifPresentOrElse(
              entry -> enforce(entry, delivery(entry, "")),
              () ->
                  LOG.log(
                      System.Logger.Level.WARNING,
                      "queue '"
                          + name
                          + "' is not configured any more; its override is kept, unused"));
    } catch (JacksonException | IllegalArgumentException unfit) {
      LOG.log(
          System.Logger.Level.WARNING,
          "what was changed of queue '" + name + "' is not in force: " + unfit.getMessage());
    }
  }

  private static QueueSpec template(QueueList configured) {
    return configured
        .autoCreate()
        .map(QueueList.AutoCreate::template)
        .orElseGet(QueueSpec::defaults);
  }

  /// Keeps a change and puts it in force.
  ///
  /// @throws BadField when it cannot be in force; then nothing has changed
  /// @throws EngineUnavailableException when it could not be kept; then nothing has changed here
  private void change(Entry wanted) {
    String name = wanted.name;
    if (!entries.containsKey(name) && sluice.queues().size() >= QueueList.MOST) {
      throw Problem.of(
              Status.CONFLICT_409,
              "too-many-queues",
              "there are " + QueueList.MOST + " queues, no more are made")
          .exception();
    }
    sluice.requireDefinable(name, wanted.effective.policy());
    Delivery delivery = delivery(wanted, "");
    try {
      keep(wanted);
    } catch (RuntimeException failure) {
      deliveries.abandon(name);
      throw failure;
    }
    enforce(wanted, delivery);
  }

  /// @param pointer where the configuration of the queue stands
  /// @throws BadField when its jobs cannot be delivered as it says; then nothing has changed
  private Delivery delivery(Entry entry, String pointer) {
    return deliveries.prepare(entry.name, entry.effective, pointer);
  }

  /// @param delivery as it was prepared for it
  private void enforce(Entry entry, Delivery delivery) {
    String name = entry.name;
    if (entry.origin == Origin.PROGRAM) {
      sluice.reconfigure(name, _ -> entry.effective.policy());
    } else {
      sluice.define(name, entry.effective.policy(), delivery);
    }
    entries.put(name, entry);
    deliveries.settle(name);
  }

  /// Every queue, by name.
  Collection<Entry> all() {
    return entries.values();
  }

  Optional<Entry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /// A queue that is there.
  ///
  /// @throws ProblemException 404 when it is not
  Entry require(String name) {
    return find(name)
        .orElseThrow(() -> {
          requireName(name);
          return unknown(name, "there is no queue '" + shown(name) + "'");
        });
  }

  /// A queue for a job or a worker that comes: made on the way when that is allowed.
  ///
  /// @throws ProblemException 404 when there is none and none may be made
  /// @throws EngineUnavailableException when it could not be kept
  Entry requireOrCreate(String name) {
    Entry known = entries.get(name);
    return known != null || configured.autoCreate().isEmpty() ? require(name) : create(name);
  }

  /// Waits for the changes before this one.
  ///
  /// @throws EngineUnavailableException when the engine keeps them for too long
  private void takeTurn() {
    boolean mine = false;
    try {
      mine = changing.tryLock(TURN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    if (!mine) {
      throw new EngineUnavailableException(
          EngineUnavailableException.Kind.OVERLOADED,
          "other changes of queues are still waiting for the engine");
    }
  }

  private Entry create(String name) {
    requireName(name);
    takeTurn();
    try {
      Entry known = entries.get(name);
      if (known != null) {
        return known;
      }
      int most = configured.autoCreate().map(QueueList.AutoCreate::max).orElse(0);
      if (entries.values().stream().filter(it -> it.origin == Origin.AUTO).count() >= most) {
        throw unknown(
            name,
            "there is no queue '"
                + shown(name)
                + "', and no more than "
                + most
                + " are made on the way (auto-create.max)");
      }
      Entry made = Entry.of(name, Origin.AUTO, template(configured), null);
      change(made);
      return made;
    } finally {
      changing.unlock();
    }
  }

  private static ProblemException unknown(String name, String sentence) {
    return Problem.of(Status.NOT_FOUND_404, "unknown-queue", sentence)
        .with("queue", shown(name))
        .exception();
  }

  private static String shown(String name) {
    return name.length() <= Names.MAX_LENGTH ? name : name.substring(0, 64) + "...";
  }

  private static void requireName(String name) {
    if (QueueList.isTemplate(name)) {
      throw unknown(
          name, "'" + name + "' is the template of queues, so no queue can be named that");
    }
    try {
      Names.require("queue", name);
    } catch (IllegalArgumentException _) {
      throw unknown(name, "a queue is named by 1 to 128 characters of A-Z a-z 0-9 . _ -");
    }
  }

  /// Gives a queue an override in place of an earlier one, or makes the queue.
  ///
  /// @return whether it was made
  /// @throws BadField when the document breaks a rule; then nothing has changed
  /// @throws EngineUnavailableException when it could not be kept; then nothing has changed here
  boolean put(String name, JsonNode override) {
    requireName(name);
    takeTurn();
    try {
      Entry known = entries.get(name);
      Entry wanted =
          known == null
              ? Entry.of(name, Origin.CREATED, template(configured), override)
              : Entry.of(name, known.origin, known.base, override);
      change(wanted);
      return known == null;
    } finally {
      changing.unlock();
    }
  }

  /// Returns a configured queue to its configuration; forgets any other, if it is empty.
  ///
  /// @throws ProblemException 404 when there is none
  /// @throws IllegalStateException when it is not empty
  /// @throws EngineUnavailableException when that could not be kept
  void reset(String name) {
    takeTurn();
    try {
      Entry known = require(name);
      if (known.isFixed()) {
        change(Entry.of(name, known.origin, known.base, null));
      } else {
        drop(known);
      }
    } finally {
      changing.unlock();
    }
  }

  /// Out of the book first, so that nobody looks for what is not there any more.
  private void drop(Entry known) {
    entries.remove(known.name);
    try {
      sluice.drop(known.name);
    } catch (RuntimeException notDropped) {
      entries.put(known.name, known);
      throw notDropped;
    }
    try {
      sluice.remember(PREFIX + known.name, null);
    } catch (RuntimeException notForgotten) {
      // It would come back at the next start, so it had better stay.
      enforce(known, delivery(known, ""));
      throw notForgotten;
    }
    deliveries.forget(known.name);
  }

  private void keep(Entry entry) {
    if (entry.isFixed() && entry.override.isEmpty()) {
      sluice.remember(PREFIX + entry.name, null);
      return;
    }
    Map<String, Object> kept = new LinkedHashMap<>();
    kept.put("origin", entry.origin.text());
    entry.override.ifPresent(it -> kept.put("override", it));
    sluice.remember(PREFIX + entry.name, mapper.writeValueAsString(kept));
  }

  /// Delivers nothing more: where the [Sluice] goes on, jobs of webhooks wait for another server.
  /// Deliveries under way end as they began.
  @Override
  public void close() {
    changing.lock();
    try {
      for (Entry entry : entries.values()) {
        if (entry.effective.webhook().isPresent()) {
          sluice.define(entry.name, entry.effective.policy(), Delivery.pull());
        }
      }
      deliveries.close();
    } finally {
      changing.unlock();
    }
  }
}
