package dev.sluice.sqlite;

import dev.sluice.contract.BatchContract;
import dev.sluice.contract.BoundContract;
import dev.sluice.contract.ClaimContract;
import dev.sluice.contract.CloseContract;
import dev.sluice.contract.ControlContract;
import dev.sluice.contract.DelayContract;
import dev.sluice.contract.DuplicateContract;
import dev.sluice.contract.FencingContract;
import dev.sluice.contract.InspectContract;
import dev.sluice.contract.LeaseContract;
import dev.sluice.contract.ModelContract;
import dev.sluice.contract.OfferContract;
import dev.sluice.contract.OrderContract;
import dev.sluice.contract.ReopenContract;
import dev.sluice.contract.RetentionContract;
import dev.sluice.contract.SettleContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class SqliteEngineTest
    implements OfferContract,
        BoundContract,
        DuplicateContract,
        OrderContract,
        ClaimContract,
        LeaseContract,
        FencingContract,
        SettleContract,
        DelayContract,
        ControlContract,
        InspectContract,
        RetentionContract,
        CloseContract,
        BatchContract,
        ReopenContract,
        ModelContract {
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
