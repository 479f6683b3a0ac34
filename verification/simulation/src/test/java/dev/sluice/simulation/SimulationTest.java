package dev.sluice.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.List;
import java.util.logging.LogManager;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SimulationTest {
  private static final long SEEDS = 10_000;
  private static final long SEEDS_FOR_A_BUG = 10_000;

  @BeforeAll
  static void silence() {
    LogManager.getLogManager().reset();
  }

  @Test
  void everyInvariantHoldsOverTenThousandSeeds() {
    List<String> failures =
        LongStream.range(0, SEEDS)
            .parallel()
            .mapToObj(SimulationTest::failure)
            .flatMap(List::stream)
            .limit(5)
            .toList();

    assertThat(failures).isEmpty();
  }

  @Test
  void aSeedReplaysExactly() {
    for (long seed = 0; seed < 200; seed++) {
      assertThat(Simulation.run(seed, Bug.NONE))
          .describedAs("seed %s", seed)
          .isEqualTo(Simulation.run(seed, Bug.NONE));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aPlantedBugIsFound(Bug bug) {
    for (long seed = 0; seed < SEEDS_FOR_A_BUG; seed++) {
      try {
        Simulation.run(seed, bug);
      } catch (AssertionError found) {
        return;
      }
    }
    fail(bug + " was not found in " + SEEDS_FOR_A_BUG + " seeds");
  }

  private static List<String> failure(long seed) {
    try {
      Simulation.run(seed, Bug.NONE);
      return List.of();
    } catch (AssertionError violated) {
      return List.of(String.valueOf(violated.getMessage()));
    }
  }
}
