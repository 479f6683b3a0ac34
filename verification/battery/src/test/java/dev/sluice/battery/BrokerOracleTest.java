package dev.sluice.battery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// That the oracle of brokers notices what it must, and bears what brokers may do.
final class BrokerOracleTest {
  @TempDir private Path work;
  private BrokerOracle oracle;

  @BeforeEach
  void open() throws IOException {
    oracle = new BrokerOracle(work.resolve("oracle.log"));
    oracle.begin();
  }

  @AfterEach
  void close() throws IOException {
    oracle.close();
  }

  @Test
  void notices_a_lost_job() {
    tell("ACK a s", "START a 1 s", "STOP a");
    oracle.findLost();
    assertThat(oracle.violations())
        .containsExactly("process 1: job a was acknowledged and never finished, newest epoch 1");
    assertThat(oracle.tally().outstanding).isEqualTo(1);
  }

  @Test
  void counts_a_job_that_was_finished_again_once() {
    tell("ACK a s", "FINISHED a", "FINISHED a", "FINISHED a");
    oracle.findLost();
    assertThat(oracle.violations()).isEmpty();
    assertThat(oracle.tally().outstanding).isZero();
    assertThat(oracle.tally().finishedAgain).isEqualTo(1);
  }

  @Test
  void bears_a_job_that_ends_before_its_acknowledgement_is_heard() {
    tell("START a 1 s", "FINISHED a");
    assertThat(oracle.tally().unheard).isEqualTo(1);
    tell("ACK a s");
    oracle.findLost();
    assertThat(oracle.violations()).isEmpty();
    assertThat(oracle.tally().unheard).isZero();
    assertThat(oracle.tally().outstanding).isZero();
  }

  @Test
  void notices_a_dead_job() {
    tell("DIED a 3 POISON its worker died");
    assertThat(oracle.violations())
        .containsExactly("process 1: job a is dead: DIED a 3 POISON its worker died");
  }

  @Test
  void notices_the_payload_of_another_job() {
    tell("ACK a s", "START a 1 t");
    assertThat(oracle.violations())
        .containsExactly("process 1: job a came with the payload of another");
  }

  @Test
  void counts_epochs_that_are_not_higher() {
    tell("START a 1 s", "STOP a", "START a 2 s", "STOP a", "START a 2 s", "STOP a");
    assertThat(oracle.tally().oldEpochs).isEqualTo(1);
    assertThat(oracle.tally().atOnce).isZero();
  }

  private void tell(String... facts) {
    for (String fact : facts) {
      oracle.take(fact);
    }
  }
}
