package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BrokerContract;
import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Settlement;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.DeathReason;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/// The contract of engines on brokers, on standard queues.
final class SqsContractTest implements BrokerContract {
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
        "sqs:eu-central-1?endpoint=" + server.uri() + "&prefix=" + space + "-",
        Environment.system(),
        Desk.TUNING,
        StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")));
  }

  /// As in the contract, with a delay that SQS can hold.
  @Test
  @Override
  public void countsAreRightAfterAWhile() {
    try (Desk desk = new Desk(server.uri(), "", Desk.TUNING)) {
      desk.accepted(5);
      desk.accepted(desk.delayed(Duration.ofMinutes(14)));
      Claim dead = desk.claimOne();
      desk.applied(
          dead, new Settlement.Bury(DeathReason.BURIED, desk.attempt(dead, AttemptOutcome.FAILED)));
      desk.claimOne();
      desk.until(
          "count",
          () -> {
            Counts counts = desk.engine.counts("mail");
            return counts.ready() == 3
                && counts.scheduled() == 1
                && counts.running() == 1
                && counts.dead() == 1;
          });
      assertThat(desk.engine.queues()).containsExactly("mail");
    }
  }
}
