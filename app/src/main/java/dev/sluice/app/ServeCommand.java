package dev.sluice.app;

import dev.sluice.app.config.Configuration;
import dev.sluice.app.config.Configuration.Flag;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `sluice serve`: jobs over HTTP, until somebody stops it.
///
/// Threading: confined to the main thread.
@Command(
    name = "serve",
    description = "Serves jobs over HTTP: enqueue, lease, steer, watch.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {"", "Flags win over SLUICE_... variables, these over the file."})
final class ServeCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Mixin
  private ConfigOptions options;

  @Option(
      names = "--engine",
      paramLabel = "URL",
      description =
          "memory:, sqlite:PATH, amqp://HOST/VHOST or sqs:REGION; sqlite: is a file in the data"
              + " folder (default).")
  private @Nullable String engine;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Where to listen. Default: 127.0.0.1.")
  private @Nullable String host;

  @Option(names = "--port", paramLabel = "PORT", description = "0 takes a free one. Default: 8080.")
  private @Nullable Integer port;

  @Option(
      names = "--behind-proxy",
      description = "A proxy in front does TLS and tells the client's address.")
  private boolean behindProxy;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description = "Certificate chain in PEM. Read again when it changes.")
  private @Nullable String certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its key, in PEM (PKCS #8).")
  private @Nullable String key;

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      description = "How long a stop waits for running and leased jobs. Default: 25s.")
  private @Nullable String grace;

  @Override
  public Integer call() throws InterruptedException {
    Configuration configuration = options.load(flags());
    EngineConfig engineConfig = options.engine(configuration);
    options.check(configuration);
    options.checkReach(configuration);
    ConsoleLog.install(System.out);
    StopSignal signal = StopSignal.install(StopSignal::sayThatJobsCrashed);
    PrintWriter out = spec.commandLine().getOut();
    // Asked before they are made, which a typing error may do.
    Set<Path> made = new LinkedHashSet<>();
    Path folder = ConfigOptions.folder(configuration);
    Folders.missing(folder).ifPresent(made::add);
    engineConfig.missingFolder().ifPresent(made::add);
    Serving serving;
    try {
      serving =
          Serving.start(
              configuration,
              folder,
              engineConfig,
              lines -> {
                made.forEach(path -> out.println("made the folder " + path));
                lines.forEach(out::println);
              });
    } catch (IllegalArgumentException bad) {
      throw options.bad(bad);
    }
    try (serving) {
      signal.await();
    }
    return Main.FINE;
  }

  private List<Flag> flags() {
    List<Flag> flags = new ArrayList<>();
    add(flags, "engine", "--engine", engine);
    add(flags, "http.host", "--host", host);
    if (port != null) {
      flags.add(Flag.of("http.port", "--port", port));
    }
    if (behindProxy) {
      flags.add(Flag.of("http.behind-proxy", "--behind-proxy", true));
    }
    add(flags, "http.tls.certificate", "--tls-cert", certificate);
    add(flags, "http.tls.key", "--tls-key", key);
    add(flags, "grace", "--grace", grace);
    return flags;
  }

  private static void add(List<Flag> flags, String key, String name, @Nullable String value) {
    if (value != null) {
      flags.add(Flag.of(key, name, value));
    }
  }
}
