package dev.sluice.battery;

import java.io.IOException;

/// How a broker goes away and comes back: RabbitMQ is killed, and ElasticMQ, which keeps its
/// messages in memory, falls silent.
///
/// Threading: as the broker.
interface Outage {
  /// The broker is gone, without a warning.
  void begin() throws IOException, InterruptedException;

  /// It is back when this returns.
  void end() throws IOException, InterruptedException;
}
