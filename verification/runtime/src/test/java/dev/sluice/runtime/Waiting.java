package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Workers.Leased;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/// Threads of workers elsewhere that wait for jobs.
///
/// Threading: confined to the test.
final class Waiting implements AutoCloseable {
  private final List<Worker> workers = new ArrayList<>();

  Worker worker(Callable<List<Leased>> lease) {
    Worker worker = new Worker(lease);
    workers.add(worker);
    return worker;
  }

  /// One of them.
  static final class Worker {
    private final CompletableFuture<List<Leased>> answer = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean interrupted;

    Worker(Callable<List<Leased>> lease) {
      thread =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  List<Leased> leased = lease.call();
                  interrupted = Thread.currentThread().isInterrupted();
                  answer.complete(leased);
                } catch (Throwable failure) {
                  answer.completeExceptionally(failure);
                }
              });
    }

    /// Waits until it stands in line: only there it waits with a time.
    void awaitWaiting() {
      Rig.await(
          "it waits for jobs",
          () -> {
            assertThat(answer).isNotDone();
            return thread.getState() == Thread.State.TIMED_WAITING;
          });
    }

    void interrupt() {
      thread.interrupt();
    }

    boolean wasInterrupted() {
      return interrupted;
    }

    /// What it was given.
    List<Leased> leased() {
      return answer.join();
    }
  }

  @Override
  public void close() {
    workers.forEach(Worker::interrupt);
    workers.forEach(worker -> worker.answer.handle((_, _) -> true).join());
  }
}
