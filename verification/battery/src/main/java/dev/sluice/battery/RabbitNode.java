package dev.sluice.battery;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A private RabbitMQ node on loopback, with an epmd of its own and all its data in one folder:
/// killed, and started again on what it had written.
///
/// Threading: confined to the driver's thread; [#close] may also be called by the thread that ends
/// the process.
final class RabbitNode implements AutoCloseable {
  private static final Path SCRIPTS = Path.of("/usr/lib/rabbitmq/bin");
  private static final Duration START = Duration.ofSeconds(90);
  private static final int POLL_MILLIS = 100;
  // Below the ports that the system hands out: while the node is down, nobody takes them.
  private static final int FIRST_PORT = 20_000;
  private static final int PORTS = 12_000;

  private final Path home;
  private final int port;
  private final int distributionPort;
  private final int epmdPort;
  private volatile @Nullable Process epmd;
  private volatile @Nullable Process node;

  private RabbitNode(Path home, int port, int distributionPort, int epmdPort) {
    this.home = home;
    this.port = port;
    this.distributionPort = distributionPort;
    this.epmdPort = epmdPort;
  }

  /// A node that was never started.
  ///
  /// @param home an empty folder
  static RabbitNode in(Path home, RandomGenerator random) throws IOException {
    Files.createDirectories(
        home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path cookie = home.resolve(".erlang.cookie");
    Files.writeString(cookie, "sluice" + Long.toHexString(random.nextLong()));
    Files.setPosixFilePermissions(cookie, PosixFilePermissions.fromString("r--------"));
    Files.writeString(home.resolve("rabbitmq.conf"), "loopback_users = none\n");
    Files.writeString(home.resolve("plugins"), "[].\n");
    int first = FIRST_PORT + random.nextInt(PORTS);
    int port = freePort(first);
    int distributionPort = freePort(port + 1);
    return new RabbitNode(home, port, distributionPort, freePort(distributionPort + 1));
  }

  private static int freePort(int from) throws IOException {
    for (int port = from; port < from + PORTS / 2; port++) {
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException _) {
        // Somebody has it.
      }
    }
    throw new IOException("no port is free");
  }

  String url() {
    return "amqp://127.0.0.1:" + port;
  }

  /// Starts the node, again after [#kill], and waits until it answers.
  void start() throws IOException, InterruptedException {
    Process names = epmd;
    if (names == null || !names.isAlive()) {
      epmd = process("epmd", "-address", "127.0.0.1", "-port", String.valueOf(epmdPort)).start();
    }
    Process begun = process(SCRIPTS.resolve("rabbitmq-server").toString()).start();
    node = begun;
    long deadline = System.nanoTime() + START.toNanos();
    while (!answers()) {
      if (System.nanoTime() > deadline || begun.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("the broker did not start, see " + home.resolve("output"));
      }
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

  private ProcessBuilder process(String... command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(home.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve("output").toFile()));
    builder
        .environment()
        .putAll(
            Map.ofEntries(
                Map.entry("HOME", home.toString()),
                Map.entry("RABBITMQ_NODENAME", "sluice" + port + "@localhost"),
                Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                Map.entry("RABBITMQ_NODE_PORT", String.valueOf(port)),
                Map.entry("RABBITMQ_DIST_PORT", String.valueOf(distributionPort)),
                Map.entry("RABBITMQ_MNESIA_BASE", home.resolve("data").toString()),
                Map.entry("RABBITMQ_LOG_BASE", home.resolve("log").toString()),
                Map.entry("RABBITMQ_CONFIG_FILE", home.resolve("rabbitmq.conf").toString()),
                Map.entry("RABBITMQ_CONF_ENV_FILE", home.resolve("none").toString()),
                Map.entry("RABBITMQ_ENABLED_PLUGINS_FILE", home.resolve("plugins").toString()),
                Map.entry("RABBITMQ_FEATURE_FLAGS_FILE", home.resolve("flags").toString()),
                Map.entry("RABBITMQ_SCHEMA_DIR", home.resolve("schema").toString()),
                Map.entry("RABBITMQ_GENERATED_CONFIG_DIR", home.resolve("generated").toString()),
                Map.entry("RABBITMQ_PID_FILE", home.resolve("pid").toString()),
                // The script then becomes the node itself, and the process here is the one to kill.
                Map.entry("RABBITMQ_ALLOW_INPUT", "1"),
                Map.entry("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput"),
                Map.entry(
                    "RABBITMQ_SERVER_START_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
                Map.entry("ERL_EPMD_PORT", String.valueOf(epmdPort)),
                Map.entry("ERL_EPMD_ADDRESS", "127.0.0.1")));
    return builder;
  }

  /// SIGKILL, and waits until the node is gone.
  void kill() throws InterruptedException {
    Process running = node;
    if (running != null) {
      end(running);
      running.waitFor();
    }
  }

  private static void end(Process process) {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  /// Leaves no process behind; the data stays.
  @Override
  public void close() {
    for (Process each : new Process[] {node, epmd}) {
      if (each != null) {
        end(each);
      }
    }
  }
}
