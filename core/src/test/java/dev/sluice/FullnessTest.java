package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Fullness.Room;
import org.junit.jupiter.api.Test;

final class FullnessTest {
  private static final long MILLI = 1_000_000;

  private final Fullness fullness = new Fullness();

  @Test
  void nothingIsKnownOfAQueueThatWasNeverFull() {
    assertThat(fullness.room(10, 0, 0)).isEqualTo(Room.LIKELY);
  }

  @Test
  void oneMayTryForEachJobThatStarted() {
    fullness.full(10, 5, 0);

    assertThat(fullness.room(10, 5, 0)).isEqualTo(Room.NONE);
    assertThat(fullness.room(10, 7, 0)).isEqualTo(Room.LIKELY);
    assertThat(fullness.room(10, 7, 0)).isEqualTo(Room.LIKELY);
    assertThat(fullness.room(10, 7, 0)).isEqualTo(Room.NONE);
  }

  @Test
  void oneMayTryInDoubtEvery100Milliseconds() {
    fullness.full(10, 5, 0);

    assertThat(fullness.room(10, 5, 99 * MILLI)).isEqualTo(Room.NONE);
    assertThat(fullness.room(10, 5, 100 * MILLI)).isEqualTo(Room.DOUBTFUL);
    assertThat(fullness.room(10, 5, 100 * MILLI)).isEqualTo(Room.NONE);
    assertThat(fullness.room(10, 5, 200 * MILLI)).isEqualTo(Room.DOUBTFUL);
  }

  @Test
  void anotherCapacityOrRoomMadeElsewhereEndsIt() {
    fullness.full(10, 5, 0);
    assertThat(fullness.room(11, 5, 0)).isEqualTo(Room.LIKELY);
    assertThat(fullness.room(10, 5, 0)).isEqualTo(Room.NONE);

    fullness.clear();

    assertThat(fullness.room(10, 5, 0)).isEqualTo(Room.LIKELY);
  }
}
