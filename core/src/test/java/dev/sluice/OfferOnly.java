package dev.sluice;

import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Limits;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.job.Admission;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/// An engine that only takes offers, as the test says.
record OfferOnly(Limits limits, Function<List<Offer>, List<Admission>> answer) implements Engine {
  /// One that is only asked what it can hold.
  static OfferOnly none(Limits limits) {
    return new OfferOnly(
        limits,
        _ -> {
          throw new UnsupportedOperationException();
        });
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    return answer.apply(offers);
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void onWork(Runnable hint) {}

  @Override
  public void close() {}
}
