package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Extension;
import dev.sluice.job.JobId;
import dev.sluice.sqs.CutProxy.Side;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A connection that is cut somewhere in a dialogue: nothing that was accepted is lost, and the
/// engine goes on by itself.
@ExtendWith(OwnElastic.class)
final class CutTest {
  /// How far apart the cuts are, in bytes. With `-Dsluice.cut.step=1` there is one at every byte,
  /// which takes an hour.
  private static final int STEP = Integer.getInteger("sluice.cut.step", 397);

  private final Elastic server;

  CutTest(Elastic server) {
    this.server = server;
  }

  @ParameterizedTest
  @CsvSource({"REQUEST, false", "ANSWER, false", "REQUEST, true", "ANSWER, true"})
  void aCutCostsNoJob(Side side, boolean fifo) {
    try (CutProxy proxy = new CutProxy(server.uri());
        Desk desk = new Desk(proxy.uri(), fifo ? "&fifo=true" : "", Desk.TUNING)) {
      desk.lease(Duration.ofSeconds(2));
      hold(desk);
      int cuts = 0;
      boolean cut = true;
      for (long after = 0; cut; after += STEP) {
        proxy.cut(side, after);
        hold(desk);
        cut = proxy.wasCut();
        cuts += cut ? 1 : 0;
      }
      assertThat((long) cuts * STEP).as("bytes of one dialogue").isGreaterThan(1_000);
      desk.until(
          "be empty",
          () -> {
            Counts counts = desk.engine.counts("mail");
            return counts.waiting() + counts.running() == 0;
          });
      assertThat(desk.engine.dead("mail", 10)).isEmpty();
      assertThat(desk.engine.trouble()).isEmpty();
    }
  }

  /// One dialogue.
  private static void hold(Desk desk) {
    JobId id = desk.accepted(desk.job());
    Claim claim = desk.claimOne();
    assertThat(claim.job().id()).isEqualTo(id);
    assertThat(desk.engine.extend(List.of(claim.lease()), Desk.LEASE))
        .containsExactly(Extension.EXTENDED);
    desk.completed(claim);
  }
}
