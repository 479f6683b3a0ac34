package dev.sluice.app;

import dev.sluice.Delivery;
import dev.sluice.Sluice;
import dev.sluice.SluiceBuilder;
import dev.sluice.app.config.Configuration;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Remembering;
import dev.sluice.server.Durations;
import dev.sluice.server.ServerConfig;
import dev.sluice.server.SluiceServer;
import dev.sluice.server.Tokens;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The server at work: an engine, a [Sluice] on it, HTTP in front.
///
/// Threading: started and closed by one thread; the rest is thread-safe.
final class Serving implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.app.serve");
  private static final String AUDIT = "audit.log";

  private final Backlog backlog;
  private final SluiceServer server;
  private final Duration grace;

  private Serving(Backlog backlog, SluiceServer server, Duration grace) {
    this.backlog = backlog;
    this.server = server;
    this.grace = grace;
  }

  /// Opens the engine, listens, and introduces itself.
  ///
  /// @param introduce is given the first lines for people
  /// @throws IllegalArgumentException when strangers could reach it without a token or encryption
  /// @throws dev.sluice.job.SluiceException when it cannot work
  static Serving start(
      Configuration configuration,
      Path folder,
      EngineConfig engineConfig,
      Consumer<List<String>> introduce) {
    Environment environment = Environment.system();
    Folders.createPrivate(folder);
    Tokens tokens = Tokens.in(folder, environment.clock());
    ServerConfig config = configuration.server().withAudit(folder.resolve(AUDIT));
    // Before the engine is opened: what is refused has no effect.
    config
        .refusal(tokens.isOpen())
        .ifPresent(reason -> {
          throw new IllegalArgumentException(reason);
        });
    Engine engine = engineConfig.open();
    SluiceBuilder builder = Sluice.on(engine).environment(environment);
    Sluice sluice = start(builder, engine, config);
    Backlog backlog;
    String before;
    SluiceServer server;
    try {
      backlog = new Backlog(sluice);
      before = backlog.text();
      server = SluiceServer.start(config, sluice, tokens, environment);
    } catch (RuntimeException failure) {
      sluice.close(Duration.ofSeconds(1));
      throw failure;
    }
    Serving serving = new Serving(backlog, server, configuration.grace());
    try {
      introduce.accept(introduction(configuration, config, engineConfig, server.port(), tokens));
      LOG.log(System.Logger.Level.INFO, "started: " + before + " unfinished from before");
      return serving;
    } catch (RuntimeException failure) {
      serving.close();
      throw failure;
    }
  }

  /// Starts with the policies that will hold, because the start takes back by them what an earlier
  /// process left running.
  private static Sluice start(SluiceBuilder builder, Engine engine, ServerConfig config) {
    try {
      Map<String, String> remembered =
          engine instanceof Remembering remembering ? remembering.remembered() : Map.of();
      SluiceServer.policies(config, remembered)
          .forEach((name, policy) -> builder.queue(name, policy, Delivery.pull()));
    } catch (RuntimeException failure) {
      engine.close();
      throw failure;
    }
    return builder.start();
  }

  private static List<String> introduction(
      Configuration configuration,
      ServerConfig config,
      EngineConfig engine,
      int port,
      Tokens tokens) {
    String shown = config.host().contains(":") ? "[" + config.host() + "]" : config.host();
    String url = (config.tls().isPresent() ? "https://" : "http://") + shown + ":" + port;
    boolean open = tokens.isOpen();
    String auth = open ? "" : " -H \"Authorization: Bearer $TOKEN\"";
    List<String> lines = new ArrayList<>();
    lines.add("Sluice listens on " + url);
    lines.add(
        "engine "
            + engine.words()
            + ", configuration "
            + configuration.file().map(Path::toString).orElse("none"));
    lines.add(
        open
            ? "no token is in force: whoever is on this machine may do everything; try:"
            : (tokens.list().size() == 1 ? "1 token is" : tokens.list().size() + " tokens are")
                + " in force; try:");
    lines.add(
        "  curl -s" + auth + " " + url + "/v1/queues/default/jobs -d '{\"payload\":{\"n\":1}}'");
    lines.add("  curl -s" + auth + " " + url + "/v1/queues");
    lines.add(
        "  curl -s"
            + auth
            + " "
            + url
            + "/v1/queues/default/jobs:lease -d '{\"max\":1,\"lease\":\"30s\",\"wait\":\"5s\"}'");
    return lines;
  }

  int port() {
    return server.port();
  }

  /// Stops in order: new work is refused while running and leased jobs end, what has not ended is
  /// given back, and only then does nobody answer any more.
  @Override
  public void close() {
    server.quiet();
    LOG.log(
        System.Logger.Level.INFO,
        "stopping: what runs or is leased may finish within "
            + Durations.text(grace)
            + "; Ctrl-C again ends now");
    try {
      LOG.log(System.Logger.Level.INFO, backlog.close(grace));
    } finally {
      server.close();
    }
  }
}
