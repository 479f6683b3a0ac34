package dev.sluice.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class JobIdTest {
  @Test
  void theTextFormComesBackAsTheSameId() {
    JobId id = new JobId(0x019b_7600_0000_7001L, 0x8000_0000_0000_002aL);
    assertThat(id).hasToString("019b7600-0000-7001-8000-00000000002a");
    assertThat(JobId.parse(id.toString())).isEqualTo(id).hasSameHashCodeAs(id);
  }

  @Test
  void idsSortAsTheirTextDoes() {
    assertThat(Stream.of(new JobId(-1, 0), new JobId(1, -1), new JobId(1, 1)).sorted())
        .containsExactly(new JobId(1, 1), new JobId(1, -1), new JobId(-1, 0));
  }

  @Test
  void namesAreOfAFewSafeCharacters() {
    String longest = "aZ09._-".repeat(18) + "ab";
    assertThat(Names.require("queue", longest)).isEqualTo(longest).hasSize(Names.MAX_LENGTH);
  }
}
