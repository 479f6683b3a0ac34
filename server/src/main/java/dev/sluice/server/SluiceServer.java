package dev.sluice.server;

import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/// The HTTP server in front of a [Sluice].
///
/// Threading: thread-safe; started and closed by whoever owns it.
public final class SluiceServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server");
  private static final int DEEPEST_JSON = 64;

  /// How long a close waits for answers that are under way.
  private static final Duration LAST_ANSWERS = Duration.ofSeconds(1);

  private final WebServer web;
  private final Live live;

  /// What else has to end, the last one first.
  private final Deque<AutoCloseable> parts;

  private final Api api;

  private SluiceServer(WebServer web, Api api, Live live, Deque<AutoCloseable> parts) {
    this.web = web;
    this.api = api;
    this.live = live;
    this.parts = parts;
  }

  /// Requests that last, and must end when the server does.
  record Live(JobWaits waits, JobEvents events, LeaseWaits leases) {
    static Live on(Sluice sluice, Environment environment) {
      return new Live(
          new JobWaits(sluice, environment.clock()),
          new JobEvents(sluice, environment.random()),
          new LeaseWaits());
    }

    void close() {
      leases.stop();
      waits.close();
      events.close();
    }
  }

  /// Starts to listen.
  ///
  /// @param sluice stays the caller's; it must outlive the server
  /// @throws IllegalArgumentException when strangers could reach it without a token or encryption
  /// @throws SluiceException when nobody can listen there, or the certificate cannot be used
  public static SluiceServer start(
      ServerConfig config, Sluice sluice, Callers callers, Environment environment) {
    config
        .refusal(callers.isOpen())
        .ifPresent(reason -> {
          throw new IllegalArgumentException(reason);
        });
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    Live live = Live.on(sluice, environment);
    try {
      AuditLog audit = audit(config, environment);
      parts.push(audit);
      Optional<Certificates> certificates =
          config.tls().map(files -> new Certificates(files, environment));
      certificates.ifPresent(parts::push);
      // Before any queue is in force, for jobs are delivered from then on.
      probe(config);
      Api api = api(config, sluice, callers, audit, environment, live, parts);
      WebServer web = listen(config, certificates, api, environment, parts);
      return new SluiceServer(web, api, live, parts);
    } catch (RuntimeException failure) {
      live.close();
      closeAll(parts);
      throw failure;
    }
  }

  /// What holds of each queue that this server will have, for the builder of its [Sluice]: whose
  /// start takes back what an earlier process left running, by the policy of each queue.
  ///
  /// @param remembered what the engine keeps; empty when it keeps nothing
  public static Map<String, QueuePolicy> policies(
      ServerConfig config, Map<String, String> remembered) {
    Objects.requireNonNull(config, "config: must not be null");
    Objects.requireNonNull(remembered, "remembered: must not be null");
    return QueueBook.policies(config.queues(), remembered, mapper());
  }

  private static AuditLog audit(ServerConfig config, Environment environment) {
    return config
        .audit()
        .<AuditLog>map(file -> new AuditFiles(file, config.behindProxy(), environment))
        .orElseGet(AuditLog::none);
  }

  private static WebServer listen(
      ServerConfig config,
      Optional<Certificates> certificates,
      Api api,
      Environment environment,
      Deque<AutoCloseable> parts) {
    HttpLimits limits = config.limits();
    Connections connections =
        new Connections(http(limits), limits, !config.behindProxy(), environment);
    parts.push(connections);
    WebServerConfig.Builder builder =
        WebServer.builder()
            .host(config.host())
            .port(config.port())
            .shutdownHook(false)
            .shutdownGracePeriod(LAST_ANSWERS)
            .maxTcpConnections(limits.maxConnections())
            // Else the second part of a long answer waits for the client's delayed ACK, 40 ms.
            .connectionOptions(socket -> socket.tcpNoDelay(true))
            .protocolsDiscoverServices(false)
            .addConnectionSelector(connections)
            // The reason is wanted by the handlers; they show none of it.
            .errorHandling(ErrorHandling.builder().includeEntity(true).build())
            .directHandlers(Refusals.handlers(mapper()))
            .routing((HttpRouting.Builder routing) -> api.route(routing));
    certificates.ifPresent(current -> builder.tls(current.tls()));
    WebServer web = builder.build();
    web.start();
    // Helidon 4.5 only logs that it could not listen.
    if (!web.isRunning() || web.port() < 0) {
      throw cannotListen(config, "the port was taken meanwhile", null);
    }
    return web;
  }

  /// HTTP/1.1 and nothing else.
  private static Http1ConnectionSelector http(HttpLimits limits) {
    return Http1ConnectionSelector.builder()
        .config(
            Http1Config.builder()
                .maxPrologueLength(limits.maxRequestLine())
                .maxHeadersSize(limits.maxHeaders())
                .validateRequestHeaders(true)
                .addSendListener(Watched.listener())
                .build())
        .build();
  }

  /// Listens for a moment, to have the reason in words when that is impossible.
  private static void probe(ServerConfig config) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(config.host(), config.port()));
    } catch (IOException failure) {
      String message = String.valueOf(failure.getMessage());
      throw cannotListen(
          config,
          message.contains("in use")
              ? "another process does; stop it or choose another port"
              : message,
          failure);
    }
  }

  private static SluiceException cannotListen(
      ServerConfig config, String reason, @Nullable Throwable cause) {
    String sentence =
        "port: cannot listen on " + config.host() + " port " + config.port() + ", " + reason;
    return cause == null ? new SluiceException(sentence) : new SluiceException(sentence, cause);
  }

  /// Everything behind the routes.
  ///
  /// @param parts gets what has to be closed
  private static Api api(
      ServerConfig config,
      Sluice sluice,
      Callers callers,
      AuditLog audit,
      Environment environment,
      Live live,
      Deque<AutoCloseable> parts) {
    Environment.Clock clock = environment.clock();
    JsonMapper mapper = mapper();
    Metrics metrics = new Metrics(sluice, clock);
    parts.push(metrics);
    QueueBook queues =
        QueueBook.open(
            config.queues(),
            sluice,
            new WebhookDeliveries(config.reach(), environment, metrics::delivered),
            mapper);
    parts.push(queues);
    ScheduleBook schedules = ScheduleBook.open(sluice, queues, clock, mapper, config.maxPayload());
    parts.push(sluice.listen(metrics)::run);
    Gate gate = new Gate(callers, config.behindProxy());
    Complaints complaints = new Complaints(clock);
    List<Route> routes = new ArrayList<>();
    routes.addAll(
        new EnqueueRoutes(sluice, queues, gate, environment, complaints, config).routes());
    routes.addAll(new JobRoutes(sluice, clock, live.waits()).routes());
    routes.addAll(new JobControlRoutes(sluice, clock).routes());
    routes.addAll(new EventRoutes(live.events(), gate, clock).routes());
    routes.addAll(new QueueRoutes(queues, sluice, clock).routes());
    routes.addAll(new LeaseRoutes(queues, sluice, clock, mapper, live.leases()).routes());
    routes.addAll(new ScheduleRoutes(schedules, clock, config.maxPayload()).routes());
    routes.addAll(new HealthRoutes(sluice, gate, metrics).routes());
    routes.addAll(new DocumentRoutes().routes());
    return new Api(routes, gate, audit, metrics, complaints, mapper);
  }

  static JsonMapper mapper() {
    return JsonMapper.builder(
            JsonFactory.builder()
                .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEEPEST_JSON).build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build())
        .build();
  }

  /// The table of routes.
  List<Route> routes() {
    return api.routes();
  }

  /// Where it listens.
  public int port() {
    return web.port();
  }

  /// Gives out no more jobs to workers elsewhere and tells them so (503 `stopping`, and `quiet` to
  /// those that extend a lease), while they may still tell how their work ended. The first step of
  /// a stop: then close the [Sluice], which lets them, and then this.
  public void quiet() {
    live.leases().stop();
  }

  Live live() {
    return live;
  }

  /// Stops listening; requests under way may end.
  @Override
  public void close() {
    live.close();
    web.stop();
    closeAll(parts);
  }

  private static void closeAll(Deque<AutoCloseable> parts) {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception failure) {
        LOG.log(System.Logger.Level.WARNING, "a part of the server did not end well: " + failure);
      }
    }
  }
}
