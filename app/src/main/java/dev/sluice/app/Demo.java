package dev.sluice.app;

import dev.sluice.Codec;
import dev.sluice.JobContext;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.Sluice;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import io.helidon.http.DirectHandler;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The demo at work: an HTTP server that hands users over, and a worker that processes them.
///
/// Threading: started and closed by one thread; the rest is thread-safe.
final class Demo implements AutoCloseable {
  static final String QUEUE = "users";
  static final JobType<String> PROCESS_USER = JobType.of("process-user", Codec.string()).on(QUEUE);

  private static final System.Logger LOG = System.getLogger("dev.sluice.app.demo");

  /// Long enough for a `user_id` far beyond the longest to be answered by the demo's own words.
  private static final int MAX_REQUEST_LINE = 64 << 10;

  private final DemoConfig config;
  private final DemoRoutes routes;
  private final WebServer server;
  private final Backlog backlog;
  private boolean closed;

  private Demo(DemoConfig config, DemoRoutes routes, WebServer server, Backlog backlog) {
    this.config = config;
    this.routes = routes;
    this.server = server;
    this.backlog = backlog;
  }

  /// Listens, introduces itself, and works; in this order, so that the first lines are the first.
  ///
  /// @param engine is closed with the demo, also when this fails
  /// @param introduce is given the first lines for people
  /// @throws SluiceException when nobody can listen there
  static Demo start(DemoConfig config, Engine engine, Consumer<List<String>> introduce) {
    try {
      // Before jobs are claimed: a broker remembers each that comes back.
      probe(config);
    } catch (RuntimeException failure) {
      engine.close();
      throw failure;
    }
    CountDownLatch introduced = new CountDownLatch(1);
    Sluice sluice =
        Sluice.on(engine)
            .queue(QUEUE, config.policy())
            .handle(
                PROCESS_USER,
                (userId, job) -> {
                  introduced.await();
                  return process(userId, job, config.jobDuration());
                })
            .start();
    DemoRoutes routes = new DemoRoutes(sluice, PROCESS_USER, Environment.system().clock());
    try {
      Backlog backlog = new Backlog(sluice);
      Demo demo = new Demo(config, routes, listen(config, routes), backlog);
      introduce.accept(demo.introduction());
      introduced.countDown();
      return demo;
    } catch (RuntimeException failure) {
      // Long enough for what was claimed to be given back: it has not begun.
      sluice.close(Duration.ofSeconds(1));
      throw failure;
    }
  }

  private static Outcome process(String userId, JobContext job, Duration duration)
      throws InterruptedException {
    String user = "processing user: " + printable(userId);
    String again = job.attempt() > 1 ? " (attempt " + job.attempt() + ")" : "";
    LOG.log(System.Logger.Level.INFO, user + ", started" + again);
    try {
      // Stands for the slow step; nobody counts it down.
      boolean _ = new CountDownLatch(1).await(duration.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException stopped) {
      LOG.log(System.Logger.Level.INFO, user + ", interrupted");
      throw stopped;
    }
    LOG.log(System.Logger.Level.INFO, user + ", finished");
    return Outcome.done();
  }

  /// Keeps what strangers send from writing lines of its own into the log.
  private static String printable(String text) {
    return text.codePoints().anyMatch(Character::isISOControl)
        ? text.replaceAll("\\p{Cntrl}", "?")
        : text;
  }

  private static WebServer listen(DemoConfig config, DemoRoutes routes) {
    WebServer server =
        WebServer.builder()
            .host(config.host())
            .port(config.port())
            .shutdownHook(false)
            .directHandlers(direct ->
                direct.addHandler(DirectHandler.EventType.BAD_REQUEST, DemoRoutes::unreadable))
            .addProtocol(Http1Config.builder().maxPrologueLength(MAX_REQUEST_LINE).build())
            .routing(routes::route)
            .build();
    server.start();
    // Helidon 4.5 only logs that it could not listen.
    if (!server.isRunning() || server.port() < 0) {
      throw cannotListen(config, "the port was taken meanwhile", null);
    }
    return server;
  }

  /// Listens for a moment, to have the reason in words when that is impossible.
  private static void probe(DemoConfig config) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(config.host(), config.port()));
    } catch (IOException failure) {
      String message = String.valueOf(failure.getMessage());
      throw cannotListen(
          config,
          message.contains("in use")
              ? "another process does; stop it or choose another --port"
              : message,
          failure);
    }
  }

  private static SluiceException cannotListen(
      DemoConfig config, String reason, @Nullable Throwable cause) {
    String sentence =
        "port: cannot listen on " + config.host() + " port " + config.port() + ", " + reason;
    return cause == null ? new SluiceException(sentence) : new SluiceException(sentence, cause);
  }

  int port() {
    return server.port();
  }

  /// The first lines: where it listens, which engine, what to try.
  private List<String> introduction() {
    String shown = config.host().contains(":") ? "[" + config.host() + "]" : config.host();
    String url = "http://" + shown + ":" + port();
    return List.of(
        "Sluice demo listens on " + url,
        "engine " + config.engine().words() + ", " + backlog.text() + " unfinished from before",
        "capacity "
            + config.capacity()
            + ", workers "
            + config.workers()
            + ", a job takes "
            + DurationConverter.text(config.jobDuration())
            + "; try:",
        "  curl -i '" + url + "/?user_id=1'",
        "  curl -s \""
            + url
            + "$(curl -so /dev/null -w '%header{location}' '"
            + url
            + "/?user_id=2')\"",
        "  for i in $(seq 3 14); do curl -sX POST \"" + url + "/?user_id=$i\"; echo; done");
  }

  /// Stops in order: refuses new work while running jobs end, and says what became of them all.
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    routes.stop();
    LOG.log(
        System.Logger.Level.INFO,
        "stopping: what runs may finish within "
            + DurationConverter.text(config.grace())
            + "; Ctrl-C again ends now");
    String stopped = backlog.close(config.grace());
    server.stop();
    LOG.log(System.Logger.Level.INFO, stopped);
  }
}
