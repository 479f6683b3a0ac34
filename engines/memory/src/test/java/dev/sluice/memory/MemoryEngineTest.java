package dev.sluice.memory;

import dev.sluice.contract.EngineContract;
import dev.sluice.contract.ModelContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;

final class MemoryEngineTest implements EngineContract, ModelContract {
  @Override
  public Engine open(Environment environment) {
    return MemoryEngine.open(environment);
  }
}
