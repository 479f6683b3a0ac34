package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Environment;
import org.junit.jupiter.api.Test;

final class RefusalsTest {
  private static final long SECOND = 1_000_000_000L;
  private final Hands hands = new Hands();
  private final Refusals refusals = new Refusals(hands);

  /// A clock that is moved by hand.
  ///
  /// Threading: confined to the test.
  private static final class Hands implements Environment.Clock {
    long nanos;

    @Override
    public long wallMillis() {
      return nanos / 1_000_000;
    }

    @Override
    public long monotonicNanos() {
      return nanos;
    }
  }

  @Test
  void aQueueThatNobodyUsesAnyMoreIsNoTroubleAfterAMinute() {
    refusals.add("mail", "no");
    hands.nanos += 60 * SECOND;
    assertThat(refusals.first()).contains("no");
    hands.nanos += SECOND;
    assertThat(refusals.first()).isEmpty();
  }

  @Test
  void aQueueThatIsUsedStaysOne() {
    for (int i = 0; i < 10; i++) {
      refusals.add("mail", "no");
      hands.nanos += 30 * SECOND;
      assertThat(refusals.first()).contains("no");
    }
    refusals.remove("mail");
    assertThat(refusals.first()).isEmpty();
  }
}
