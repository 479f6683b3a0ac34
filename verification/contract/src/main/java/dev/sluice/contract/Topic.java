package dev.sluice.contract;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import org.junit.jupiter.api.extension.ExtendWith;

/// What the test class of an engine says about itself. All topics extend this one.
///
/// A test gets a [Trial]: a newly opened engine in a world whose clocks stand still until the test
/// moves them. After every test [Invariants] looks over the engine, then it is closed.
///
/// The contracts look at what they did through the roles [dev.sluice.engine.Inspectable],
/// [dev.sluice.engine.Controllable], [dev.sluice.engine.Reclaiming] and
/// [dev.sluice.engine.Retaining].
@ExtendWith(TrialExtension.class)
public interface Topic {

  /// Opens an empty engine; each call another one, independent of all before.
  ///
  /// @param environment clock, randomness and threads to use
  Engine open(Environment environment);
}
