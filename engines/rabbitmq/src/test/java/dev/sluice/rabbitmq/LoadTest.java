package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.job.Admission.Reason;
import org.junit.jupiter.api.Test;

final class LoadTest {
  private static final Bound THREE = new Bound(3, 1_000);
  private final Load load = new Load(0);

  private boolean admitted(int bytes) {
    return load.admit(bytes, THREE, 0, 0) == null;
  }

  @Test
  void jobsOnTheirWayCount() {
    assertThat(admitted(1)).isTrue();
    assertThat(admitted(1)).isTrue();
    assertThat(admitted(1)).isTrue();
    assertThat(load.admit(1, THREE, 0, 0)).isEqualTo(Reason.CAPACITY_JOBS);
    load.sent(1, false, 0);
    assertThat(admitted(1)).isTrue();
  }

  @Test
  void whatTheBrokerSaysHoldsWhenNothingElseCanBe() {
    load.beginDepth();
    load.depth(3, 7, 0);
    assertThat(admitted(1)).isFalse();
    assertThat(load.known(0).dead()).isEqualTo(7);
    load.beginDepth();
    load.depth(0, 0, 0);
    assertThat(admitted(1)).isTrue();
  }

  @Test
  void aDepthThatWasAskedForWhileAJobWasSentDoesNotCountItTwice() {
    assertThat(admitted(1)).isTrue();
    load.beginDepth();
    load.depth(1, 0, 0);
    load.sent(1, true, 0);
    load.beginDepth();
    load.depth(1, 0, 0);

    assertThat(load.known(0).ready()).isEqualTo(1);
  }

  @Test
  void aDepthFromBeforeAConfirmDoesNotUndoIt() {
    assertThat(admitted(1)).isTrue();
    load.beginDepth();
    load.sent(1, true, 0);
    load.depth(0, 0, 0);

    assertThat(load.known(0).ready()).isEqualTo(1);
  }

  @Test
  void jobsThatAreDueBecomeReady() {
    assertThat(admitted(10)).isTrue();
    load.sent(10, true, 5_000);
    assertThat(load.known(0).scheduled()).isEqualTo(1);
    assertThat(load.known(0).bytes()).isEqualTo(10);

    assertThat(load.known(5_000).scheduled()).isZero();
    assertThat(load.known(5_000).ready()).isEqualTo(1);
  }

  @Test
  void bytesAreBound() {
    assertThat(admitted(999)).isTrue();
    assertThat(load.admit(2, THREE, 0, 0)).isEqualTo(Reason.CAPACITY_BYTES);
    load.sent(999, true, 0);
    load.delivered(999);
    assertThat(load.admit(2, THREE, 0, 0)).isEqualTo(Reason.CAPACITY_BYTES);
    load.unbuffered(999);
    assertThat(admitted(1_000)).isTrue();
  }

  @Test
  void jobsThatAreDoneBeforeTheirSenderHearsOfThemLeaveNothingBehind() {
    for (int i = 0; i < 10; i++) {
      assertThat(admitted(300)).isTrue();
      load.delivered(300);
      load.unbuffered(300);
      load.beginDepth();
      load.depth(0, 0, 0);
      load.sent(300, true, 0);

      assertThat(load.known(0).ready()).isZero();
      assertThat(load.known(0).bytes()).isZero();
    }
  }

  @Test
  void whatOthersOfferedMakesNoRoomWhenItComes() {
    for (int i = 0; i < 5; i++) {
      load.delivered(100);
      load.unbuffered(100);
    }
    assertThat(admitted(1)).isTrue();
    assertThat(admitted(1)).isTrue();
    assertThat(admitted(1)).isTrue();
    assertThat(admitted(1)).isFalse();
  }

  @Test
  void bytesThatWereThereBeforeCountAsThoseThatAreSeen() {
    Bound bytes = new Bound(100, 1_000);
    load.beginDepth();
    load.depth(3, 0, 0);

    assertThat(load.admit(400, bytes, 0, 0)).isEqualTo(Reason.CAPACITY_BYTES);

    load.beginDepth();
    load.depth(1, 0, 0);
    assertThat(load.admit(400, bytes, 0, 0)).isNull();
  }

  @Test
  void bytesOfOthersCountWhenTheyComeIntoAnEmptyQueue() {
    Bound bytes = new Bound(100, 1_000);
    assertThat(load.admit(400, bytes, 0, 0)).isNull();
    load.sent(400, false, 0);
    load.beginDepth();
    load.depth(2, 0, 0);

    assertThat(load.known(0).bytes()).isEqualTo(800);
    assertThat(load.admit(400, bytes, 0, 0)).isEqualTo(Reason.CAPACITY_BYTES);
  }
}
