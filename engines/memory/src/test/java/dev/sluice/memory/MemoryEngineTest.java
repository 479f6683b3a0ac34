package dev.sluice.memory;

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
import dev.sluice.contract.RetentionContract;
import dev.sluice.contract.SettleContract;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;

final class MemoryEngineTest
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
        ModelContract {
  @Override
  public Engine open(Environment environment) {
    return MemoryEngine.open(environment);
  }
}
