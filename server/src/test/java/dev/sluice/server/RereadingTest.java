package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.job.SluiceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class RereadingTest {
  private int version = 1;
  private String trouble = "";
  private final AtomicInteger readings = new AtomicInteger();
  private final List<String> complaints = new ArrayList<>();
  private final Rereading<Integer> rereading = new Rereading<>(() -> version);

  private void look() {
    rereading.look(
        () -> {
          if (!trouble.isEmpty()) {
            throw new SluiceException(trouble);
          }
          readings.incrementAndGet();
        },
        bad -> complaints.add(bad.getMessage()));
  }

  @Test
  void whatDidNotChangeIsNotRead() {
    look();
    version = 2;
    look();
    look();
    assertThat(readings).hasValue(1);
    assertThat(complaints).isEmpty();
  }

  @Test
  void whatCouldNotBeReadIsTriedAgainAndComplainedAboutOnce() {
    version = 2;
    trouble = "broken";
    look();
    look();
    assertThat(complaints).containsExactly("broken");
    version = 3;
    look();
    look();
    trouble = "odd";
    look();
    assertThat(complaints).containsExactly("broken", "broken", "odd");
    trouble = "";
    look();
    look();
    assertThat(readings).hasValue(1);
    assertThat(complaints).hasSize(3);
  }
}
