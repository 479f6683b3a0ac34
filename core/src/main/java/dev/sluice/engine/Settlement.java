package dev.sluice.engine;

import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Lifecycle;
import java.util.Objects;

/// What is recorded for a claim.
public sealed interface Settlement {

  /// The step of a job's life that this settlement is.
  Lifecycle step();

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
  }

  /// Dead.
  record Bury(DeathReason reason, AttemptRecord attempt) implements Settlement {
    public Bury {
      Objects.requireNonNull(reason, "reason: must not be null");
      Objects.requireNonNull(attempt, "attempt: must not be null");
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
