package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class RefusalsTest {
  private final HandClock clock = new HandClock();
  private final Refusals refusals = new Refusals(clock);

  @Test
  void aQueueThatNobodyUsesAnyMoreIsNoTroubleAfterAMinute() {
    refusals.add("mail", "no");
    clock.pass(Duration.ofSeconds(60));
    assertThat(refusals.first()).contains("no");
    clock.pass(Duration.ofSeconds(1));
    assertThat(refusals.first()).isEmpty();
  }

  @Test
  void aQueueThatIsUsedStaysOne() {
    for (int i = 0; i < 10; i++) {
      refusals.add("mail", "no");
      clock.pass(Duration.ofSeconds(30));
      assertThat(refusals.first()).contains("no");
    }
    refusals.remove("mail");
    assertThat(refusals.first()).isEmpty();
  }
}
