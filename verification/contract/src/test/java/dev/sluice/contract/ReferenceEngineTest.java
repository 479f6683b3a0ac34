package dev.sluice.contract;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;

/// The specification passes its own suite, restarts included.
final class ReferenceEngineTest implements EngineContract, ReopenContract {
  @Override
  public Engine open(Environment environment) {
    return new ReferenceEngine(environment);
  }

  @Override
  public Engine reopen(Engine engine, Environment environment) {
    engine.close();
    return crash(engine, environment);
  }

  @Override
  public Engine crash(Engine engine, Environment environment) {
    return ((ReferenceEngine) engine).afterRestart(environment);
  }
}
