package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class HearingTest {
  private final HandClock clock = new HandClock();
  private final Hearing hearing = new Hearing(clock);

  private boolean isToBeAskedAfter(Duration time) {
    clock.pass(time);
    return hearing.isToBeAsked(clock.monotonicNanos());
  }

  @Test
  void oneAnswerThatIsOverdueIsADoubtUntilAnythingIsHeard() {
    hearing.heard();
    assertThat(isToBeAskedAfter(Duration.ofSeconds(1))).isFalse();
    long asked = clock.monotonicNanos();
    clock.pass(Duration.ofSeconds(10));
    assertThat(hearing.isToBeAsked(clock.monotonicNanos())).isFalse();

    hearing.unanswered(asked);

    assertThat(isToBeAskedAfter(Duration.ofMillis(200))).isTrue();
    assertThat(hearing.isSilent()).isFalse();
    hearing.heard();
    assertThat(isToBeAskedAfter(Duration.ofSeconds(2))).isFalse();
    assertThat(hearing.isSilent()).isFalse();
  }

  @Test
  void whoDoesNotAnswerTheSecondQuestionEitherIsSilentUntilAnythingIsHeard() {
    hearing.heard();
    clock.pass(Duration.ofMillis(1));
    long asked = clock.monotonicNanos();
    assertThat(isToBeAskedAfter(Duration.ofSeconds(10))).isFalse();
    hearing.unanswered(asked);
    assertThat(isToBeAskedAfter(Duration.ofMillis(900))).isTrue();
    assertThat(hearing.isSilent()).isFalse();
    assertThat(isToBeAskedAfter(Duration.ofMillis(200))).isTrue();
    assertThat(hearing.isSilent()).isTrue();
    assertThat(isToBeAskedAfter(Duration.ofMinutes(1))).isTrue();

    hearing.heard();

    assertThat(hearing.isSilent()).isFalse();
    assertThat(isToBeAskedAfter(Duration.ZERO)).isFalse();
  }

  @Test
  void anAnswerThatIsLateWhileOthersComeIsNoDoubt() {
    hearing.heard();
    long asked = clock.monotonicNanos();
    clock.pass(Duration.ofSeconds(9));
    hearing.heard();
    clock.pass(Duration.ofSeconds(1));

    hearing.unanswered(asked);

    assertThat(isToBeAskedAfter(Duration.ofSeconds(5))).isFalse();
    assertThat(hearing.isSilent()).isFalse();
  }
}
