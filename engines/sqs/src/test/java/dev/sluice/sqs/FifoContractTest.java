package dev.sluice.sqs;

import dev.sluice.contract.BrokerContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/// The contract of engines on brokers, on FIFO queues.
final class FifoContractTest implements BrokerContract {
  private static Elastic server;

  @BeforeAll
  static void start() {
    server = new Elastic();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Override
  public Engine open(String space) {
    return SqsEngine.open(
        "sqs:eu-central-1?endpoint=" + server.uri() + "&fifo=true&prefix=" + space + "-",
        Environment.system(),
        Desk.TUNING,
        StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")));
  }
}
