package dev.sluice.battery;

import dev.sluice.nodes.Freeze;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;

/// An ElasticMQ in a process of its own, on loopback. It keeps its messages in memory, so it is
/// never killed before the end: in an outage it is frozen.
///
/// Threading: confined to the driver's thread; [#close] may also be called by the thread that ends
/// the process.
final class ElasticServer implements AutoCloseable, Outage {
  private final Process process;
  private final String url;

  private ElasticServer(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /// Tells its port, and serves until its input ends.
  public static void main(String[] args) throws IOException {
    SQSRestServer server =
        SQSRestServerBuilder.withInterface("127.0.0.1").withDynamicPort().start();
    int port = server.waitUntilStarted().localAddress().getPort();
    try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
      out.write((port + "\n").getBytes(StandardCharsets.US_ASCII));
      while (System.in.read() >= 0) {}
    }
    Runtime.getRuntime().halt(0);
  }

  /// Starts one and waits until it answers.
  ///
  /// @param libraries where ElasticMQ is; victims do not have it
  static ElasticServer start(Path work, Path libraries) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path")
                    + System.getProperty("path.separator")
                    + libraries.resolve("*"),
                ElasticServer.class.getName())
            .redirectError(ProcessBuilder.Redirect.appendTo(work.resolve("server.log").toFile()))
            .start();
    BufferedReader words = process.inputReader();
    String port = words.readLine();
    if (port == null) {
      throw new IOException("ElasticMQ did not start, see " + work.resolve("server.log"));
    }
    return new ElasticServer(process, "sqs:eu-central-1?endpoint=http://127.0.0.1:" + port);
  }

  String url() {
    return url;
  }

  @Override
  public void begin() throws IOException, InterruptedException {
    Freeze.begin(process.toHandle());
  }

  @Override
  public void end() throws IOException, InterruptedException {
    Freeze.end(process.toHandle());
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
