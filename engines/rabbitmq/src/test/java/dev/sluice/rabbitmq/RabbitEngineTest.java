package dev.sluice.rabbitmq;

import dev.sluice.contract.BrokerContract;
import dev.sluice.engine.Engine;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

final class RabbitEngineTest implements BrokerContract {
  private static Broker broker;

  @BeforeAll
  static void startBroker() {
    broker = Broker.any();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Override
  public Engine open(String space) {
    return RabbitEngine.open(broker.url(space) + "&keys=carry");
  }
}
