package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class AdmissionsTest {
  private static final long SECOND = 1_000_000_000;
  private static final Bound HUNDRED = new Bound(100, 1 << 20);

  private final AtomicLong nanos = new AtomicLong(-3 * SECOND);
  private final Admissions admissions = new Admissions(new HandClock(nanos));

  private int taken(int most) {
    int taken = 0;
    while (taken < most && admissions.take(HUNDRED, 10).isEmpty()) {
      taken++;
    }
    return taken;
  }

  private void told(long waiting) {
    admissions.correct(waiting, admissions.mark());
  }

  @Test
  void anOldNumberMakesNoRoom() {
    assertThat(taken(1_000)).isEqualTo(100);
    for (int i = 0; i < Admissions.BELIEVED_SECONDS; i++) {
      told(0);
      assertThat(taken(1)).isZero();
      nanos.addAndGet(SECOND);
    }
  }

  @Test
  void whatWentElsewhereMakesRoomWhenItIsOld() {
    assertThat(taken(100)).isEqualTo(100);
    nanos.addAndGet((Admissions.BELIEVED_SECONDS + 1) * SECOND);
    told(40);
    assertThat(taken(1_000)).isEqualTo(60);
    assertThat(admissions.bytes()).isEqualTo(1_000);
    // Of the sixty nobody elsewhere can have heard more than a moment ago.
    told(0);
    assertThat(taken(1_000)).isEqualTo(40);
  }

  @Test
  void whatWentHereMakesRoomAtOnce() {
    assertThat(taken(100)).isEqualTo(100);
    for (int i = 0; i < 70; i++) {
      admissions.went(10);
    }
    told(0);
    assertThat(taken(1_000)).isEqualTo(70);
  }

  @Test
  void whatCameFromElsewhereCountsAtOnce() {
    told(95);
    assertThat(taken(1_000)).isEqualTo(5);
    told(200);
    assertThat(taken(1)).isZero();
  }
}
