package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.Admission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Many callers, one batch, each told its own answer. The caller that finds nobody at work leads:
/// it offers what has gathered to the engine, for itself and for all the others, while the next
/// ones gather. So a lone caller pays no hand-over, and a crowd shares one commit (flat combining:
/// Hendler, Incze, Shavit, Tzafrir, SPAA 2010).
///
/// Threading: thread-safe. `leading` is the right to run [#step]; `gathered` holds at most one call
/// of each waiting thread, so its bound is the number of callers.
final class GroupCommitter {
  private final Engine engine;
  private final Environment.Clock clock;
  private final CommitListener listener;
  private final int batch;
  private final AtomicBoolean leading = new AtomicBoolean();
  private final ConcurrentLinkedQueue<Call> gathered = new ConcurrentLinkedQueue<>();

  GroupCommitter(Engine engine, Environment.Clock clock, CommitListener listener) {
    this.engine = engine;
    this.clock = clock;
    this.listener = listener;
    this.batch = engine.limits().batch();
  }

  /// Offers to the engine and returns its answers, in order.
  ///
  /// Waits for the commit whatever happens to the thread: an enqueue that is under way cannot be
  /// called back, so an interrupt stays set and is left to the caller.
  ///
  /// @param offers at most one batch
  /// @throws EngineUnavailableException when nothing can be said of these offers
  List<Admission> commit(List<Offer> offers) {
    Call call = new Call(offers, Thread.currentThread());
    gathered.add(call);
    boolean interrupted = false;
    while (!call.isAnswered()) {
      if (leading.compareAndSet(false, true)) {
        try {
          step();
        } finally {
          leading.set(false);
          // Whoever gathered while this thread led saw `leading` set and parked.
          Call next = gathered.peek();
          if (next != null) {
            LockSupport.unpark(next.caller);
          }
        }
      } else {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return call.answer();
  }

  /// Commits one batch of what has gathered.
  private void step() {
    List<Call> calls = new ArrayList<>();
    try {
      List<Offer> offers = new ArrayList<>();
      Call call = gathered.peek();
      while (call != null && (calls.isEmpty() || offers.size() + call.offers.size() <= batch)) {
        calls.add(call);
        gathered.poll();
        offers.addAll(call.offers);
        call = gathered.peek();
      }
      if (calls.isEmpty()) {
        return;
      }
      long begun = clock.monotonicNanos();
      List<Admission> answers = engine.offer(offers);
      long nanos = clock.monotonicNanos() - begun;
      int from = 0;
      for (Call answered : calls) {
        int to = from + answered.offers.size();
        answered.answer(answers.subList(from, to));
        from = to;
      }
      // After the answers: whatever it throws changes nothing about them.
      listener.committed(offers.size(), nanos);
    } catch (PartlyTakenException partly) {
      answer(calls, partly);
    } catch (Throwable failure) {
      // Nobody may wait for ever, whatever went wrong while this thread led for them.
      for (Call failed : calls) {
        failed.fail(failure);
      }
    }
  }

  /// Answers those whose jobs were all answered.
  private static void answer(List<Call> calls, PartlyTakenException partly) {
    int from = 0;
    for (Call call : calls) {
      int to = from + call.offers.size();
      List<Optional<Admission>> mine = partly.answers().subList(from, to);
      if (mine.stream().allMatch(Optional::isPresent)) {
        call.answer(mine.stream().map(Optional::orElseThrow).toList());
      } else if (mine.stream().allMatch(Optional::isEmpty)) {
        call.fail(partly);
      } else {
        // Some of them are there, whatever became of the others.
        call.fail(
            new EngineUnavailableException(
                Kind.UNSURE, String.valueOf(partly.getMessage()), partly));
      }
      from = to;
    }
  }

  /// One caller's offers and, later, its answers.
  private static final class Call {
    private final List<Offer> offers;
    private final Thread caller;
    private volatile @Nullable List<Admission> answers;
    private volatile @Nullable Throwable failure;

    Call(List<Offer> offers, Thread caller) {
      this.offers = offers;
      this.caller = caller;
    }

    boolean isAnswered() {
      return answers != null || failure != null;
    }

    void answer(List<Admission> mine) {
      answers = mine;
      wake();
    }

    void fail(Throwable cause) {
      if (!isAnswered()) {
        failure = cause;
        wake();
      }
    }

    private void wake() {
      if (caller != Thread.currentThread()) {
        LockSupport.unpark(caller);
      }
    }

    List<Admission> answer() {
      List<Admission> mine = answers;
      if (mine != null) {
        return mine;
      }
      Throwable cause = failure;
      // A fresh exception, so that the trace shows this caller and the cause shows the leader.
      throw new EngineUnavailableException(
          cause == null || cause.getMessage() == null
              ? "the engine failed: " + cause
              : cause.getMessage(),
          cause == null ? new IllegalStateException("no answer") : cause);
    }
  }
}
