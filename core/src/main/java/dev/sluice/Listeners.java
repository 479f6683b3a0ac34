package dev.sluice;

import java.util.List;

/// Everybody who wants to know what happens to jobs.
///
/// Threading: immutable; a listener may be called on several threads at once.
final class Listeners {
  private static final System.Logger LOG = System.getLogger("dev.sluice.listener");

  private final List<JobListener> all;

  Listeners(List<JobListener> all) {
    this.all = List.copyOf(all);
  }

  /// Whether nobody listens, so that no event need be made.
  boolean isEmpty() {
    return all.isEmpty();
  }

  void tell(JobEvent event) {
    for (JobListener listener : all) {
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
}
