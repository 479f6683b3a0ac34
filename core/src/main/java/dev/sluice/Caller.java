package dev.sluice;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Asks the engine for one queue of a broker, one question at a time, on a thread of its own: a
/// queue without an answer holds up nobody but itself. Answers go to the step machine that asked,
/// which owns everything else and so needs no lock.
///
/// A platform thread, not a virtual one, so that handlers that compute cannot starve what records
/// their ends and extends their leases.
///
/// Threading: [#step] is confined to its own thread, the other methods to the loop that asks, but
/// for [#hasAnswer], which any thread may call. One question and one answer are between the two.
///
/// @param <A> what is answered
final class Caller<A> implements Environment.Step {
  private final Runnable told;
  private final AtomicReference<@Nullable Supplier<A>> question = new AtomicReference<>();

  // Two fields, not one record: an answer must not be lost because there is no memory for it.
  private @Nullable A answer;
  private @Nullable Throwable failure;

  /// Whether there is an answer; it publishes the two above.
  private volatile boolean answered;

  private volatile @Nullable Loop loop;
  private volatile boolean ended;

  /// Whether a question was asked whose answer was not taken; the asking loop's.
  private boolean asking;

  private Caller(Runnable told) {
    this.told = told;
  }

  /// @param told called on the thread of the question as soon as there is an answer
  static <A> Caller<A> start(Environment.Threads threads, String name, Runnable told) {
    Caller<A> caller = new Caller<>(told);
    caller.loop = threads.loop(name, caller);
    return caller;
  }

  /// Asks; what was asked before must have been taken.
  void ask(Supplier<A> wanted) {
    Loop thread = loop;
    if (asking || thread == null) {
      throw new IllegalStateException("one question at a time");
    }
    asking = true;
    question.set(wanted);
    thread.wake();
  }

  /// Whether a question was asked whose answer was not taken.
  boolean isAsking() {
    return asking;
  }

  /// Whether there is an answer to take.
  boolean hasAnswer() {
    return answered;
  }

  /// Takes the answer, which must be there.
  ///
  /// @throws RuntimeException what the question threw
  /// @throws Error what the question threw
  A take() {
    if (!answered) {
      throw new IllegalStateException("no answer yet");
    }
    A given = answer;
    Throwable thrown = failure;
    answer = null;
    failure = null;
    answered = false;
    asking = false;
    switch (thrown) {
      case RuntimeException exception -> throw exception;
      case Error error -> throw error;
      case null, default -> {}
    }
    if (given == null) {
      throw new IllegalStateException("the engine answered null");
    }
    return given;
  }

  /// Lets the thread end, at once or after the question that it is busy with. Waits for nothing.
  void end() {
    ended = true;
    Loop thread = loop;
    if (thread != null) {
      thread.wake();
    }
  }

  @Override
  public long step() {
    Supplier<A> wanted = question.getAndSet(null);
    if (wanted != null) {
      try {
        answer = wanted.get();
      } catch (Throwable thrown) {
        failure = thrown;
      }
      answered = true;
      told.run();
    }
    Loop thread = loop;
    if (ended && thread != null) {
      thread.stop();
    }
    return WHEN_WOKEN;
  }
}
