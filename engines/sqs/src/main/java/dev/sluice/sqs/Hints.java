package dev.sluice.sqs;

import dev.sluice.engine.Lease;
import java.util.function.Consumer;

/// Whom to tell that there may be work, and that a lease is over; the newest of each.
///
/// Threading: thread-safe.
final class Hints {
  private volatile Runnable onWork = () -> {};
  private volatile Consumer<Lease> onLost = _ -> {};

  void onWork(Runnable hint) {
    onWork = hint;
  }

  void onLost(Consumer<Lease> hint) {
    onLost = hint;
  }

  void work() {
    onWork.run();
  }

  void lost(Lease lease) {
    onLost.accept(lease);
  }
}
