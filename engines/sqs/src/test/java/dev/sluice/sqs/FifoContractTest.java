package dev.sluice.sqs;

import dev.sluice.contract.BrokerContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import org.junit.jupiter.api.extension.ExtendWith;

/// The contract of engines on brokers, on FIFO queues.
@ExtendWith(OwnElastic.class)
final class FifoContractTest implements BrokerContract {
  private final Elastic server;

  FifoContractTest(Elastic server) {
    this.server = server;
  }

  @Override
  public Engine open(String space) {
    return Desk.open(server.uri(), space + "-", "&fifo=true", Environment.system(), Desk.TUNING);
  }
}
