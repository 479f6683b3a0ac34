package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One job with its command, from the lease to the word how it ended.
///
/// Threading: [#run] belongs to one thread; the rest is thread-safe.
final class JobRun {
  private static final int DATAERR = 65;
  private static final Duration LOOK = Duration.ofMillis(200);

  /// Why a command must end before its time.
  private enum Why {
    LEASE_LOST,
    CANCELLED,
    STOPPING,
    /// This process ends at once: nobody waits for what is told, so nothing is. The job is held
    /// until its lease is over, whichever of its last moments it is in.
    ABANDONED
  }

  private final Remote remote;
  private final WorkPlan plan;
  private final Output output;
  private final LeasedJob job;
  private final Runnable hush;
  private final AtomicReference<@Nullable Why> why = new AtomicReference<>();
  private final AtomicReference<@Nullable CommandRun> command = new AtomicReference<>();
  private final long began = System.nanoTime();
  private long deadlineNanos;

  /// @param hush runs when the server asks to take no more jobs
  JobRun(Remote remote, WorkPlan plan, Output output, LeasedJob job, Runnable hush) {
    this.remote = remote;
    this.plan = plan;
    this.output = output;
    this.job = job;
    this.hush = hush;
    this.deadlineNanos = job.deadlineNanos();
  }

  /// Runs the command and tells how it ended.
  void run() throws InterruptedException {
    CommandRun run;
    try {
      run =
          CommandRun.start(
              plan.command(), job, plan.setsid(), this::out, line -> output.pass(line, true));
    } catch (IOException failure) {
      tell("fail", failed("the command cannot start: " + failure.getMessage()), "failed", -1);
      return;
    }
    command.set(run);
    if (why.get() == Why.ABANDONED) {
      run.killNow();
    }
    watch(run);
    Why ended = why.get();
    if (ended == null) {
      ended(run);
    } else {
      run.kill(plan.killAfter());
      switch (ended) {
        case LEASE_LOST -> log(Tone.BAD, "lease lost, command killed", -1);
        case CANCELLED -> tell("fail", failed("cancelled"), "cancelled, command killed", -1);
        case STOPPING -> {
          if (why.get() != Why.ABANDONED) {
            release("command killed, the worker stops");
          }
        }
        case ABANDONED -> {}
      }
    }
  }

  /// Kills the command and gives the job back.
  void giveBack() {
    why.compareAndSet(null, Why.STOPPING);
  }

  /// Kills the command at once, where nobody can wait. Its death is no answer of its own.
  void killNow() {
    why.set(Why.ABANDONED);
    CommandRun run = command.get();
    if (run != null) {
      run.killNow();
    }
  }

  /// Gives the job back, with its attempt.
  void release(String words) throws InterruptedException {
    tell("release", Json.object(), "released: " + words, -1);
  }

  /// In scripts' mode, output is for JSON.
  private void out(String line) {
    output.pass(line, output.json());
  }

  /// Keeps the lease until the command ended, or must end.
  private void watch(CommandRun run) throws InterruptedException {
    long step = plan.lease().toNanos() / 3;
    long next = System.nanoTime() + step;
    int failures = 0;
    while (!run.await(LOOK) && why.get() == null) {
      long now = System.nanoTime();
      if (now - deadlineNanos >= 0) {
        why.compareAndSet(null, Why.LEASE_LOST);
      } else if (now - next >= 0) {
        failures = extend() ? 0 : failures + 1;
        next = System.nanoTime() + (failures == 0 ? step : Pause.backoff(failures).toNanos());
      }
    }
  }

  /// @return whether the server answered
  private boolean extend() throws InterruptedException {
    long asked = System.nanoTime();
    Duration left = Duration.ofNanos(Math.max(1, deadlineNanos - asked));
    try {
      JsonNode answer =
          remote.post(
              job.leasePath() + ":extend",
              Json.object().put("lease", Times.exact(plan.lease())),
              left);
      deadlineNanos = asked + plan.lease().toNanos();
      if (Json.flag(answer, "cancelRequested")) {
        why.compareAndSet(null, Why.CANCELLED);
      }
      if (Json.flag(answer, "quiet")) {
        hush.run();
      }
      return true;
    } catch (RemoteFailure failure) {
      if (failure.isLeaseLost()) {
        why.compareAndSet(null, Why.LEASE_LOST);
      }
      return false;
    }
  }

  private void ended(CommandRun run) throws InterruptedException {
    int code = run.exitCode();
    String error = run.lastErrorLine().orElse("the command ended with exit code " + code);
    switch (code) {
      case 0 -> tell("complete", Json.object(), "done", code);
      case DATAERR -> tell("fail", failed(error).put("bury", true), "buried: " + error, code);
      default -> tell("fail", failed(error), "failed: " + error, code);
    }
  }

  private static ObjectNode failed(String error) {
    return Json.object().put("error", error);
  }

  /// Tells the server, as long as it is worth it.
  private void tell(String verb, ObjectNode body, String words, int code)
      throws InterruptedException {
    int failures = 0;
    Pause pause = new Pause();
    while (true) {
      try {
        remote.post(job.leasePath() + ":" + verb, body);
        log(verb.equals("complete") ? Tone.GOOD : Tone.LATER, words, code);
        return;
      } catch (RemoteFailure failure) {
        if (failure.isLeaseLost()) {
          log(Tone.BAD, words + "; too late, the lease was lost", code);
          return;
        }
        boolean over = System.nanoTime() - deadlineNanos >= 0;
        if (!failure.mayPass() || over) {
          log(Tone.BAD, words + "; could not be told: " + failure.getMessage(), code);
          return;
        }
        boolean _ = pause.await(Pause.backoff(++failures));
      }
    }
  }

  private void log(Tone tone, String words, int code) {
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    if (output.json()) {
      ObjectNode line =
          Json.object().put("job", job.id()).put("attempt", job.attempt()).put("outcome", words);
      Optional.of(code).filter(it -> it >= 0).ifPresent(it -> line.put("exitCode", it));
      output.json(line.put("runMillis", took.toMillis()));
    } else {
      output.print(
          Times.here().clock()
              + " "
              + job.id()
              + " attempt "
              + job.attempt()
              + " "
              + output.ink().paint(tone, Harmless.line(words))
              + " in "
              + Times.rough(took));
    }
  }
}
