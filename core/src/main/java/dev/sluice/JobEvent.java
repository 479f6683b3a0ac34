package dev.sluice;

import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import java.time.Instant;
import java.util.Objects;

/// Something that happened to a job, after it was recorded.
///
/// Threading: immutable.
public sealed interface JobEvent {
  Job job();

  /// Which attempt it is about, from 1.
  int attempt();

  /// An attempt is over.
  sealed interface Ended extends JobEvent {
    /// How long the handler ran, in nanoseconds; 0 when none was started, or nobody knows.
    long runNanos();
  }

  /// A handler was started.
  record Started(Job job, int attempt) implements JobEvent {
    public Started {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// The job ended well.
  record Succeeded(Job job, int attempt, long runNanos) implements Ended {
    public Succeeded {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// An attempt failed, and there will be another one.
  record Retrying(Job job, int attempt, String error, Instant at, long runNanos) implements Ended {
    public Retrying {
      Objects.requireNonNull(job, "job: must not be null");
      Objects.requireNonNull(error, "error: must not be null");
      Objects.requireNonNull(at, "at: must not be null");
    }
  }

  /// The handler asked to run again later.
  record Snoozed(Job job, int attempt, Instant at, long runNanos) implements Ended {
    public Snoozed {
      Objects.requireNonNull(job, "job: must not be null");
      Objects.requireNonNull(at, "at: must not be null");
    }
  }

  /// No handler is registered for its type; it is offered again later.
  record Parked(Job job, int attempt, Instant at) implements JobEvent {
    public Parked {
      Objects.requireNonNull(job, "job: must not be null");
      Objects.requireNonNull(at, "at: must not be null");
    }
  }

  /// The job was given up.
  record Died(Job job, int attempt, DeathReason reason, String error, long runNanos)
      implements Ended {
    public Died {
      Objects.requireNonNull(job, "job: must not be null");
      Objects.requireNonNull(reason, "reason: must not be null");
      Objects.requireNonNull(error, "error: must not be null");
    }
  }

  /// The job was cancelled, while it waited or while it ran.
  record Cancelled(Job job, int attempt, long runNanos) implements Ended {
    public Cancelled {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// The job was given back by a worker that stops; the attempt does not count.
  record Released(Job job, int attempt, long runNanos) implements Ended {
    public Released {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// The worker of the job died; it waits again.
  record Crashed(Job job, int attempt, int crashes) implements JobEvent {
    public Crashed {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// The lease was not valid any more when the attempt ended; what it did was not recorded.
  record LeaseLost(Job job, int attempt) implements JobEvent {
    public LeaseLost {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// The handler heeds no interrupt; it was given up but still runs.
  record BecameZombie(Job job, int attempt) implements JobEvent {
    public BecameZombie {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }

  /// A zombie ended at last; what it said was discarded.
  record LateResult(Job job, int attempt) implements JobEvent {
    public LateResult {
      Objects.requireNonNull(job, "job: must not be null");
    }
  }
}
