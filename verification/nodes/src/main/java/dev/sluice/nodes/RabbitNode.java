package dev.sluice.nodes;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A private RabbitMQ node on loopback, with an epmd of its own and all its data in one folder:
/// killed, and started again on what it had written.
///
/// `SLUICE_TEST_RABBITMQ_ROOT` may name a root folder in which another RabbitMQ than this machine's
/// is installed.
///
/// Threading: confined to one thread; [#close] may also be called by the thread that ends the
/// process.
public final class RabbitNode implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final int POLL_MILLIS = 100;
  // Below the ports that the system hands out: while the node is down, nobody takes them.
  private static final int FIRST_PORT = 20_000;
  private static final int PORTS = 12_000;

  private final Installation installation;
  private final Path home;
  private final int port;
  private final int distributionPort;
  private final int epmdPort;
  private volatile @Nullable Process epmd;
  private volatile @Nullable Process node;

  private RabbitNode(
      Installation installation, Path home, int port, int distributionPort, int epmdPort) {
    this.installation = installation;
    this.home = home;
    this.port = port;
    this.distributionPort = distributionPort;
    this.epmdPort = epmdPort;
  }

  /// A node that was never started.
  ///
  /// @param home an empty folder, or one that is still to be made
  /// @throws IOException in one sentence, when RabbitMQ is not installed
  public static RabbitNode in(Path home, RandomGenerator random) throws IOException {
    Installation installation = Installation.ofEnvironment();
    Files.createDirectories(
        home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path cookie = home.resolve(".erlang.cookie");
    Files.writeString(cookie, "sluice" + Long.toHexString(random.nextLong()));
    Files.setPosixFilePermissions(cookie, PosixFilePermissions.fromString("r--------"));
    Files.writeString(home.resolve("rabbitmq.conf"), "loopback_users = none\n");
    Files.writeString(home.resolve("plugins"), "[].\n");
    int port = freePort(random);
    int distributionPort = freePort(port + 1);
    return new RabbitNode(
        installation, home, port, distributionPort, freePort(distributionPort + 1));
  }

  /// A port that nobody has, and that the system gives nobody.
  public static int freePort(RandomGenerator random) throws IOException {
    return freePort(FIRST_PORT + random.nextInt(PORTS));
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

  /// Where it is, without an option.
  public String url() {
    return "amqp://127.0.0.1:" + port;
  }

  public int port() {
    return port;
  }

  /// A file of its folder.
  public Path outside(String file) {
    return home.resolve(file);
  }

  /// What the node calls that file.
  public Path inside(String file) {
    return installation.inside(home).resolve(file);
  }

  /// Adds lines to `rabbitmq.conf`, for the next start.
  public void configure(String lines) throws IOException {
    Files.writeString(home.resolve("rabbitmq.conf"), lines, StandardOpenOption.APPEND);
  }

  /// Starts the node, again after [#kill], and waits until it answers.
  public void start() throws IOException, InterruptedException {
    Process names = epmd;
    if (names == null || !names.isAlive()) {
      epmd = process("epmd", "-address", "127.0.0.1", "-port", String.valueOf(epmdPort)).start();
    }
    Process begun = process(installation.script("rabbitmq-server")).start();
    node = begun;
    long deadline = System.nanoTime() + START.toNanos();
    while (!answers()) {
      if (System.nanoTime() > deadline || begun.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("the broker did not start:\n" + Files.readString(output()));
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

  private Path output() {
    return home.resolve("output");
  }

  private ProcessBuilder process(String... command) {
    ProcessBuilder builder = new ProcessBuilder(installation.command(home, List.of(command)));
    builder.directory(home.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
    Path inside = installation.inside(home);
    builder
        .environment()
        .putAll(
            Map.ofEntries(
                Map.entry("HOME", inside.toString()),
                Map.entry("RABBITMQ_NODENAME", "sluice" + port + "@localhost"),
                Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
                Map.entry("RABBITMQ_NODE_PORT", String.valueOf(port)),
                Map.entry("RABBITMQ_DIST_PORT", String.valueOf(distributionPort)),
                Map.entry("RABBITMQ_MNESIA_BASE", inside.resolve("data").toString()),
                Map.entry("RABBITMQ_LOG_BASE", inside.resolve("log").toString()),
                Map.entry("RABBITMQ_CONFIG_FILE", inside.resolve("rabbitmq.conf").toString()),
                Map.entry("RABBITMQ_CONF_ENV_FILE", inside.resolve("none").toString()),
                Map.entry("RABBITMQ_ENABLED_PLUGINS_FILE", inside.resolve("plugins").toString()),
                Map.entry("RABBITMQ_FEATURE_FLAGS_FILE", inside.resolve("flags").toString()),
                Map.entry("RABBITMQ_SCHEMA_DIR", inside.resolve("schema").toString()),
                Map.entry("RABBITMQ_GENERATED_CONFIG_DIR", inside.resolve("generated").toString()),
                Map.entry("RABBITMQ_PID_FILE", inside.resolve("pid").toString()),
                // The script then becomes the node itself, and the process here is the one to kill.
                Map.entry("RABBITMQ_ALLOW_INPUT", "1"),
                Map.entry("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput"),
                Map.entry(
                    "RABBITMQ_SERVER_START_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
                Map.entry("ERL_EPMD_PORT", String.valueOf(epmdPort)),
                Map.entry("ERL_EPMD_ADDRESS", "127.0.0.1")));
    return builder;
  }

  /// Runs `rabbitmqctl` against the node.
  ///
  /// @return what it printed
  public String control(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(installation.script("rabbitmqctl")));
    command.addAll(List.of(arguments));
    Path printed = Files.createTempFile(home, "ctl", "");
    try {
      ProcessBuilder builder = process(command.toArray(String[]::new));
      builder.redirectOutput(printed.toFile());
      Process control = builder.start();
      if (!control.waitFor(ANSWER.toSeconds(), TimeUnit.SECONDS)) {
        end(control);
        throw new IOException("rabbitmqctl did not end in " + ANSWER.toSeconds() + " s");
      }
      String words = Files.readString(printed);
      if (control.exitValue() != 0) {
        throw new IOException("rabbitmqctl: " + words);
      }
      return words;
    } finally {
      Files.delete(printed);
    }
  }

  /// SIGSTOP: its connections stay, and nothing on them is answered.
  public void freeze() throws IOException, InterruptedException {
    Freeze.begin(running());
  }

  /// SIGCONT.
  public void thaw() throws IOException, InterruptedException {
    Freeze.end(running());
  }

  private ProcessHandle running() throws IOException {
    Process running = node;
    if (running == null) {
      throw new IOException("the node was never started");
    }
    return running.toHandle();
  }

  /// SIGKILL, and waits until the node is gone.
  public void kill() throws InterruptedException {
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
