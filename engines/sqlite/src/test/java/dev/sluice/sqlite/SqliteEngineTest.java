package dev.sluice.sqlite;

import dev.sluice.contract.EngineContract;
import dev.sluice.contract.ModelContract;
import dev.sluice.contract.ReopenContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class SqliteEngineTest implements EngineContract, ReopenContract, ModelContract {
  private final Shelf shelf;

  SqliteEngineTest(@TempDir Path directory) {
    shelf = new Shelf(directory);
  }

  @Override
  public Engine open(Environment environment) {
    return shelf.open(environment);
  }

  @Override
  public Engine oracle(Environment environment) {
    return MemoryEngine.open(environment);
  }

  @Override
  public Engine reopen(Engine engine, Environment environment) {
    return shelf.reopen(engine, environment);
  }

  @Override
  public Engine crash(Engine engine, Environment environment) {
    return shelf.crash(engine, environment);
  }
}
