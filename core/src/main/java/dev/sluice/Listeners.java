package dev.sluice;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/// Everybody who wants to know what happens to jobs. Bounded by [#MOST].
///
/// Threading: thread-safe; a listener may be called on several threads at once.
final class Listeners {
  /// Each costs a call of every event.
  static final int MOST = 100;

  private static final System.Logger LOG = System.getLogger("dev.sluice.listener");

  /// Whose listener this thread is inside of at the moment.
  private static final ScopedValue<Listeners> TELLING = ScopedValue.newInstance();

  private final AtomicReference<List<JobListener>> all;

  Listeners(List<JobListener> all) {
    this.all = new AtomicReference<>(List.copyOf(all));
  }

  /// Adds somebody.
  ///
  /// @return undoes it
  /// @throws IllegalStateException when there are too many
  Runnable add(JobListener listener) {
    Objects.requireNonNull(listener, "listener: must not be null");
    all.updateAndGet(before -> {
      if (before.size() >= MOST) {
        throw new IllegalStateException("listeners: there are " + MOST + ", no more are taken");
      }
      return Stream.concat(before.stream(), Stream.of(listener)).toList();
    });
    return () ->
        all.updateAndGet(before -> before.stream().filter(one -> !one.equals(listener)).toList());
  }

  /// Whether nobody listens, so that no event need be made.
  boolean isEmpty() {
    return everybody().isEmpty();
  }

  private List<JobListener> everybody() {
    return Objects.requireNonNull(all.get());
  }

  /// Refuses what would wait for the very thread that asks: a listener runs on a loop of Sluice,
  /// and its close waits for all of them.
  void requireOutside() {
    if (TELLING.isBound() && TELLING.get() == this) {
      throw new IllegalStateException(
          "close: a listener must not close its own Sluice; let another thread close it");
    }
  }

  void tell(JobEvent event) {
    ScopedValue.where(TELLING, this)
        .run(() -> everybody().forEach(listener -> tell(listener, event)));
  }

  private static void tell(JobListener listener, JobEvent event) {
    try {
      listener.on(event);
    } catch (Throwable failure) {
      // An Error of a listener must not take the dispatcher or the settler with it.
      LOG.log(
          System.Logger.Level.WARNING,
          "listener " + listener.getClass().getName() + " failed on " + event,
          failure);
    }
  }
}
