package dev.sluice;

/// Is told what happens to jobs, after it was recorded.
///
/// Called on Sluice's own threads, one event after the other for each job: a listener must be quick
/// and hand slow work elsewhere. What it throws is logged and goes no further. A listener cannot
/// close its Sluice, because the close waits for the thread that calls the listener.
@FunctionalInterface
public interface JobListener {
  void on(JobEvent event);
}
