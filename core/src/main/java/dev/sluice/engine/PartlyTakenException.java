package dev.sluice.engine;

import dev.sluice.job.Admission;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Some jobs of an offer, or of jobs to take over, were answered, and of the others nobody knows.
/// Each producer whose jobs were all answered need not hear of the rest.
///
/// Threading: immutable.
public final class PartlyTakenException extends EngineUnavailableException {
  private static final long serialVersionUID = 1L;

  // Never written: nothing here is serialized.
  private final transient List<Optional<Admission>> answers;

  /// @param answers in the order of the call; empty where nobody knows
  public PartlyTakenException(String message, Throwable cause, List<Optional<Admission>> answers) {
    super(message, cause);
    Objects.requireNonNull(answers, "answers: must not be null");
    this.answers = List.copyOf(answers);
  }

  /// The answers in the order of the call; empty where nobody knows.
  public List<Optional<Admission>> answers() {
    return answers;
  }
}
