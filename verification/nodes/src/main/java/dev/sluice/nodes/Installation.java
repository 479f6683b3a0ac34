package dev.sluice.nodes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where RabbitMQ stands: on this machine, or in a root folder with another Debian, whose programs
/// are run in there (`chroot`), so that a version can be tried that this machine has not.
///
/// Threading: immutable.
///
/// @param root the root folder; null for this machine
record Installation(@Nullable Path root) {
  private static final String SCRIPTS = "/usr/lib/rabbitmq/bin";
  private static final String VARIABLE = "SLUICE_TEST_RABBITMQ_ROOT";

  /// Where the programs find the folder of a node when they run inside of a root.
  private static final Path INSIDE = Path.of("/mnt");

  // What is mounted is seen by this process and its children alone, and gone with them. Each `exec`
  // keeps the process, so the one that is started here is the one to kill.
  private static final String ENTER =
      """
      root=$1 home=$2 && shift 2 &&
      mount -t proc proc "$root/proc" && mount --bind "$home" "$root/mnt" &&
      exec chroot "$root" "$@"
      """;

  /// The one that `SLUICE_TEST_RABBITMQ_ROOT` names, or else this machine's.
  ///
  /// @throws IOException in one sentence, when there is no RabbitMQ
  static Installation ofEnvironment() throws IOException {
    String given = System.getenv(VARIABLE);
    Installation found =
        new Installation(given == null || given.isEmpty() ? null : Path.of(given).toRealPath());
    found.requireRabbit();
    return found;
  }

  private void requireRabbit() throws IOException {
    Path here = root == null ? Path.of(SCRIPTS) : root.resolve(SCRIPTS.substring(1));
    if (!Files.isDirectory(here)) {
      throw new IOException(
          root == null
              ? "RabbitMQ is not installed: install the package rabbitmq-server (the service itself"
                  + " need not run)"
              : VARIABLE
                  + ": '"
                  + root
                  + "' must be a root folder in which rabbitmq-server stands");
    }
  }

  /// A script of RabbitMQ's.
  String script(String name) {
    return SCRIPTS + "/" + name;
  }

  /// What the programs call the folder of a node.
  Path inside(Path home) {
    return root == null ? home : INSIDE;
  }

  /// The command as it is to be started here.
  List<String> command(Path home, List<String> inside) {
    if (root == null) {
      return inside;
    }
    List<String> command = new ArrayList<>();
    command.addAll(List.of("unshare", "--mount", "sh", "-c", ENTER, "sh"));
    command.add(root.toString());
    command.add(home.toString());
    command.addAll(inside);
    return command;
  }
}
