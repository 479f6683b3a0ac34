package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.engine.Limits;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class QueuesTest {
  private static final QueuePolicy DEFAULTS = QueuePolicy.defaults();

  private final Queues queues =
      new Queues(
          OfferOnly.none(
              new Limits(
                  "short",
                  true,
                  false,
                  false,
                  false,
                  false,
                  false,
                  Limits.Keys.REFUSED,
                  10,
                  1000,
                  Duration.ZERO,
                  Duration.ofHours(1))));

  @BeforeEach
  void oneQueue() {
    queues.put("mail", DEFAULTS, Delivery.byType(), 0);
  }

  @Test
  @SuppressWarnings("NullAway") // What a caller compiled without null checks can do.
  void aChangeToNothingIsRefusedAndChangesNothing() {
    assertThatThrownBy(() -> queues.change("mail", _ -> null))
        .hasMessage("policy: must not be null");
    assertThat(queues.require("mail").policy()).isEqualTo(DEFAULTS);
  }

  @Test
  void aLeaseThatTheEngineCannotKeepIsRefused() {
    QueuePolicy tooLong = DEFAULTS.withLease(Duration.ofHours(2));
    String sentence = "lease: PT2H must be at most PT1H for the engine 'short'";

    assertThatThrownBy(() -> queues.put("reports", tooLong, Delivery.byType(), 0))
        .hasMessage(sentence);
    assertThat(queues.names()).containsExactly("mail");
    assertThatThrownBy(() -> queues.change("mail", _ -> tooLong)).hasMessage(sentence);
    assertThat(queues.require("mail").policy()).isEqualTo(DEFAULTS);
  }
}
