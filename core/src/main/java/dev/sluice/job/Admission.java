package dev.sluice.job;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/// The answer to an enqueue.
public sealed interface Admission {

  /// The job is held as safely as the engine promises, and will run.
  record Accepted(JobId id) implements Admission {
    public Accepted {
      Objects.requireNonNull(id, "id: must not be null");
    }
  }

  /// A job with the same key (or id) is kept already; nothing was stored.
  ///
  /// @param id the first job's id
  record Duplicate(JobId id) implements Admission {
    public Duplicate {
      Objects.requireNonNull(id, "id: must not be null");
    }
  }

  /// The job was not taken and left no trace.
  ///
  /// @param reason why
  /// @param retryAfter when to try again, from the measured drain rate, whole seconds; empty when
  ///   nothing drains, so that no time would be honest
  record Refused(Reason reason, Optional<Duration> retryAfter) implements Admission {
    public Refused {
      Objects.requireNonNull(reason, "reason: must not be null");
      Objects.requireNonNull(retryAfter, "retry-after: must not be null");
    }
  }

  /// Why an enqueue was refused.
  enum Reason {
    /// The queue holds as many jobs as it may.
    CAPACITY_JOBS("the queue is full"),
    /// The queue holds as many bytes of jobs as it may.
    CAPACITY_BYTES("the queue holds as many bytes as it may"),
    /// The queue is full and paused: nothing drains until it is resumed.
    PAUSED("the queue is full and paused"),
    /// The queue is full and nobody works on it here.
    NO_WORKER("the queue is full and no worker runs its jobs"),
    /// This instance is closing.
    STOPPING("shutting down");

    private final String sentence;

    Reason(String sentence) {
      this.sentence = sentence;
    }

    /// The reason in words, for people.
    public String sentence() {
      return sentence;
    }
  }
}
