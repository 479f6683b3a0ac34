package dev.sluice.app;

import dev.sluice.contract.EngineLayer;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import dev.sluice.memory.MemoryEngine;
import java.util.List;

/// An engine that takes no job: its disk is full.
///
/// Threading: thread-safe.
final class BrokenOffers extends EngineLayer<MemoryEngine> {
  static final String SENTENCE = "no room is left on the disk";

  BrokenOffers(MemoryEngine engine) {
    super(engine);
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    throw new EngineUnavailableException(SENTENCE);
  }
}
