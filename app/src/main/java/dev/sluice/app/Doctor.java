package dev.sluice.app;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.sluice.app.config.Configuration;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import dev.sluice.server.ServerConfig;
import dev.sluice.server.Tokens;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/// The checks of `sluice doctor`, from the machine to the server's own files. None of them changes
/// anything that was there, but on a broker: queues that are missing there are made, and jobs that
/// were left behind by queues that are made again go back to them.
///
/// Threading: confined to one thread.
final class Doctor {
  private static final int LEAST_JAVA = 25;
  private static final long LITTLE_SPACE = 1L << 30;
  private static final long NO_SPACE = 64L << 20;
  private static final int SYNCS = 16;

  /// No disk that keeps what it was told answers as fast as this.
  private static final long TOO_FAST_NANOS = 15_000;

  private static final long SLOW_NANOS = 50_000_000;
  private static final long CLOCKS_APART_MILLIS = 2_000;
  private static final long JUMP_MILLIS = 500;

  /// 2025: a machine that thinks it is earlier has lost its clock.
  private static final long EARLIEST_MILLIS = 1_735_689_600_000L;

  private static final int FILES_BESIDE_CONNECTIONS = 200;

  private final Configuration configuration;
  private final EngineConfig engine;
  private final Path folder;
  private final Environment.Clock clock = Environment.system().clock();
  private final long wallAtStart = clock.wallMillis();
  private final long monotonicAtStart = clock.monotonicNanos();

  Doctor(Configuration configuration, EngineConfig engine) {
    this.configuration = configuration;
    this.engine = engine;
    this.folder = ConfigOptions.folder(configuration);
  }

  List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    findings.add(java());
    findings.add(files());
    findings.add(folder());
    if (Files.isDirectory(folder) && usable(folder)) {
      findings.add(checked("disk", this::space));
      findings.add(checked("disk", this::syncs));
      findings.add(checked("clock", this::fileClock));
    }
    findings.add(tokens());
    findings.add(checked("port", this::port));
    findings.add(engine());
    findings.add(jump());
    return findings;
  }

  private static Finding checked(String about, Callable<Finding> check) {
    try {
      return check.call();
    } catch (Exception failure) {
      return Finding.fail(about, "could not be checked: " + failure, "see that it works at all");
    }
  }

  private static Finding java() {
    int feature = Runtime.version().feature();
    String sentence = Runtime.version() + " of " + System.getProperty("java.vendor", "unknown");
    return feature >= LEAST_JAVA
        ? Finding.ok("java", sentence)
        : Finding.fail("java", sentence, "install a JDK " + LEAST_JAVA);
  }

  private Finding files() {
    if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) {
      return Finding.ok("files", "this system has no limit of open files that can be asked for");
    }
    long most = unix.getMaxFileDescriptorCount();
    int connections = configuration.server().limits().maxConnections();
    long wanted = (long) connections + FILES_BESIDE_CONNECTIONS;
    return most >= wanted
        ? Finding.ok("files", most + " may be open at once")
        : Finding.warn(
            "files",
            most + " may be open at once, fewer than max-connections " + connections + " needs",
            "raise the limit (ulimit -n " + wanted + ") or lower http.limits.max-connections");
  }

  private Finding folder() {
    Path there = existing(folder);
    if (!usable(there)) {
      return Finding.fail(
          "data", there + " is no folder that this user can write to", "name another with --data");
    }
    if (!there.equals(folder)) {
      return Finding.ok("data", folder + " is not there yet and will be created");
    }
    return others(folder).isEmpty()
        ? Finding.ok("data", folder + ", only its owner can look into it")
        : Finding.warn("data", "others can look into " + folder, "chmod 700 " + folder);
  }

  /// The folder, or the nearest one around it that is there.
  private static Path existing(Path folder) {
    Path at = folder.toAbsolutePath();
    while (!Files.exists(at) && at.getParent() != null) {
      at = at.getParent();
    }
    return at;
  }

  private static boolean usable(Path folder) {
    return Files.isDirectory(folder) && Files.isWritable(folder) && Files.isExecutable(folder);
  }

  /// What others than the owner may do with a file.
  private static Set<PosixFilePermission> others(Path path) {
    if (!Folders.isPosix()) {
      return Set.of();
    }
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
      permissions.removeIf(permission -> permission.name().startsWith("OWNER"));
      return permissions;
    } catch (IOException | UnsupportedOperationException unknown) {
      return Set.of();
    }
  }

  private Finding space() throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    String sentence = (free >> 20) + " MiB are free";
    if (free < NO_SPACE) {
      return Finding.fail("disk", sentence, "make room, jobs are refused when the disk is full");
    }
    return free < LITTLE_SPACE
        ? Finding.warn("disk", sentence, "make room before it is full")
        : Finding.ok("disk", sentence);
  }

  private Finding syncs() throws IOException {
    Path file = Files.createTempFile(folder, "doctor", ".tmp");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long[] nanos = new long[SYNCS];
      for (int i = 0; i < SYNCS; i++) {
        long began = clock.monotonicNanos();
        channel.write(ByteBuffer.allocate(4096), 4096L * i);
        channel.force(true);
        nanos[i] = clock.monotonicNanos() - began;
      }
      Arrays.sort(nanos);
      long median = nanos[SYNCS / 2];
      String sentence =
          String.format(Locale.ROOT, "a forced write takes %.2f ms", median / 1_000_000.0);
      if (median < TOO_FAST_NANOS) {
        return Finding.warn(
            "disk",
            sentence + ", too fast to have reached a disk",
            "a power cut may lose accepted jobs; use a disk that syncs");
      }
      return median > SLOW_NANOS
          ? Finding.warn("disk", sentence, "expect few jobs a second; use a faster disk")
          : Finding.ok("disk", sentence);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private Finding fileClock() throws IOException {
    Path file = Files.createTempFile(folder, "doctor", ".tmp");
    try {
      long apart = Math.abs(clock.wallMillis() - Files.getLastModifiedTime(file).toMillis());
      if (clock.wallMillis() < EARLIEST_MILLIS) {
        return Finding.fail("clock", "it is wrong by years", "set it, and run NTP");
      }
      return apart > CLOCKS_APART_MILLIS
          ? Finding.warn(
              "clock",
              "the machine's and the disk's are " + apart + " ms apart",
              "run NTP on both; run-at and cron follow the machine's")
          : Finding.ok("clock", "the machine's and the disk's agree");
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /// Whether the wall clock went as fast as the monotonic one while the other checks ran.
  private Finding jump() {
    long wall = clock.wallMillis() - wallAtStart;
    long monotonic = (clock.monotonicNanos() - monotonicAtStart) / 1_000_000;
    long apart = Math.abs(wall - monotonic);
    return apart > JUMP_MILLIS
        ? Finding.warn(
            "clock", "it jumped by " + apart + " ms just now", "let NTP slew it, not step it")
        : Finding.ok("clock", "it did not jump while this looked");
  }

  private Finding tokens() {
    Path file = folder.resolve("tokens.json");
    ServerConfig config = configuration.server();
    try {
      Tokens tokens = Tokens.in(folder, clock);
      if (Files.exists(file) && !others(file).isEmpty()) {
        return Finding.fail("tokens", "others can read " + file, "chmod 600 " + file);
      }
      return config
          .refusal(tokens.isOpen())
          .map(reason -> Finding.fail("tokens", reason, "serve would refuse to start"))
          .orElseGet(() ->
              Finding.ok(
                  "tokens",
                  tokens.isOpen()
                      ? "none, whoever is on this machine may do everything"
                      : tokens.list().size() + " in " + file));
    } catch (SluiceException | IllegalArgumentException bad) {
      return Finding.fail(
          "tokens",
          String.valueOf(bad.getMessage()),
          bad.getCause() instanceof IOException
              ? "run this as the user whom the folder belongs to, or name another with --data"
              : "mend or remove the file");
    }
  }

  private Finding port() {
    ServerConfig config = configuration.server();
    String where = config.host() + " port " + config.port();
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(config.host(), config.port()));
      return Finding.ok("port", where + " is free");
    } catch (IOException taken) {
      return Finding.warn(
          "port",
          where + ": " + taken.getMessage(),
          "if that is no Sluice that runs already, stop it or choose another http.port");
    }
  }

  private Finding engine() {
    if (engine instanceof EngineConfig.Sqlite(var file) && !Files.exists(file)) {
      Path there = existing(file);
      return usable(there)
          ? Finding.ok("engine", file + " is not there yet and will be created")
          : Finding.fail(
              "engine",
              file + " cannot be made, " + there + " is no folder that this user can write to",
              "name another with --data or in engine");
    }
    try (Engine open = engine.open()) {
      Set<String> queues = configuration.server().queues().named().keySet();
      Optional<String> unfit = unfit(open, queues);
      if (unfit.isPresent()) {
        return Finding.fail("engine", unfit.get(), "give the queue another name");
      }
      List<String> wrong = EngineConfig.check(open, queues);
      return wrong.isEmpty()
          ? Finding.ok("engine", engine.words() + " opens" + there(open, queues))
          : Finding.fail("engine", String.join("; ", wrong), advice());
    } catch (SluiceException failure) {
      String message = sentence(failure);
      return message.contains(" is held by ")
          ? Finding.warn("engine", message, "fine if that is the server that should run")
          : Finding.fail("engine", message, advice());
    } catch (IllegalArgumentException unfit) {
      return Finding.fail("engine", sentence(unfit), "mend the engine's URL");
    }
  }

  /// What a broker has now, if need be because this has made it.
  private static String there(Engine open, Set<String> queues) {
    return open.limits().brokered() && !queues.isEmpty()
        ? ", and its queues are there: " + String.join(", ", queues)
        : "";
  }

  private static String sentence(RuntimeException failure) {
    return String.valueOf(failure.getMessage()).replaceFirst("^engine: ", "");
  }

  private static Optional<String> unfit(Engine open, Set<String> queues) {
    for (String queue : queues) {
      try {
        open.requireQueue(queue);
      } catch (IllegalArgumentException unfit) {
        return Optional.of(String.valueOf(unfit.getMessage()));
      }
    }
    return Optional.empty();
  }

  private String advice() {
    return switch (engine) {
      case EngineConfig.Memory _ -> "nothing can be done";
      case EngineConfig.Sqlite _ -> "mend the file, or restore it from a backup";
      case EngineConfig.Rabbit _ ->
          "see that the broker is there, the user has rights on the prefix, and no queue was made"
              + " with other arguments";
      case EngineConfig.Sqs _ ->
          "see that the AWS credentials and rights are there, and no queue was made otherwise";
    };
  }
}
