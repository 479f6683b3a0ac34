package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Where one SQS queue is: looked for once, known until it is said to be gone.
///
/// Threading: thread-safe. Whoever comes while somebody looks waits for the same answer.
///
/// @param <T> what is known of it
final class Place<T> {
  private final String queue;
  private final Function<Patience, T> look;
  private final AtomicReference<@Nullable FutureTask<T>> found = new AtomicReference<>();

  /// @param queue the Sluice queue, for sentences
  /// @param look finds the SQS queue, and makes it when it is missing
  Place(String queue, Function<Patience, T> look) {
    this.queue = queue;
    this.look = look;
  }

  /// What is known already; asks nobody.
  Optional<T> known() {
    FutureTask<T> task = found.get();
    return task != null && task.state() == Future.State.SUCCESS
        ? Optional.of(task.resultNow())
        : Optional.empty();
  }

  /// Forgets it, if it is still what is known: the next one looks anew.
  void forget(T gone) {
    FutureTask<T> task = found.get();
    if (task != null && task.state() == Future.State.SUCCESS && task.resultNow().equals(gone)) {
      found.compareAndSet(task, null);
    }
  }

  T get(Patience patience) {
    while (true) {
      FutureTask<T> task = found.get();
      boolean mine = task == null;
      if (task == null) {
        task = new FutureTask<>(() -> look(patience));
        if (!found.compareAndSet(null, task)) {
          continue;
        }
        task.run();
      }
      try {
        return task.get();
      } catch (ExecutionException failed) {
        found.compareAndSet(task, null);
        if (failed.getCause() instanceof EngineUnavailableException unavailable) {
          throw unavailable;
        }
        if (mine) {
          throw new EngineUnavailableException(
              "queue '" + queue + "' on SQS: cannot be found: " + failed.getCause(), failed);
        }
      } catch (InterruptedException interrupted) {
        throw new EngineUnavailableException(
            "SQS: the search for a queue was cut off", interrupted);
      }
    }
  }

  private T look(Patience patience) {
    for (int tries = 1; ; tries++) {
      try {
        return look.apply(patience);
      } catch (Service.QueueGoneException _) {
        // Deleted between two of the calls.
        if (!patience.pause(tries)) {
          throw new EngineUnavailableException(
              "queue '" + queue + "' on SQS: is deleted while it is being made");
        }
      }
    }
  }
}
