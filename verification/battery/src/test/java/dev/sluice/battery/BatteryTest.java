package dev.sluice.battery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The short form of `verification/battery/kill`, and that the oracle notices what it must.
final class BatteryTest {
  @TempDir private Path work;

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void loses_nothing_when_killed() throws IOException, InterruptedException {
    assertThat(Battery.kill(work, 5, 1)).isTrue();
  }

  @Test
  void the_oracle_notices_a_second_end() throws IOException {
    assertThat(violations("END a SUCCEEDED", "END a DEAD"))
        .containsExactly("process 1: job a ended twice: SUCCEEDED, then DEAD");
  }

  @Test
  void the_oracle_notices_a_start_after_the_end() throws IOException {
    assertThat(violations("START a 1 1", "STOP a 1", "END a SUCCEEDED", "START a 2 2"))
        .containsExactly("process 1: job a was started after it had ended");
  }

  @Test
  void the_oracle_notices_two_runs_at_once() throws IOException {
    assertThat(violations("START a 1 1", "START a 2 2"))
        .containsExactly("process 1: job a ran twice at once");
  }

  @Test
  void the_oracle_notices_an_epoch_that_went_back() throws IOException {
    assertThat(violations("START a 1 2", "STOP a 2", "START a 2 2"))
        .containsExactly("process 1: job a was started with epoch 2 after 2");
  }

  @Test
  void the_oracle_notices_an_overrun_bound() throws IOException {
    assertThat(violations("OPEN 501 500 0")).isEmpty();
    assertThat(violations("OPEN 501 501 0"))
        .containsExactly("process 1: 501 jobs were taken beyond a capacity of 500");
  }

  @Test
  void the_audit_notices_a_lost_job() throws IOException, InterruptedException {
    try (Battery battery = new Battery(work, work.resolve("jobs.db"), 1)) {
      battery.oracle().begin();
      battery.oracle().take("ACK 01900000-0000-7000-8000-000000000000");
      battery.audit(true);
      assertThat(battery.oracle().violations())
          .containsExactly(
              "process 1: job 01900000-0000-7000-8000-000000000000 was acknowledged and is lost");
    }
  }

  private List<String> violations(String... facts) throws IOException {
    try (Oracle oracle = new Oracle(work.resolve("oracle.log"))) {
      oracle.begin();
      for (String fact : facts) {
        oracle.take(fact);
      }
      return oracle.violations();
    }
  }
}
