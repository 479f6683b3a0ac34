package dev.sluice.rabbitmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A RabbitMQ broker for tests: a private node on free ports in a temporary folder, with an epmd of
/// its own, gone without a trace when it is closed. Or the one that `SLUICE_TEST_AMQP_URL` names,
/// which is left as it is.
///
/// Threading: confined to the test.
final class Broker implements AutoCloseable {
  private static final Path SCRIPTS = Path.of("/usr/lib/rabbitmq/bin");
  private static final Duration START = Duration.ofSeconds(90);

  private final @Nullable Path home;
  private final String url;
  private final int port;
  private final int distributionPort;
  private final int epmdPort;
  private @Nullable Process epmd;
  private @Nullable Process node;

  private Broker(@Nullable Path home, String url, int port, int distributionPort, int epmdPort) {
    this.home = home;
    this.url = url;
    this.port = port;
    this.distributionPort = distributionPort;
    this.epmdPort = epmdPort;
  }

  /// The broker that the environment names, or else a private one.
  static Broker any() {
    String given = System.getenv("SLUICE_TEST_AMQP_URL");
    return given == null || given.isEmpty() ? own() : new Broker(null, given, 0, 0, 0);
  }

  /// A private broker, which a test may kill.
  static Broker own() {
    if (!Files.isExecutable(SCRIPTS.resolve("rabbitmq-server"))) {
      throw new IllegalStateException(
          "RabbitMQ is not installed: install the package rabbitmq-server (the service itself need"
              + " not run), or set SLUICE_TEST_AMQP_URL to a broker for tests");
    }
    try {
      Path home =
          Files.createTempDirectory(
              "sluice-rabbit",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Files.writeString(home.resolve(".erlang.cookie"), "sluicetest" + System.nanoTime());
      Files.setPosixFilePermissions(
          home.resolve(".erlang.cookie"), PosixFilePermissions.fromString("r--------"));
      Files.writeString(home.resolve("rabbitmq.conf"), "loopback_users = none\n");
      Files.writeString(home.resolve("plugins"), "[].\n");
      int port = freePort();
      Broker broker = new Broker(home, "amqp://127.0.0.1:" + port, port, freePort(), freePort());
      broker.start();
      return broker;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  boolean isOwn() {
    return home != null;
  }

  /// The URL of the broker, with a prefix of its own.
  String url(String prefix) {
    return url + (url.contains("?") ? "&" : "?") + "prefix=" + prefix + ".";
  }

  String url() {
    return url;
  }

  /// Starts the node, again after [#kill].
  void start() throws IOException {
    if (epmd == null || !epmd.isAlive()) {
      epmd = process("epmd", "-address", "127.0.0.1", "-port", String.valueOf(epmdPort)).start();
    }
    node = process(SCRIPTS.resolve("rabbitmq-server").toString()).start();
    long deadline = System.nanoTime() + START.toNanos();
    while (!answers()) {
      if (!node.isAlive() || System.nanoTime() > deadline) {
        String log = Files.readString(home().resolve("output"));
        close();
        throw new IllegalStateException("the broker did not start:\n" + log);
      }
      pause(Duration.ofMillis(100));
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private Path home() {
    if (home == null) {
      throw new IllegalStateException("this broker belongs to somebody else");
    }
    return home;
  }

  private ProcessBuilder process(String... command) {
    Path here = home();
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(here.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(here.resolve("output").toFile()));
    builder
        .environment()
        .putAll(
            Map.ofEntries(
                Map.entry("HOME", here.toString()),
                Map.entry("RABBITMQ_NODENAME", "sluice" + port + "@localhost"),
                Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                Map.entry("RABBITMQ_NODE_PORT", String.valueOf(port)),
                Map.entry("RABBITMQ_DIST_PORT", String.valueOf(distributionPort)),
                Map.entry("RABBITMQ_MNESIA_BASE", here.resolve("data").toString()),
                Map.entry("RABBITMQ_LOG_BASE", here.resolve("log").toString()),
                Map.entry("RABBITMQ_CONFIG_FILE", here.resolve("rabbitmq.conf").toString()),
                Map.entry("RABBITMQ_CONF_ENV_FILE", here.resolve("none").toString()),
                Map.entry("RABBITMQ_ENABLED_PLUGINS_FILE", here.resolve("plugins").toString()),
                Map.entry("RABBITMQ_FEATURE_FLAGS_FILE", here.resolve("flags").toString()),
                Map.entry("RABBITMQ_SCHEMA_DIR", here.resolve("schema").toString()),
                Map.entry("RABBITMQ_GENERATED_CONFIG_DIR", here.resolve("generated").toString()),
                Map.entry("RABBITMQ_PID_FILE", here.resolve("pid").toString()),
                // The script then becomes the node itself, and the process here is the one to kill.
                Map.entry("RABBITMQ_ALLOW_INPUT", "1"),
                Map.entry("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput"),
                Map.entry("ERL_EPMD_PORT", String.valueOf(epmdPort)),
                Map.entry("ERL_EPMD_ADDRESS", "127.0.0.1")));
    return builder;
  }

  /// Ends the node without a warning, as `kill -9`.
  void kill() {
    Process running = node;
    if (running != null) {
      end(running);
    }
  }

  private static void end(Process process) {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    await(process);
    children.forEach(ProcessHandle::destroyForcibly);
  }

  /// Runs `rabbitmqctl` against the node.
  String control(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(SCRIPTS.resolve("rabbitmqctl").toString());
    command.addAll(List.of(arguments));
    try {
      Path output = Files.createTempFile(home(), "ctl", "");
      ProcessBuilder builder = process(command.toArray(String[]::new));
      builder.redirectOutput(output.toFile());
      Process process = builder.start();
      if (await(process) != 0) {
        throw new IllegalStateException("rabbitmqctl: " + Files.readString(output));
      }
      return Files.readString(output);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static int await(Process process) {
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("a process does not end");
      }
      return process.exitValue();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private static void pause(Duration time) {
    try {
      if (new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException("nobody counts down");
      }
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /// Ends a private broker and deletes what it left.
  @Override
  public void close() {
    if (home == null) {
      return;
    }
    kill();
    Process running = epmd;
    if (running != null) {
      end(running);
    }
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
