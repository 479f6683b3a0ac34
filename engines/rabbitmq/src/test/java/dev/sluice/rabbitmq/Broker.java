package dev.sluice.rabbitmq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.sluice.nodes.RabbitNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A RabbitMQ broker for tests: a private node in a temporary folder, gone without a trace when it
/// is closed. Or the one that `SLUICE_TEST_AMQP_URL` names, which is left as it is.
///
/// Threading: confined to the test.
final class Broker implements AutoCloseable {
  private final String url;
  private final @Nullable RabbitNode node;
  private final @Nullable Path home;

  private Broker(String url, @Nullable RabbitNode node, @Nullable Path home) {
    this.url = url;
    this.node = node;
    this.home = home;
  }

  /// What is done to a node before it starts.
  interface Configuration {
    void on(RabbitNode node) throws IOException;
  }

  /// The broker that the environment names, or else a private one.
  static Broker any() {
    String given = System.getenv("SLUICE_TEST_AMQP_URL");
    return given == null || given.isEmpty() ? own() : new Broker(given, null, null);
  }

  /// A private broker, which a test may kill.
  static Broker own() {
    return own(_ -> {});
  }

  /// As [#own()], with more in its configuration.
  static Broker own(Configuration configuration) {
    try {
      Path home = Files.createTempDirectory("sluice-rabbit");
      RabbitNode node = RabbitNode.in(home, RandomGenerator.getDefault());
      configuration.on(node);
      // Also when somebody ends the tests: the node is no child that would notice.
      Runtime.getRuntime().addShutdownHook(new Thread(node::close, "end of the node"));
      Broker broker = new Broker(node.url(), node, home);
      boolean started = false;
      try {
        broker.start();
        started = true;
      } finally {
        if (!started) {
          broker.close();
        }
      }
      return broker;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /// The URL of the broker, with a prefix of its own.
  String url(String prefix) {
    return url(url, prefix);
  }

  static String url(String url, String prefix) {
    return url + (url.contains("?") ? "&" : "?") + "prefix=" + prefix + ".";
  }

  String url() {
    return url;
  }

  /// A connection of the bare client.
  Connection connect() throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(url);
    return factory.newConnection();
  }

  RabbitNode node() {
    if (node == null) {
      throw new IllegalStateException("this broker belongs to somebody else");
    }
    return node;
  }

  /// Starts the node, again after [#kill].
  void start() {
    done(node -> {
      node.start();
      return "";
    });
  }

  /// Ends the node without a warning, as `kill -9`.
  void kill() {
    done(node -> {
      node.kill();
      return "";
    });
  }

  /// SIGSTOP: its connections stay, and nothing on them is answered.
  void freeze() {
    done(node -> {
      node.freeze();
      return "";
    });
  }

  void thaw() {
    done(node -> {
      node.thaw();
      return "";
    });
  }

  /// Runs `rabbitmqctl` against the node.
  String control(String... arguments) {
    return done(node -> node.control(arguments));
  }

  private interface Deed {
    String on(RabbitNode node) throws IOException, InterruptedException;
  }

  private String done(Deed deed) {
    try {
      return deed.on(node());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  /// Ends a private broker and deletes what it left.
  @Override
  public void close() {
    if (node == null || home == null) {
      return;
    }
    kill();
    node.close();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
