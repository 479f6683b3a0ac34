package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class TroubleTest {
  private static final long SECOND = 1_000_000_000;

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - SECOND);
  private final Trouble trouble = new Trouble(new HandClock(nanos));

  @Test
  void aQueueThatNobodyUsesAnyMoreIsForgotten() {
    trouble.gaveUp("mail", "the service asks to slow down");
    nanos.addAndGet(59 * SECOND);
    assertThat(trouble.sentence()).contains("queue 'mail' on SQS: the service asks to slow down");
    nanos.addAndGet(SECOND);
    assertThat(trouble.sentence()).isEmpty();
  }

  @Test
  void aQueueThatGoesOnFailingIsNot() {
    for (int i = 0; i < 10; i++) {
      trouble.failed("mail", "no connection");
      assertThat(trouble.sentence().isPresent()).isEqualTo(i >= 2);
      nanos.addAndGet(30 * SECOND);
    }
  }

  @Test
  void aQueueThatWorksIsForgottenAtOnce() {
    trouble.gaveUp("mail", "no connection");
    trouble.gaveUp("other", "no connection");
    trouble.succeeded("mail");
    assertThat(trouble.sentence()).contains("queue 'other' on SQS: no connection");
  }
}
