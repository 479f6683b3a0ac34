package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Environment;
import dev.sluice.job.JobId;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class IdsTest {
  private static final long START = 1_767_225_600_000L;
  private final AtomicLong wall = new AtomicLong(START);
  private final Ids ids =
      new Ids(
          new Environment.Clock() {
            @Override
            public long wallMillis() {
              return wall.get();
            }

            @Override
            public long monotonicNanos() {
              return 0;
            }
          },
          new Random(1));

  @Test
  void idsAreUuidsOfVersionSevenWithTheTimeInFront() {
    JobId id = ids.next();
    UUID uuid = UUID.fromString(id.toString());
    assertThat(uuid.version()).isEqualTo(7);
    assertThat(uuid.variant()).isEqualTo(2);
    assertThat(id.high() >>> 16).isEqualTo(START);
  }

  @Test
  void idsAscendAlsoWhenTheClockStandsStillOrGoesBack() {
    JobId before = ids.next();
    for (int i = 0; i < 20_000; i++) {
      wall.addAndGet(i % 3 == 0 ? -5 : 0);
      JobId next = ids.next();
      assertThat(next).isGreaterThan(before);
      assertThat(next.arrival()).isEqualTo(before.arrival() + 1);
      before = next;
    }
  }

  @Test
  void aReservedRangeIsNobodyElses() {
    long first = ids.reserve(100, START);
    assertThat(ids.id(first + 99).arrival()).isEqualTo(first + 99);
    assertThat(ids.next().arrival()).isEqualTo(first + 100);
  }
}
