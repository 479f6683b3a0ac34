package dev.sluice.sqs;

import java.net.URI;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;

/// An ElasticMQ in this process, with the limits of SQS, on a free port.
///
/// Threading: thread-safe.
final class Elastic implements AutoCloseable {
  private final SQSRestServer server;
  private final int port;

  Elastic() {
    server = SQSRestServerBuilder.withInterface("127.0.0.1").withDynamicPort().start();
    port = server.waitUntilStarted().localAddress().getPort();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  @Override
  public void close() {
    server.stopAndWait();
  }
}
