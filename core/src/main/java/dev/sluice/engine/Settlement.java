package dev.sluice.engine;

import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.Lifecycle;
import dev.sluice.job.Lifecycle.Actor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What is recorded for a claim.
public sealed interface Settlement {

  /// The step of a job's life that this settlement is.
  Lifecycle step();

  /// Whether this is what ended a job that is in `state`, dead for `reason`, under the same lease:
  /// a holder that was not answered asks again, and is told once more that it ended the job. A
  /// reaper never repeats itself. It first asks what has expired, so of two that found the same
  /// claim the second must be told that it came too late.
  default boolean isRepeated(JobState state, @Nullable DeathReason reason) {
    return state.isTerminal()
        && state == step().to()
        && step().actor() == Actor.HOLDER
        && (!(this instanceof Bury bury) || bury.reason() == reason);
  }

  /// Ended well.
  record Complete() implements Settlement {
    public static final Complete INSTANCE = new Complete();

    @Override
    public Lifecycle step() {
      return Lifecycle.COMPLETE;
    }
  }

  /// Runs again, not before `atMillis` (Unix milliseconds).
  ///
  /// @param refund whether the attempt is given back
  record RunAgain(long atMillis, boolean refund, AttemptRecord attempt) implements Settlement {
    public RunAgain {
      Objects.requireNonNull(attempt, "attempt: must not be null");
    }

    @Override
    public Lifecycle step() {
      return Lifecycle.RUN_AGAIN;
    }

    /// Whether the job was not started, because nobody here knows its type. Counted by the engine,
    /// so that a job that was only ever parked still has to start in time.
    public boolean parks() {
      return attempt.outcome() == AttemptOutcome.PARKED;
    }
  }

  /// Dead.
  record Bury(DeathReason reason, AttemptRecord attempt) implements Settlement {
    public Bury {
      Objects.requireNonNull(reason, "reason: must not be null");
      Objects.requireNonNull(attempt, "attempt: must not be null");
    }

    /// Whether the claim was buried before anything was attempted: it came too late to start, or
    /// its workers had died too often before.
    public boolean isUnstarted() {
      return reason == DeathReason.EXPIRED || reason == DeathReason.POISON;
    }

    @Override
    public Lifecycle step() {
      return Lifecycle.BURY;
    }
  }

  /// Back to its old place in line, with the attempt given back.
  record Release() implements Settlement {
    public static final Release INSTANCE = new Release();

    @Override
    public Lifecycle step() {
      return Lifecycle.RELEASE;
    }
  }

  /// Cancelled while it ran.
  record Stop(AttemptRecord attempt) implements Settlement {
    public Stop {
      Objects.requireNonNull(attempt, "attempt: must not be null");
    }

    @Override
    public Lifecycle step() {
      return Lifecycle.STOP;
    }
  }

  /// The lease ended without a word: back to its old place in line, one crash more. Refused with
  /// [Settled#LEASE_LOST] while the deadline has not passed.
  record Crash(AttemptRecord attempt) implements Settlement {
    public Crash {
      Objects.requireNonNull(attempt, "attempt: must not be null");
    }

    @Override
    public Lifecycle step() {
      return Lifecycle.CRASH;
    }
  }

  /// As [Crash], once too often: dead as [DeathReason#POISON].
  record Poison(AttemptRecord attempt) implements Settlement {
    public Poison {
      Objects.requireNonNull(attempt, "attempt: must not be null");
    }

    @Override
    public Lifecycle step() {
      return Lifecycle.POISON;
    }
  }
}
