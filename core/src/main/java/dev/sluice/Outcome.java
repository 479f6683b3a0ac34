package dev.sluice;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/// What a handler says of the attempt that it just made. Throwing is the other way to answer: the
/// attempt failed.
public sealed interface Outcome {

  /// The work is done.
  record Done() implements Outcome {
    static final Done INSTANCE = new Done();
  }

  /// The attempt failed and counts.
  ///
  /// @param after the pause before the next attempt; empty for what the retry policy says
  /// @param note why, for people
  record Retry(Optional<Duration> after, String note) implements Outcome {
    public Retry {
      Objects.requireNonNull(after, "retry.after: must not be null");
      Objects.requireNonNull(note, "retry.note: must not be null");
      after.ifPresent(pause -> requireNotNegative("retry.after", pause));
    }
  }

  /// Not now: again after a pause; the attempt does not count.
  record Snooze(Duration pause) implements Outcome {
    public Snooze {
      requireNotNegative("snooze.pause", pause);
    }
  }

  /// Trying again is useless: the job is dead.
  ///
  /// @param note why, for people
  record Bury(String note) implements Outcome {
    public Bury {
      Objects.requireNonNull(note, "bury.note: must not be null");
    }
  }

  static Outcome done() {
    return Done.INSTANCE;
  }

  static Outcome retry(String note) {
    return new Retry(Optional.empty(), note);
  }

  static Outcome retry(Duration after, String note) {
    Objects.requireNonNull(after, "retry.after: must not be null");
    return new Retry(Optional.of(after), note);
  }

  static Outcome snooze(Duration pause) {
    return new Snooze(pause);
  }

  static Outcome bury(String note) {
    return new Bury(note);
  }

  private static void requireNotNegative(String field, Duration value) {
    Objects.requireNonNull(value, () -> field + ": must not be null");
    if (value.isNegative() || value.toDays() > 3650) {
      throw new IllegalArgumentException(field + ": " + value + " must be between 0 and 3650 days");
    }
  }
}
