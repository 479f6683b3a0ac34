package dev.sluice;

import java.util.List;

/// Everybody who wants to know what happens to jobs.
///
/// Threading: thread-safe; a listener may be called on several threads at once.
final class Listeners {
  private static final System.Logger LOG = System.getLogger("dev.sluice.listener");

  private final List<JobListener> all;

  /// Whether this thread is inside a listener at the moment.
  private final ThreadLocal<Boolean> telling = ThreadLocal.withInitial(() -> false);

  Listeners(List<JobListener> all) {
    this.all = List.copyOf(all);
  }

  /// Whether nobody listens, so that no event need be made.
  boolean isEmpty() {
    return all.isEmpty();
  }

  /// Refuses what would wait for the very thread that asks: a listener runs on a loop of Sluice,
  /// and its close waits for all of them.
  void requireOutside() {
    if (telling.get()) {
      throw new IllegalStateException(
          "close: a listener must not close its own Sluice; let another thread close it");
    }
  }

  void tell(JobEvent event) {
    // Inside already: a listener that enqueues or cancels may cause another event here.
    boolean outer = telling.get();
    telling.set(true);
    try {
      all.forEach(listener -> tell(listener, event));
    } finally {
      telling.set(outer);
    }
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
