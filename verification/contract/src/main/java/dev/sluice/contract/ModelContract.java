package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import org.junit.jupiter.api.Test;

/// Random sequences of commands, on which the engine under test and an oracle must agree in every
/// answer and in everything that can be seen after it. For engines with all roles.
///
/// A failure prints the seed and the shortest sequence found that still fails. Set the system
/// property `sluice.model.seed` to start from another seed than 1.
public interface ModelContract extends Topic {

  /// The engine that is believed.
  default Engine oracle(Environment environment) {
    return new ReferenceEngine(environment);
  }

  /// How many sequences are tried; each opens the engine anew.
  default int modelRuns() {
    return 150;
  }

  /// How many commands a sequence has.
  default int modelLength() {
    return 60;
  }

  @Test
  default void theEngineCannotBeToldFromItsOracle() {
    Model model = new Model(this::open, this::oracle);
    long first = Long.getLong("sluice.model.seed", 1);
    for (long seed = first; seed < first + modelRuns(); seed++) {
      assertThat(model.disagreement(seed, modelLength())).isEmpty();
    }
  }
}
