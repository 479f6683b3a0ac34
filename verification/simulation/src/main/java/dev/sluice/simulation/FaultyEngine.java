package dev.sluice.simulation;

import dev.sluice.contract.EngineLayer;
import dev.sluice.contract.FullEngine;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/// The durable engine's bad days: a call fails before it was done, fails after it was done so that
/// only the answer is lost, or the process dies at either point.
///
/// Threading: confined to the simulating thread.
final class FaultyEngine extends EngineLayer<FullEngine> {
  private final World world;
  private double faults;
  private double deaths;

  FaultyEngine(FullEngine inner, World world) {
    super(inner);
    this.world = world;
  }

  /// How likely each call fails, and how likely the process dies in it.
  void misbehave(double faultProbability, double deathProbability) {
    faults = faultProbability;
    deaths = deathProbability;
  }

  private <T> T faulty(Supplier<T> call) {
    if (world.crashed) {
      throw new EngineUnavailableException("the process is gone");
    }
    if (world.chance(deaths)) {
      if (world.chance(0.5)) {
        var _ = call.get();
      }
      world.crashed = true;
      throw new EngineUnavailableException("the process died");
    }
    if (world.chance(faults)) {
      if (world.chance(0.5)) {
        var _ = call.get();
        throw new EngineUnavailableException("the answer was lost");
      }
      throw new EngineUnavailableException("the write failed");
    }
    return call.get();
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    return faulty(() -> super.offer(offers));
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    return faulty(() -> super.claim(requests));
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    return faulty(() -> super.extend(leases, by));
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    return faulty(() -> super.settle(settles));
  }
}
